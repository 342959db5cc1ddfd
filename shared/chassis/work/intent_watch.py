"""Watches a queue of intents: gives up those whose sender died in the middle."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from shared.chassis.base import metrics
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Connection, Pool
from shared.chassis.work.intent_outcomes import Ended, tell
from shared.chassis.work.intent_queue import INTENT, intent_of
from shared.chassis.work.intents import IntentKind, State
from shared.chassis.work.periodic import every

DIED: Final = "unknown: the sender ended between sending and record"
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

    async def run(self) -> None:
        """Watch until cancelled."""
        await every(EVERY, self._look, f"watching {self.kind.name}")

    async def _look(self) -> None:
        while await self.give_up_some():
            pass

    async def give_up_some(self) -> int:
        """Give up on intents whose sender died in the middle, and tell it, for somebody to see; returns how many."""
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            lost = await _abandon(db, self.kind.name)
            # A sender that was only slow will still tell what it did: those facts have ids of their own.
            await tell(db, self.kind, lost, self.clock())
        metrics.MESSAGES.labels(State.UNKNOWN).inc(len(lost))
        return len(lost)


async def _abandon(db: Connection, kind: str) -> list[Ended]:
    """Intents whose sender died between sending and record: nobody can know, so they are never sent blindly again."""
    rows = await db.fetch(
        f"""
        UPDATE intent SET state = 'unknown', cause = $4, finished_at = now(), recipient = NULL
        WHERE id IN (
            SELECT id FROM intent
            WHERE kind = $1 AND state = 'sending' AND claimed_at < now() - make_interval(secs => $2)
            ORDER BY claimed_at LIMIT $3 FOR UPDATE SKIP LOCKED
        )
        RETURNING {INTENT}, attempts, via
        """,  # noqa: S608 (a constant)
        kind,
        GIVEN_UP_AFTER,
        AT_ONCE,
        DIED,
    )
    return [Ended(intent_of(row), row["attempts"], State.UNKNOWN, DIED, row["via"] or "") for row in rows]
