"""Reads what a demand's page shows: what the citizen was told, what the citizen said, and how many have the same
demand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.intake.publications.queries import NOTHING as UNPUBLISHED
from services.intake.publications.queries import Published, of_demand, published
from services.intake.tracking import queries
from services.intake.tracking.documents import Followed, Progress
from services.intake.tracking.queries import DemandDetails
from services.intake.tracking.view import followed, progress, seen
from shared.chassis.database.pool import Pool
from shared.contracts.demand.state import Demand, Status
from shared.identity.citizen_links import CitizenLinks
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.publication import PublicationRules

AWAITED: Final = (Status.RESOLVED, Status.DECLINED)
"""Statuses in which the citizen can judge the answer, or contest the refusal."""
NOTHING: Final = PublicationRules(unreleased=(), source="our choice where no pack is served")


@dataclass(frozen=True, slots=True)
class DetailsReader:
    """Reads demands for those who may follow them. It does not check who may: `DemandLookup` does."""

    pool: Pool
    packs: Jurisdictions
    links: CitizenLinks

    async def short(self, demands: Sequence[tuple[Demand, bool]]) -> list[Progress]:
        """The progress of each demand. Of a demand that is not the channel's own, only what the public sees."""
        others = [demand.id for demand, own in demands if not own]
        async with self.pool.acquire(timeout=5) as db:
            publications = await published(db, others) if others else {}
        return [
            progress(demand) if own else self._seen(demand, publications.get(demand.id, UNPUBLISHED))
            for demand, own in demands
        ]

    def _seen(self, demand: Demand, publication: Published) -> Progress:
        pack = self.packs.get(demand.jurisdiction)
        return seen(demand, pack.publication if pack else NOTHING, publication)

    async def of(self, demand: Demand, may_read_all: bool, *, may_rate: bool) -> Followed:
        """Everything about a demand, or only what the public sees. With `may_rate` it has the link to judge the answer,
        as long as nobody has."""
        if not may_read_all:
            return Followed(**dict((await self.short([(demand, False)]))[0]))
        pack = self.packs.get(demand.jurisdiction)
        progress = followed(demand, pack, await self.whole(demand.id), await self._published(demand))
        if not may_rate or demand.status not in AWAITED:
            return progress
        return progress.model_copy(update={"rating_link": self.links.rate(demand.id, demand.version)})

    async def _published(self, demand: Demand) -> Published:
        async with self.pool.acquire(timeout=5) as db:
            return await of_demand(db, demand.id)

    async def whole(self, demand: UUID) -> DemandDetails:
        """Everything that was said about a demand, for those who may read all of it."""
        async with self.pool.acquire(timeout=5) as db:
            return DemandDetails(
                text=await queries.words(db, demand),
                attachments=await queries.submitted_attachments(db, demand),
                steps=await queries.steps(db, demand),
                notes=await queries.citizen_notes(db, demand),
                supports=await queries.supports(db, demand),
            )
