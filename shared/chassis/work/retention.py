"""Removes rows that have served their time, a few at once, so that tables which only help do not grow for ever."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from pydantic import Field

from shared.chassis.base.clock import now
from shared.chassis.base.settings import LISTENERS, ProcessSettings, noted
from shared.chassis.database.pool import Pool
from shared.chassis.work.periodic import every

log = structlog.get_logger()
EVERY: Final = 3600.0
AT_ONCE: Final = 1000
BREATH: Final = 0.05
"""Seconds between two batches, for those who wait for the same rows."""


class RetentionSettings(ProcessSettings):
    """Beside what every process has: how long what only helps is kept."""

    keep_redriven_days: int = Field(
        90,
        ge=1,
        description="how long dead letters that were handled after all are kept; others stay",
        json_schema_extra=noted(*LISTENERS),
    )


@dataclass(frozen=True, slots=True)
class Expired:
    """Rows that nobody needs any more: `where` holds of them, with $1 for the moment `after` ago."""

    table: str
    where: str
    after: timedelta


def redriven(settings: RetentionSettings) -> Expired:
    """Dead letters that were handled after all; what was told of them stays in the journal."""
    return Expired("dead_letter", "redriven_at < $1", timedelta(days=settings.keep_redriven_days))


@dataclass(frozen=True, slots=True)
class Retention:
    """Looks for spent rows each hour; several workers share the work by skipping each other's rows."""

    pool: Pool
    spent: Sequence[Expired]
    clock: Callable[[], datetime] = now

    async def run(self) -> None:
        """Prune until cancelled."""
        await every(EVERY, self.prune, "pruning")

    async def prune(self) -> int:
        """Remove everything that is spent; returns how many rows there were."""
        return sum([await self._prune(spent) for spent in self.spent])

    async def _prune(self, spent: Expired) -> int:
        before, pruned = self.clock() - spent.after, 0
        while done := await self._prune_some(spent, before):
            pruned += done
            await asyncio.sleep(BREATH)
        if pruned:
            log.info("pruned", table=spent.table, rows=pruned)
        return pruned

    async def _prune_some(self, spent: Expired, before: datetime) -> int:
        async with self.pool.acquire(timeout=5) as db:
            # A row that somebody changes meanwhile is skipped, and one that was changed is looked at again.
            done = await db.execute(
                f"""
                DELETE FROM {spent.table} WHERE ctid = ANY(ARRAY(
                    SELECT ctid FROM {spent.table} WHERE {spent.where} LIMIT {AT_ONCE} FOR UPDATE SKIP LOCKED
                ))
                """,  # noqa: S608 (tables and conditions are named by the service)
                before,
            )
        return int(done.split()[-1])
