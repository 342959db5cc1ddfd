"""Moves counters into sums of longer periods, so that reading a figure reads few rows."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.reporting.figures import sum_queries
from shared.chassis.database.pool import Pool
from shared.chassis.work.periodic import every

EVERY: Final = 10.0
AT_ONCE: Final = 500
BREATH: Final = 0.01
"""Seconds between two batches, because the projector may wait for a lock of this one."""

# The years that are served lie in two millennia, so this level has two sums: together they stand for all time.
LEVELS: Final[Mapping[str, Sequence[str]]] = {"cohort": ("month", "millennium"), "flow": ("day", "month", "year")}


@dataclass(frozen=True, slots=True)
class Rollup:
    """Sums periodically. Several processes can do so at once: each skips rows that another one has locked."""

    pool: Pool

    async def run(self) -> None:
        """Sum periodically until cancelled."""
        await every(EVERY, self.sum, "summing")

    async def sum(self) -> None:
        """Move all rows that are not locked."""
        for table, levels in LEVELS.items():
            moved = AT_ONCE
            while moved == AT_ONCE:
                moved = await self._sum_some(table, levels)
                await asyncio.sleep(BREATH)

    async def _sum_some(self, table: str, levels: Sequence[str]) -> int:
        async with self.pool.acquire(timeout=5) as db:
            return await sum_queries.move(db, table, levels, AT_ONCE)
