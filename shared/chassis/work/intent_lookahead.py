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
from shared.chassis.work.intent_turns import Share, next_intents
from shared.chassis.work.intent_waves import Known, Wave, share, sort_found, sort_known
from shared.chassis.work.intents import Found, IntentKind, R, State

AT_ONCE: Final = 200
"""How many are asked for together."""
EACH: Final = 9
"""After so many that are told to one recipient alone comes one of those that many are told, where both wait."""
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
        self._went_before = 0
        """How many went before those that many are told, since one of those was taken."""

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
        mass_room = {name: circuit.room_for_mass() for name, circuit in self._circuits.items()}
        due, self._ready = share(self._ready, room, busy, mass_room)
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
            ready, begin = ([one for one in some if one.recipient.gateway == name] for some in (self._ready, due))
            if circuit.takes_many():
                # What many are told is ready beside the others, so that it never keeps those from being looked for.
                most, known = circuit.at_once, sum(not one.queued.intent.is_mass for one in ready)
            else:
                # None of those that are due is in the gateway's hands yet.
                most, known = circuit.room(), len(ready) + len(begin)
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
            heads = await next_intents(db, self._kind.name, limit, shut, passed, self._share())
            self._count(heads, limit)
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
        return sorted([*rest, *unmarked], key=lambda queued: queued.turn)

    def _share(self) -> Share:
        """How many of those that many are told are taken next: no more than gateways keep room for."""
        ready = sum(one.queued.intent.is_mass for one in self._ready)
        most = sum(circuit.mass_at_once() for circuit in self._circuits.values()) - ready
        return Share(max(0, most), self._went_before // EACH)

    def _count(self, heads: Sequence[Queued], limit: int) -> None:
        mass = sum(queued.intent.is_mass for queued in heads)
        self._went_before = max(0, min(self._went_before, limit + EACH) + len(heads) - mass - EACH * mass)
