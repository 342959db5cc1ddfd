"""Makes what was submitted findable, a moment later and many at once, so that no submission waits for it."""

from asyncio import sleep
from dataclasses import dataclass
from typing import Final

from services.intake.similar import queries
from shared.chassis.database.pool import Pool
from shared.chassis.work.periodic import every

EVERY: Final = 0.05
"""Seconds while something is due: what waits longer keeps a processor busy long enough for the slowest requests to
tell."""
IDLE: Final = 0.2
"""Seconds where nothing was."""
PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Indexing:
    """Takes demands from the list of those that are due; several may run, and share the work."""

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
