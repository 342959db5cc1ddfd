"""Looks up the recipients of the next intents while the intents before them are being sent.

Looking up addresses takes as long as a gateway's answer. The intents with known recipients are kept in memory: for each
gateway that works, at most as many as it takes at once. An intent is begun only when its gateway has room.
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
from shared.chassis.work.intent_waves import AddressedIntent, Wave, share, sort_by_mark, sort_by_recipient
from shared.chassis.work.intents import Found, IntentKind, IntentState, R

AT_ONCE: Final = 200
"""The most intents in one look-up of recipients."""
EACH: Final = 9
"""While both kinds wait, one mass message follows after this many single messages."""
FRESH: Final = 60.0
"""Seconds after which an address is looked up again: it may have been erased meanwhile."""


@dataclass(slots=True)
class LookaheadResult(Generic[R]):
    """The result of one look at the queue: what is decided already (`wave`), the intents with a recipient
    (`addressed`), and the number of merged intents."""

    wave: Wave[R] = field(default_factory=Wave)
    addressed: list[AddressedIntent[R]] = field(default_factory=list)
    merged: int = 0


class Lookahead(Generic[R]):
    """Holds the next intents with their recipients. All of them are still pending in the queue: if this object is lost,
    the next one finds them again."""

    def __init__(
        self,
        pool: Pool,
        kind: IntentKind[R],
        circuits: Mapping[str, Circuit],
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool, self._kind, self._circuits, self._ticks = pool, kind, circuits, ticks
        self._ready: list[AddressedIntent[R]] = []
        self._looking: asyncio.Task[LookaheadResult[R]] | None = None
        self._went_before = 0
        """How many single messages were taken since the last mass message."""

    async def next_wave(self) -> tuple[LookaheadResult[R], list[AddressedIntent[R]]]:
        """The result of the last look, and the intents whose turn it is now; starts the next look in the background.

        Raises the faults of the database and of the kind's `recipients`, but only when no intent is ready any more.
        """
        looked = LookaheadResult[R]()
        self._ready = [addressed for addressed in self._ready if self._ticks() - addressed.at < FRESH]
        if not self._ready:
            self._look(())
        if self._looking and (self._looking.done() or not self._ready):
            looking, self._looking = self._looking, None
            looked = await looking
            self._ready += looked.addressed
        room = {name: circuit.room() for name, circuit in self._circuits.items()}
        busy = {name for name, circuit in self._circuits.items() if circuit.takes_many()}
        mass_room = {name: circuit.room_for_mass() for name, circuit in self._circuits.items()}
        due, self._ready = share(self._ready, room, busy, mass_room)
        if due or self._ready:
            self._look(due)
        return looked, due

    async def close(self) -> None:
        """Stop looking."""
        self._ready.clear()
        if looking := self._looking:
            self._looking = None
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

    def _look(self, due: Sequence[AddressedIntent[R]]) -> None:
        """Start to look for the intents after the ready and the due ones, if more than half of a gateway is free."""
        if self._looking:
            return
        room, is_worth_it = dict[str, int](), False
        for name, circuit in self._circuits.items():
            ready = [addressed for addressed in self._ready if addressed.recipient.gateway == name]
            if circuit.takes_many():
                # Ready mass messages are not counted, so that they never prevent a look for single messages.
                most, in_use = circuit.at_once, sum(not addressed.queued.intent.is_mass for addressed in ready)
            else:
                # The due intents count too: the gateway does not have them yet, so `room` does not know of them.
                begin = [addressed for addressed in due if addressed.recipient.gateway == name]
                most, in_use = circuit.room(), len(ready) + len(begin)
            room[name] = max(0, most - in_use)
            is_worth_it = is_worth_it or room[name] > most / 2
        if is_worth_it:
            passed = [addressed.queued.intent.id for addressed in (*self._ready, *due)]
            self._looking = asyncio.create_task(self._find(room, passed))

    async def _find(self, room: Mapping[str, int], passed: Sequence[UUID]) -> LookaheadResult[R]:
        looked = LookaheadResult[R]()
        shut = [name for name, free in room.items() if not free]
        limit = min(sum(room.values()), AT_ONCE)
        async with self._pool.acquire(timeout=5) as db:
            heads = await next_intents(db, self._kind.name, limit, shut, passed, self._share())
            self._count(heads, limit)
            overtaken = {queued.intent.line for queued in heads if queued.may_be_overtaken}
            if overtaken:
                looked.merged = await queue.merge_overtaken(db, self._kind.name, overtaken)
            metrics.MESSAGES.labels(IntentState.MERGED).inc(looked.merged)
            sendable = await self._sort_marked(db, looked.wave, [q for q in heads if q.intent.line not in overtaken])
        recipients: Found[R] = await self._kind.recipients([queued.intent for queued in sendable]) if sendable else {}
        looked.addressed = sort_by_recipient(looked.wave, sendable, recipients, room, self._ticks())
        return looked

    async def _sort_marked(self, db: Connection, wave: Wave[R], heads: Sequence[Queued]) -> list[Queued]:
        """Sort the intents whose recipient's mark is known already; returns those whose recipient must be looked up."""
        marked = [(queued, queued.mark) for queued in heads if queued.mark]
        if not marked:
            return list(heads)
        per_hour = [self._kind.per_hour(queued.intent) for queued, _ in marked]
        obstacles_by_id = await queue.obstacles(db, marked, per_hour)
        sendable = sort_by_mark(wave, [queued for queued, _ in marked], obstacles_by_id)
        unmarked = [queued for queued in heads if not queued.mark]
        return sorted([*sendable, *unmarked], key=lambda queued: queued.turn)

    def _share(self) -> Share:
        """How many mass messages to take next: at most as many as the gateways have places for."""
        ready = sum(addressed.queued.intent.is_mass for addressed in self._ready)
        most = sum(circuit.mass_at_once() for circuit in self._circuits.values()) - ready
        return Share(max(0, most), self._went_before // EACH)

    def _count(self, heads: Sequence[Queued], limit: int) -> None:
        mass = sum(queued.intent.is_mass for queued in heads)
        self._went_before = max(0, min(self._went_before, limit + EACH) + len(heads) - mass - EACH * mass)
