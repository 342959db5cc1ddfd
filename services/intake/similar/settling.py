"""Moves what was just submitted from the pending list of the index into the index, so that no submission must."""

from dataclasses import dataclass
from typing import Final

from shared.chassis.database import Pool
from shared.chassis.periodic import every

EVERY: Final = 1.0


@dataclass(frozen=True, slots=True)
class Settling:
    """A search reads the pending list from end to end: a second's submissions are little, an hour's are not."""

    pool: Pool

    async def run(self) -> None:
        """Settle until cancelled."""
        await every(EVERY, self.settle, "settling")

    async def settle(self) -> int:
        """Move everything; returns how many pages there were."""
        async with self.pool.acquire(timeout=5) as db:
            return int(await db.fetchval("SELECT gin_clean_pending_list('likeness_bigrams')"))
