"""Learns whom the next intents are for while the ones before them are being sent.

Asking for addresses takes as long as a gateway's answer. What is known ahead is kept in memory, at most as many intents
as each gateway takes at once, and only for a gateway that works; none of them is begun before there is room for it.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic
from uuid import UUID

from shared.chassis.base import metrics
from shared.chassis.database.pool import Connection, Pool
from shared.chassis.work import intent_queue as queue
from shared.chassis.work.circuits import Circuit
from shared.chassis.work.intent_queue import Queued
from shared.chassis.work.intent_waves import Known, Wave, share, sort_found, sort_known
from shared.chassis.work.intents import Found, IntentKind, R, State

AT_ONCE: Final = 200
"""How many are asked for together."""
FRESH: Final = 60.0
"""Seconds after which an address is asked for again: it may have been erased meanwhile."""


@dataclass(slots=True)
class Looked(Generic[R]):
    """What one look at the queue found: what is decided of some already, and those that have a recipient."""

    wave: Wave[R] = field(default_factory=Wave)
    known: list[Known[R]] = field(default_factory=list)
    merged: int = 0


class Lookahead(Generic[R]):
    """The intents that are next, with their recipients. Every one of them still stands in the queue as pending: what
    is forgotten here is found there again."""

    def __init__(
        self,
        pool: Pool,
        kind: IntentKind[R],
        circuits: Mapping[str, Circuit],
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool, self._kind, self._circuits, self._ticks = pool, kind, circuits, ticks
        self._ready: list[Known[R]] = []
        self._looking: asyncio.Task[Looked[R]] | None = None

    async def next_wave(self) -> tuple[Looked[R], list[Known[R]]]:
        """What is decided of some, and whose turn it is now; looks further meanwhile.

        Raises what `recipients` of the kind and the database raise, once nothing is ready any more.
        """
        looked = Looked[R]()
        self._ready = [one for one in self._ready if self._ticks() - one.at < FRESH]
        if not self._ready:
            self._look(())
        if self._looking and (self._looking.done() or not self._ready):
            looking, self._looking = self._looking, None
            looked = await looking
            self._ready += looked.known
        room = {name: circuit.room() for name, circuit in self._circuits.items()}
        busy = {name for name, circuit in self._circuits.items() if circuit.takes_many()}
        due, self._ready = share(self._ready, room, busy)
        if due or self._ready:
            self._look(due)
        return looked, due

    async def close(self) -> None:
        """Look no further."""
        self._ready.clear()
        if looking := self._looking:
            self._looking = None
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

    def _look(self, due: Sequence[Known[R]]) -> None:
        """Begin a look at what comes after those that are ready and those that are due, where it is worth while."""
        if self._looking:
            return
        room, worth = dict[str, int](), False
        for name, circuit in self._circuits.items():
            ready, begin = (sum(one.recipient.gateway == name for one in some) for some in (self._ready, due))
            # None of those that are due is in the gateway's hands yet.
            most, known = (circuit.at_once, ready) if circuit.takes_many() else (circuit.room(), ready + begin)
            room[name] = max(0, most - known)
            worth = worth or room[name] > most / 2
        if worth:
            passed = [one.queued.intent.id for one in (*self._ready, *due)]
            self._looking = asyncio.create_task(self._found(room, passed))

    async def _found(self, room: Mapping[str, int], passed: Sequence[UUID]) -> Looked[R]:
        looked = Looked[R]()
        shut = [name for name, free in room.items() if not free]
        limit = min(sum(room.values()), AT_ONCE)
        async with self._pool.acquire(timeout=5) as db:
            heads = await queue.next_intents(db, self._kind.name, limit, shut, passed)
            overtaken = {queued.intent.line for queued in heads if queued.may_be_overtaken}
            if overtaken:
                looked.merged = await queue.merge_overtaken(db, self._kind.name, overtaken)
            metrics.MESSAGES.labels(State.MERGED).inc(looked.merged)
            rest = await self._known(db, looked.wave, [q for q in heads if q.intent.line not in overtaken])
        recipients: Found[R] = await self._kind.recipients([queued.intent for queued in rest]) if rest else {}
        looked.known = sort_found(looked.wave, rest, recipients, room, self._ticks())
        return looked

    async def _known(self, db: Connection, wave: Wave[R], heads: Sequence[Queued]) -> list[Queued]:
        marked = [(queued, queued.mark) for queued in heads if queued.mark]
        if not marked:
            return list(heads)
        per_hour = [self._kind.per_hour(queued.intent) for queued, _ in marked]
        standings = await queue.standings(db, marked, per_hour)
        rest = sort_known(wave, [queued for queued, _ in marked], standings)
        unmarked = [queued for queued in heads if not queued.mark]
        return sorted([*rest, *unmarked], key=lambda queued: queued.position)
