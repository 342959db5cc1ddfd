"""Reads the story of a demand together: what was said to the citizen, what the citizen said, and who has the same."""

from dataclasses import dataclass

from services.intake.story import queries
from services.intake.story.documents import Followed
from services.intake.story.view import followed, seen
from shared.chassis.database import Pool
from shared.contracts.demand import Demand
from shared.jurisdiction.jurisdictions import Jurisdictions


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells of demands that somebody may follow; who may is decided by `Following`."""

    pool: Pool
    packs: Jurisdictions

    async def of(self, demand: Demand, all_of_it: bool) -> Followed:
        """Everything, or what the public sees."""
        if not all_of_it:
            return Followed(**dict(seen(demand, own=False)))
        async with self.pool.acquire(timeout=5) as db:
            text = await queries.words(db, demand.id)
            told = await queries.told(db, demand.id)
            spoken = await queries.spoken(db, demand.id)
            supports = await queries.supports(db, demand.id)
        return followed(demand, self.packs.get(demand.jurisdiction), text, told, spoken, supports)
