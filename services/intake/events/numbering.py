"""Gives events their places, in an order that no later commit changes."""

import asyncio
from dataclasses import dataclass
from typing import Final

from services.intake.events import queries
from shared.chassis.database.pool import Pool
from shared.chassis.work.periodic import every

EVERY: Final = 0.25
"""Seconds between two looks: so late at most an event is for being numbered. A look at an empty table costs little, and
submissions need not notify anybody."""
AT_ONCE: Final = 2000
HOUR: Final = 3600
"""Seconds between two looks for demands that processes of the version before took in, as long as these still ran."""


@dataclass(frozen=True, slots=True)
class EventNumbering:
    """Several workers may do this: whoever has the lock of the head goes first, and the rest find nothing."""

    pool: Pool

    async def run(self) -> None:
        """Number until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(every(EVERY, self.number, "numbering of events"))
            tasks.create_task(every(HOUR, self.note_missed, "noting of demands without events"))

    async def note_missed(self) -> int:
        """Let demands be read as changed that a version without events took in beside this one; returns how many."""
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            return await queries.note_missed(db)

    async def number(self) -> int:
        """Give a place to everything that waits for one; returns how many facts there were."""
        done = 0
        async with self.pool.acquire(timeout=5) as db:
            while await queries.has_pending(db):
                async with db.transaction():
                    done += await queries.place_pending(db, AT_ONCE)
        return done
