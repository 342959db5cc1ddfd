"""Numbers events: gives them places in an order that later commits do not change."""

import asyncio
from dataclasses import dataclass
from typing import Final

from services.intake.events import queries
from shared.chassis.database.pool import Pool
from shared.chassis.work.periodic import every

EVERY: Final = 0.25
"""Seconds between two turns, so an event waits at most so long for its place. A turn without work costs little, and
submissions need not notify anybody."""
AT_ONCE: Final = 2000
HOUR: Final = 3600
"""Seconds between two searches for demands that processes of the earlier version took in during a roll-out."""


@dataclass(frozen=True, slots=True)
class EventNumbering:
    """Numbers events. Several workers may run it: the one that locks the head works, and the others find nothing
    left."""

    pool: Pool

    async def run(self) -> None:
        """Number until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(every(EVERY, self.number, "numbering of events"))
            tasks.create_task(every(HOUR, self.note_missed, "noting of demands without events"))

    async def note_missed(self) -> int:
        """Record demands as changed that an earlier version without events took in; returns how many."""
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            return await queries.note_missed(db)

    async def number(self) -> int:
        """Give places to all facts that wait for one; returns how many facts there were."""
        done = 0
        async with self.pool.acquire(timeout=5) as db:
            while await queries.has_pending(db):
                async with db.transaction():
                    done += await queries.place_pending(db, AT_ONCE)
        return done
