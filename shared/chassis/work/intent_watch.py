"""Finds intents whose sender died while it sent them, and ends them with the state `unknown`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from shared.chassis.base import metrics
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Connection, Pool
from shared.chassis.work.intent_outcomes import Ended, record_facts
from shared.chassis.work.intent_queue import INTENT, intent_of
from shared.chassis.work.intents import IntentKind, IntentState
from shared.chassis.work.periodic import every

DIED: Final = "unknown: the process ended after sending and before storing the result"
GIVEN_UP_AFTER: Final = 60.0
"""Seconds that the sending of an intent may take; after that its sender counts as dead."""
EVERY: Final = GIVEN_UP_AFTER / 4
AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class IntentWatch:
    """Watches the intents of one kind."""

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
        """End some intents whose sender died, and record facts about them; returns how many."""
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            abandoned = await _abandon(db, self.kind.name)
            # A sender that was only slow will still record its outcome: those facts have other ids.
            await record_facts(db, self.kind, abandoned, self.clock())
        metrics.MESSAGES.labels(IntentState.UNKNOWN).inc(len(abandoned))
        return len(abandoned)


async def _abandon(db: Connection, kind: str) -> list[Ended]:
    """End intents whose sender died before it recorded the outcome. They may have been sent: no retry."""
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
    return [Ended(intent_of(row), row["attempts"], IntentState.UNKNOWN, DIED, row["via"] or "") for row in rows]
