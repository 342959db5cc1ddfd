"""Reads the overview of units: counted at the request if the open cases are few, else the worker's last count."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from services.routing.cases import overview_queries
from services.routing.cases.desks import tomorrow_ends
from services.routing.cases.overview_queries import UnitLoad
from shared.chassis.base.clock import now
from shared.chassis.database.lease import Lease
from shared.chassis.database.pool import Connection, Pool
from shared.chassis.work.periodic import every
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack

COUNTED_AT_ONCE: Final = 20_000
"""Up to so many open cases are counted at the request, which takes some ten milliseconds."""
EVERY: Final = 30.0
"""Seconds between two counts of the worker. A count of a million open cases takes PostgreSQL half a second."""
LEASE: Final = "overview"


class Overview(NamedTuple):
    """The loads of units; `counted_at` is None if they were counted at the request."""

    loads: Sequence[UnitLoad]
    counted_at: datetime | None


async def overview(db: Connection, units: Sequence[str], at: datetime, tomorrow: datetime) -> Overview:
    """The loads of these units: now, or at the worker's last count if they have many open cases.

    `tomorrow` is the end of tomorrow in their jurisdiction.
    """
    loads, counted_at = await overview_queries.stored_counts(db, units)
    if sum(load.open for load in loads) > COUNTED_AT_ONCE:
        return Overview(loads, counted_at)
    return Overview(await overview_queries.counted(db, units, at, tomorrow), None)


@dataclass(slots=True)
class LoadCounting:
    """Counts the loads of all units periodically; a lease lets one process at a time do so."""

    pool: Pool
    packs: Jurisdictions
    lease: Lease
    clock: Callable[[], datetime] = now

    @classmethod
    def over(cls, pool: Pool, packs: Jurisdictions) -> "LoadCounting":
        """The counting of one process."""
        return cls(pool, packs, Lease(pool, LEASE))

    async def run(self) -> None:
        """Count until cancelled; if the database does not answer, try again at the next turn."""
        await every(EVERY, self.turn, "overview")

    async def turn(self) -> None:
        """Count the units of each jurisdiction, unless another process is doing so or has just done so."""
        async with self.lease.held() as is_ours:
            if is_ours:
                for pack in self.packs:
                    await self._count(pack)

    async def _count(self, pack: Pack) -> None:
        at = self.clock()
        units = [unit.id for unit in pack.units]
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            counted_at = await overview_queries.counted_at(db, pack.id)
            if counted_at and counted_at > at - timedelta(seconds=EVERY / 2):
                return
            loads = await overview_queries.counted(db, units, at, tomorrow_ends(pack, at))
            await overview_queries.store_counts(db, pack.id, loads, at)
