"""The overview of units: counted at once where their open cases are few, else as the worker counted them lately."""

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
"""Open cases that are counted while somebody waits: some ten milliseconds."""
EVERY: Final = 30.0
"""Seconds between two counts of the worker. One takes half a second of PostgreSQL for a million open cases."""
LEASE: Final = "overview"


class Overview(NamedTuple):
    """How units stand; `counted_at` is None where that was counted now."""

    loads: Sequence[UnitLoad]
    counted_at: datetime | None


async def overview(db: Connection, units: Sequence[str], at: datetime, tomorrow: datetime) -> Overview:
    """How these units stand at this moment, or at the worker's last count where they have many open cases.

    `tomorrow`: when tomorrow ends in their jurisdiction.
    """
    loads, counted_at = await overview_queries.kept(db, units)
    if sum(load.open for load in loads) > COUNTED_AT_ONCE:
        return Overview(loads, counted_at)
    return Overview(await overview_queries.counted(db, units, at, tomorrow), None)


@dataclass(slots=True)
class LoadCounting:
    """Counts how all units stand, again and again; one process at a time."""

    pool: Pool
    packs: Jurisdictions
    lease: Lease
    clock: Callable[[], datetime] = now

    @classmethod
    def over(cls, pool: Pool, packs: Jurisdictions) -> "LoadCounting":
        """The one of a process."""
        return cls(pool, packs, Lease(pool, LEASE))

    async def run(self) -> None:
        """Count until cancelled; a database that is away is waited for."""
        await every(EVERY, self.turn, "overview")

    async def turn(self) -> None:
        """Count the units of each jurisdiction, unless another process does that or has just done it."""
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
            await overview_queries.keep(db, pack.id, loads, at)
