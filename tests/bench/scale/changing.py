"""Workers change under load: one is added, one is killed, one is stopped like by an orchestrator.

Facts come at a steady rate meanwhile. The progress of each partition is checked every tenth of a second: a pause is
the time in which a partition with waiting records made no progress.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from shared.chassis.base.clock import now, uuid7
from shared.chassis.database.pool import open_pool
from shared.chassis.kafka.cancellation import run_until_first_ends
from tests.bench.rig import Rig, count_of
from tests.bench.scale.ground import Ground, submission
from tests.bench.scale.group import Group, Stand, group_of
from tests.bench.scale.worker import Consumer, Crew, crew
from tests.chassis.conftest import envelope
from tests.journals import append

SETTLED: Final = 12.0
"""Seconds before the first change and after each: longer than the session timeout of a group."""
EVERY: Final = 0.1
TICKS: Final = 10
"""How often in a second facts are recorded."""

COUNTED: Final = {
    "routing": (
        "SELECT count(DISTINCT aggregateid) FROM routing.journal WHERE sequence IS NOT NULL",
        "SELECT count(*) FROM routing.journal WHERE sequence IS NOT NULL",  # common demands leave notes without one
    ),
    "reporting": (
        "SELECT count(*) FROM reporting.demand_facts",
        "SELECT sum(n) FROM reporting.cohort_whole WHERE (dimension, measure) = ('all', 'submitted')",
    ),
}
"""By service that can be measured: SQL for the number of processed demands, and for how often each was counted."""


class Pause(NamedTuple):
    """After a change: the longest pause in seconds of one partition, and of all of them."""

    change: str
    one: float
    every: float


class Changed(NamedTuple):
    """All pauses; the numbers of recorded, handled, repeatedly handled, and repeatedly read and dropped facts."""

    pauses: Sequence[Pause]
    recorded: int
    handled: int
    twice: int
    again: int


async def changing(ground: Ground, consumer: Consumer, rate: int) -> Changed:
    """Measure changes of two workers with this many facts a second."""
    async with AsyncExitStack() as stack:
        cell = await stack.enter_async_context(ground.cell(consumer))
        workers = await stack.enter_async_context(crew(cell))
        relay = await stack.enter_async_context(crew(cell))
        group = await stack.enter_async_context(group_of(cell, ground.group(cell, consumer), consumer.service))
        await relay.start("intake-relay")
        for _ in range(2):
            await workers.start(consumer.process)
        await group.has_members(2)
        load, watch = Load(cell, rate), Watch(group)
        await run_until_first_ends(load.run(), watch.run(), _changes(workers, watch, consumer))
        await group.has_handled(load.recorded)
        dropped = sum(reading.dropped for reading in await workers.read())
        handled, twice = await _applied(cell, consumer)
        return Changed(watch.pauses, load.recorded, handled, twice, dropped)


async def _changes(workers: Crew, watch: "Watch", consumer: Consumer) -> None:
    first, second = workers.workers
    await watch.during("nothing", _nothing)

    async def add() -> None:
        await workers.start(consumer.process)

    await watch.during("one is added", add)
    await watch.during("one is killed (SIGKILL)", first.kill)
    await watch.during("one is stopped (SIGTERM)", second.stop)


async def _nothing() -> None:
    return


@dataclass(slots=True)
class Load:
    """Records submissions at a steady rate until it is cancelled."""

    cell: Rig
    rate: int
    recorded: int = 0

    async def run(self) -> None:
        """Record a slice every so often."""
        loop = asyncio.get_running_loop()
        async with await open_pool(self.cell.dsn, "intake", size=1) as pool, pool.acquire() as db:
            due = loop.time()
            while True:
                keys = [uuid7() for _ in range(self.rate // TICKS)]
                envelopes = [envelope(submission(n), 1, key, now()) for n, key in enumerate(keys, self.recorded)]
                await append(db, envelopes)
                self.recorded += len(envelopes)
                due += 1 / TICKS
                await asyncio.sleep(max(0.0, due - loop.time()))


@dataclass(slots=True)
class Watch:
    """Checks the progress of every partition, and records its pauses."""

    group: Group
    pauses: list[Pause] = field(default_factory=list)
    _moved: dict[int, float] = field(default_factory=dict)
    _any_moved: float = 0.0
    _longest: float = 0.0
    _longest_of_all: float = 0.0
    _before: Stand | None = None

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            self._compare(await self.group.stand())
            await asyncio.sleep(EVERY)

    def _compare(self, stand: Stand) -> None:
        before, self._before = self._before or stand, stand
        for partition, following in stand.next.items():
            idle = following == stand.end[partition]
            if idle or following != before.next[partition]:
                self._moved[partition] = stand.at
            self._longest = max(self._longest, stand.at - self._moved.setdefault(partition, stand.at))
        if not stand.waiting or stand.handled != before.handled:
            self._any_moved = stand.at
        self._longest_of_all = max(self._longest_of_all, stand.at - (self._any_moved or stand.at))

    async def during(self, change: str, make: Callable[[], Awaitable[None]]) -> None:
        """Make a change, and record the pauses until everything has settled."""
        self._longest = self._longest_of_all = 0.0
        await make()
        await asyncio.sleep(SETTLED)
        self.pauses.append(Pause(change, self._longest, self._longest_of_all))


async def _applied(cell: Rig, consumer: Consumer) -> tuple[int, int]:
    """The number of facts that the service has applied, and of those applied more than once, by its tables."""
    known, counted = COUNTED[consumer.service]
    facts = await count_of(cell.dsn, known)
    return facts, await count_of(cell.dsn, counted) - facts
