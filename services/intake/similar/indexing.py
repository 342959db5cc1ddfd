"""Indexes submitted demands for the search, a moment later and many at once, so that no submission waits for it."""

from asyncio import sleep
from dataclasses import dataclass
from typing import Final

from services.intake.similar import queries
from shared.chassis.database.pool import Pool
from shared.chassis.work.periodic import every

EVERY: Final = 0.05
"""Seconds between two turns if there was work. If more work gathers, a turn keeps a processor busy for so long that the
slowest requests become slower."""
IDLE: Final = 0.2
"""Seconds between two turns if there was no work."""
PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Indexing:
    """Indexes the demands that are due; several processes may run it, and share the work."""

    pool: Pool

    async def run(self) -> None:
        """Index until cancelled."""
        await every(EVERY, self._turn, "indexing")

    async def _turn(self) -> None:
        if not await self.index():
            await sleep(IDLE - EVERY)

    async def index(self) -> int:
        """Index all that is due; returns how many."""
        indexed = 0
        async with self.pool.acquire(timeout=5) as db:
            while page := await queries.index(db, PAGE):
                indexed += page
            await queries.settle(db)
        return indexed
