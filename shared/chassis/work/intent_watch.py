"""Watches a queue of intents: gives up those whose sender died in the middle, and measures how much waits."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from shared.chassis.base import metrics
from shared.chassis.base.clock import now, uuid5
from shared.chassis.database.pool import Pool
from shared.chassis.work import intent_queue as queue
from shared.chassis.work.intent_queue import DIED, Waits
from shared.chassis.work.intents import IntentKind, State
from shared.chassis.work.periodic import every

GIVEN_UP_AFTER: Final = 60.0
"""Seconds that an intent may be in the gateway's hands; after that its sender counts as dead."""
EVERY: Final = GIVEN_UP_AFTER / 4
AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class IntentWatch:
    """What somebody must see of the intents of one kind."""

    pool: Pool
    kind: IntentKind[Any]
    clock: Callable[[], datetime] = now
    reasons: set[str] = field(default_factory=lambda: {"turn", *Waits})
    """Why intents have waited since this process began."""

    async def run(self) -> None:
        """Watch until cancelled."""
        await every(EVERY, self._look, f"watching {self.kind.name}")

    async def _look(self) -> None:
        while await self.give_up_some():
            pass
        await self.count_waiting()

    async def give_up_some(self) -> int:
        """Give up on intents whose sender died in the middle, and tell it, for somebody to see; returns how many."""
        at, repository = self.clock(), self.kind.repository
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            lost = await queue.abandon(db, self.kind.name, GIVEN_UP_AFTER, AT_ONCE)
            work = await repository.load(db, [intent.key for intent in lost], at)
            for intent in lost:
                # Under an id of its own: a sender that was only slow will still tell what it did.
                cause = uuid5(intent.id, State.UNKNOWN)
                work.record(intent.key, self.kind.notes(intent, State.UNKNOWN, DIED), at, cause)
            await repository.save(db, work)
        metrics.MESSAGES.labels(State.UNKNOWN).inc(len(lost))
        return len(lost)

    async def count_waiting(self) -> None:
        """Set the gauges of what waits."""
        async with self.pool.acquire(timeout=5) as db:
            waiting, oldest = await queue.backlog(db, self.kind.name)
        self.reasons.update(why for why, _ in waiting)
        for why in self.reasons:
            metrics.MESSAGES_WAITING.labels(why).set(dict(waiting).get(why, 0))
        metrics.MESSAGES_OLDEST.set(oldest)
