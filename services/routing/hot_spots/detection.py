"""Finds hot spots: compares new demands with earlier ones, a few seconds after they came; one process at a time does
so."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from services.routing.hot_spots import queries
from services.routing.hot_spots.domain import Bounds, Detector, HotSpot, Raised, must_announce
from services.routing.hot_spots.policies import HOT_SPOT, payload
from services.routing.hot_spots.queries import StoredRaised
from shared.chassis.base.clock import now
from shared.chassis.database.lease import Lease
from shared.chassis.database.pool import Connection, Pool
from shared.chassis.database.write_batch import WriteBatch
from shared.chassis.work import timers
from shared.chassis.work.periodic import every
from shared.chassis.work.timers import Timer
from shared.contracts.demand.state import Demand
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack
from shared.masking.pieces import worded

log = structlog.get_logger()
EVERY: Final = 5.0
"""Seconds between two turns; shorter than a lease, which each turn renews."""
PAGE: Final = 200
LEASE: Final = "hot-spots"
_OPENING: Final = 200


@dataclass(slots=True)
class Detection:
    """Keeps the demands of the span in memory for as long as it holds the lease; what it finds is stored in the
    database."""

    pool: Pool
    packs: Jurisdictions
    lease: Lease
    clock: Callable[[], datetime] = now
    _detectors: dict[str, Detector] = field(default_factory=dict)

    @classmethod
    def over(cls, pool: Pool, packs: Jurisdictions) -> "Detection":
        """The detection of one process."""
        return cls(pool, packs, Lease(pool, LEASE))

    async def run(self) -> None:
        """Compare periodically until cancelled; if the database does not answer, try again at the next turn."""
        try:
            await every(EVERY, self.turn, "hot spots")
        finally:
            await self.lease.give_up()

    async def turn(self) -> int:
        """Compare all demands that are due, unless another process does; returns how many there were."""
        compared = 0
        while True:
            held = self.lease.holds()
            if not await self.lease.try_take():
                return compared
            if not held:
                self._detectors.clear()
            if not (page := await self._page()):
                return compared
            compared += page

    async def _page(self) -> int:
        due: Sequence[tuple[Demand, str]] = ()
        done = False
        try:
            async with self.pool.acquire(timeout=5) as db, db.transaction():
                due = await queries.take(db, PAGE)
                for pack in self.packs:
                    own = [pair for pair in due if pair[0].jurisdiction == pack.id]
                    if own:
                        await self._compare(db, pack, own)
            done = True
        finally:
            if not done:
                self._detectors.clear()  # they know of what was not kept
        return len(due)

    async def _compare(self, db: Connection, pack: Pack, demands: Sequence[tuple[Demand, str]]) -> None:
        at = self.clock()
        detector = self._detectors.get(pack.id) or await self._detector(db, pack, at)
        compared: list[tuple[Raised, str]] = []
        changed: dict[UUID, HotSpot] = {}
        for demand, text in demands:
            words = f"{demand.title}\n{text[:_OPENING]}"
            candidate = raised(pack, demand, demand.category, demand.submitted_at or at, words)
            compared.append((candidate, words))
            if spot := detector.add(candidate):
                changed[spot.id] = spot
            await asyncio.sleep(0)  # others of this process have their turn: facts are handled meanwhile
        news = [spot for spot in changed.values() if must_announce(len(spot.demands), spot.announced)]
        for spot in news:
            spot.announced = len(spot.demands)
            log.info("common demands", key=str(spot.id), rows=spot.announced)
        await queries.put_hot_spots(db, pack.id, list(changed.values()), at)
        await queries.put_raised(
            db, pack.id, [(*candidate, detector.hot_spot_of.get(candidate[0].id)) for candidate in compared]
        )
        await queries.join(
            db, [(demand.id, spot.id) for spot in changed.values() for demand in spot.demands[spot.stored :]]
        )
        for spot in changed.values():
            spot.stored = len(spot.demands)
        writes = WriteBatch()
        timers.plan(writes, [Timer(HOT_SPOT, spot.id, at, payload(spot), str(spot.announced)) for spot in news])
        await writes.write(db)

    async def _detector(self, db: Connection, pack: Pack, at: datetime) -> Detector:
        rules = pack.hot_spots
        bounds = Bounds(rules.least, timedelta(days=rules.within_days), rules.likeness)
        detector = self._detectors[pack.id] = Detector(bounds)
        detector.remember(
            (raised(pack, stored, stored.category, stored.raised_at, stored.words), stored.hot_spot, stored.announced)
            for stored in await queries.recent_demands(db, pack.id, at - bounds.span)
        )
        return detector


def raised(pack: Pack, demand: Demand | StoredRaised, category: str | None, at: datetime, words: str) -> Raised:
    """A demand in the form in which it is compared; `words` holds its title, a line break, and the beginning of its
    text, masked."""
    title, _, text = words.partition("\n")
    wording = worded(title, text)
    within = pack.ancestors(demand.division) or (demand.division,)
    subject = pack.category_ancestors(category) if category else ()
    return Raised(demand.id, demand.number, within, subject, at, wording, wording.bigrams)
