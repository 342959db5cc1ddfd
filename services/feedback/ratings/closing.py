"""Closes demands that nobody rated in time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from services.feedback.ratings import queries
from services.feedback.ratings.domain import close_at, ending
from shared.chassis.aggregates.repository import Repository
from shared.chassis.base.clock import now, uuid5
from shared.chassis.database.pool import PASSING, Pool
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand.facts import Fact
from shared.contracts.demand.state import Demand
from shared.jurisdiction.jurisdictions import Jurisdictions

log = structlog.get_logger()
EVERY: Final = 5.0
AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Closing:
    """Looks for what is due; several workers share the work by skipping each other's rows."""

    pool: Pool
    repository: Repository[Demand, Fact]
    packs: Jurisdictions
    clock: Callable[[], datetime] = now

    async def run(self) -> None:
        """Close until cancelled."""
        while True:
            closed = 0
            try:
                closed = await self.close_some()
            except PASSING as fault:
                log.warning("closing waits", cause=repr(fault))
            if not closed:
                await asyncio.sleep(EVERY)

    async def close_some(self) -> int:
        """Close what is due, up to five hundred; returns how many were looked at."""
        at = self.clock()
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            due = await queries.due_closings(db, at, AT_ONCE)
            work = await self.repository.load(db, due, at)
            for key in due:
                demand = work.state(key)
                when = self._due(demand)
                end = ending(demand)
                if end and when and when <= at:
                    work.record(key, [end], when if demand.imported else at, uuid5(key, f"close:{demand.version}"))
            writes = WriteBatch()
            self.repository.put(writes, work)
            queries.plan_closings(writes.after, [], due)
            await writes.write(db)
        return len(due)

    def _due(self, demand: Demand) -> datetime | None:
        pack = self.packs.of_division(demand.division)
        return close_at(demand, pack) if pack else None
