"""Deletes expired rows in small batches, so that auxiliary tables do not grow for ever."""

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
"""Seconds between two batches, so that other transactions can lock the same rows."""


class RetentionSettings(ProcessSettings):
    """The settings of every process, and how long auxiliary rows are kept."""

    keep_redriven_days: int = Field(
        90,
        ge=1,
        description="days for which dead letters are kept after they were handled again; others are kept always",
        json_schema_extra=noted(*LISTENERS),
    )


@dataclass(frozen=True, slots=True)
class Expired:
    """Rows of a table that are not needed any more: those that match `where`, in which $1 is the time `after` ago."""

    table: str
    where: str
    after: timedelta


def redriven(settings: RetentionSettings) -> Expired:
    """Dead letters that were redriven; the facts about them stay in the journal."""
    return Expired("dead_letter", "redriven_at < $1", timedelta(days=settings.keep_redriven_days))


@dataclass(frozen=True, slots=True)
class Retention:
    """Deletes expired rows every hour; several workers share the work, and each skips the rows of the others."""

    pool: Pool
    spent: Sequence[Expired]
    clock: Callable[[], datetime] = now

    async def run(self) -> None:
        """Delete expired rows every hour until cancelled."""
        await every(EVERY, self.prune, "pruning")

    async def prune(self) -> int:
        """Delete all expired rows; returns how many."""
        return sum([await self._prune(expired) for expired in self.spent])

    async def _prune(self, expired: Expired) -> int:
        before, deleted = self.clock() - expired.after, 0
        while count := await self._prune_some(expired, before):
            deleted += count
            await asyncio.sleep(BREATH)
        if deleted:
            log.info("pruned", table=expired.table, rows=deleted)
        return deleted

    async def _prune_some(self, expired: Expired, before: datetime) -> int:
        async with self.pool.acquire(timeout=5) as db:
            # A row that another transaction holds is skipped; a row that has changed meanwhile is checked again.
            status = await db.execute(
                f"""
                DELETE FROM {expired.table} WHERE ctid = ANY(ARRAY(
                    SELECT ctid FROM {expired.table} WHERE {expired.where} LIMIT {AT_ONCE} FOR UPDATE SKIP LOCKED
                ))
                """,  # noqa: S608 (tables and conditions are named by the service)
                before,
            )
        return int(status.split()[-1])
