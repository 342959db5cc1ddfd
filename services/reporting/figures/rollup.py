"""Moves what the projector has counted into sums by longer periods, so that a figure reads few rows."""

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
"""Seconds between two batches: the projector may wait for one of their rows."""

# There are two millennia in the years that are served: it stands for "ever".
LEVELS: Final[Mapping[str, Sequence[str]]] = {"cohort": ("month", "millennium"), "flow": ("day", "month", "year")}


@dataclass(frozen=True, slots=True)
class Rollup:
    """Several projectors share the work by skipping each other's rows, and the rows that one of them writes to."""

    pool: Pool

    async def run(self) -> None:
        """Sum until cancelled."""
        await every(EVERY, self.sum, "summing")

    async def sum(self) -> None:
        """Move all rows that nobody writes to."""
        for table, levels in LEVELS.items():
            moved = AT_ONCE
            while moved == AT_ONCE:
                moved = await self._sum_some(table, levels)
                await asyncio.sleep(BREATH)

    async def _sum_some(self, table: str, levels: Sequence[str]) -> int:
        async with self.pool.acquire(timeout=5) as db:
            return await sum_queries.move(db, table, levels, AT_ONCE)
