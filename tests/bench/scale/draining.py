"""Thousands of facts for one, two, four workers of a consumer: throughput, distribution and cost.

Three measurements. *Joined*: every worker has its partitions, then the relays send everything as fast as they can; what
a fact costs is the time of the processor from then on. *Apart*: the same, of as many workers that share no partitions.
*Waiting*: everything is there, then the workers start; what counts is the time until all is handled, as one sees it who
starts more workers because of a backlog.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

from tests.bench.rig import Rig
from tests.bench.scale.ground import Ground
from tests.bench.scale.group import Group, group_of
from tests.bench.scale.worker import Consumer, Crew, Reading, crew
from tests.eventually import eventually


class Drained(NamedTuple):
    """The result with this many workers: `facts` handled by each, seconds, processor microseconds for a fact in the
    workers and in PostgreSQL, and facts for each transaction."""

    workers: int
    facts: Sequence[int]
    seconds: float
    cpu: float = 0.0
    postgres: float = 0.0
    batch: float = 0.0


async def joined(ground: Ground, consumer: Consumer, workers: int) -> Drained:
    """Workers that wait for facts, which come as fast as relays send."""
    async with ground.cell(consumer) as cell, _settled(ground, cell, consumer, workers) as (crew_started, group):
        return await _measured(ground, cell, ground.heard(consumer), [crew_started], [group])


async def apart(ground: Ground, consumer: Consumer, workers: int) -> Drained:
    """The same, of workers that share no more than the machine: each is alone in its group, has a database of its own,
    and handles everything. What a fact costs beside these is what sharing the partitions costs."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(ground.cell(consumer))
        cells = [first, *[await stack.enter_async_context(ground.copied(consumer)) for _ in range(workers - 1)]]
        settled = [await stack.enter_async_context(_settled(ground, cell, consumer, 1)) for cell in cells]
        return await _measured(
            ground, first, ground.heard(consumer), [one for one, _ in settled], [group for _, group in settled]
        )


async def _measured(ground: Ground, cell: Rig, heard: int, crews: Sequence[Crew], groups: Sequence[Group]) -> Drained:
    before = [await one.read() for one in crews]
    server = [await group.processor() for group in groups]
    first, _ = await asyncio.gather(groups[0].has_begun(), ground.fill(cell))
    seconds = max([(await group.has_handled(ground.records)).at for group in groups]) - first.at
    worked = sum([await _worked(group, then) for group, then in zip(groups, server, strict=True)])
    done = [
        now.since(then)
        for one, earlier in zip(crews, before, strict=True)
        for now, then in zip(await _counted(one, heard), earlier, strict=True)
    ]
    return _drained(done, seconds, worked)


async def waiting(ground: Ground, consumer: Consumer, workers: int) -> Drained:
    """Measure workers that are started because of a backlog; the time begins with the first handled fact."""
    async with ground.cell(consumer) as cell, crew(cell) as crew_started:
        await ground.fill(cell)
        async with group_of(cell, ground.group(cell, consumer), consumer.service) as group:
            for _ in range(workers):
                await crew_started.begin(consumer.process)
            first = await group.has_begun()
            last = await group.has_handled(ground.records)
            return _drained(await _counted(crew_started, ground.heard(consumer)), last.at - first.at, 0.0)


@asynccontextmanager
async def _settled(ground: Ground, cell: Rig, consumer: Consumer, workers: int) -> AsyncIterator[tuple[Crew, Group]]:
    """This many workers of a group, each with its partitions."""
    name = ground.group(cell, consumer)
    async with crew(cell) as crew_started, group_of(cell, name, consumer.service) as group:
        for _ in range(workers):
            await crew_started.begin(consumer.process)
        for worker in crew_started.workers:
            await worker.answers()
        await group.has_members(workers)
        yield crew_started, group


async def _counted(crew_started: Crew, facts: int) -> Sequence[Reading]:
    """The workers' counts once they are complete, since they count after writing to the database."""
    return await eventually(crew_started.read, lambda done: sum(reading.facts for reading in done) >= facts)


async def _worked(group: Group, before: dict[int, float]) -> float:
    return sum(seconds - before.get(pid, 0.0) for pid, seconds in (await group.processor()).items())


def _drained(readings: Sequence[Reading], seconds: float, postgres: float) -> Drained:
    facts = [reading.facts for reading in readings]
    total = sum(facts)
    cpu = sum(reading.cpu for reading in readings)
    transactions = sum(reading.transactions for reading in readings)
    return Drained(
        len(readings), facts, seconds, cpu / total * 1e6, postgres / total * 1e6, total / max(1, transactions)
    )
