"""Reads the story of a demand together: what was said to the citizen, what the citizen said, and who has the same."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.intake.tracking import queries
from services.intake.tracking.documents import Followed, Progress
from services.intake.tracking.queries import Story
from services.intake.tracking.view import followed, progress, seen
from shared.chassis.database.pool import Pool
from shared.contracts.demand.state import Demand
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.publication import Publication

NOTHING: Final = Publication(unreleased=(), source="our choice where no pack is served")


@dataclass(frozen=True, slots=True)
class StoryReader:
    """Tells of demands that somebody may follow; who may is decided by `Following`."""

    pool: Pool
    packs: Jurisdictions

    def short(self, demand: Demand, own: bool) -> Progress:
        """Where it stands, or what the public sees of that."""
        pack = self.packs.get(demand.jurisdiction)
        return progress(demand) if own else seen(demand, pack.publication if pack else NOTHING)

    async def of(self, demand: Demand, all_of_it: bool) -> Followed:
        """Everything, or what the public sees."""
        if not all_of_it:
            return Followed(**dict(self.short(demand, own=False)))
        return followed(demand, self.packs.get(demand.jurisdiction), await self.whole(demand.id))

    async def whole(self, demand: UUID) -> Story:
        """What was said both ways, for whoever may read all of it."""
        async with self.pool.acquire(timeout=5) as db:
            return Story(
                text=await queries.words(db, demand),
                attachments=await queries.submitted_attachments(db, demand),
                told=await queries.told(db, demand),
                spoken=await queries.spoken(db, demand),
                supports=await queries.supports(db, demand),
            )
