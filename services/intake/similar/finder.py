"""Finds the open demands that a new one may repeat."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.intake.channels.channel import Channel
from services.intake.publications.queries import NOTHING, published
from services.intake.similar import queries
from services.intake.similar.rarity import UNKNOWN, Rarity
from services.intake.similar.scoring import THRESHOLD, Aspect, NewDemand, Reason, ScoredCandidate, ranked
from services.intake.similar.view import Like, like
from services.intake.submission import domain
from services.intake.submission.domain import SubmitDemand
from services.intake.submission.placing import placed
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Connection, Pool
from shared.contracts.demand.state import Demand
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack
from shared.masker.masker import Masker
from shared.masking.pieces import worded

_KEEPS: Final = timedelta(minutes=5)
LATELY: Final = timedelta(days=30)
"""Demands of one category in one place that were raised in so many days may be the same one; our choice."""
OF_A_CATEGORY: Final = Reason(
    Aspect.PLACE, 1.0, "在同一个地方，是同一类问题", "the same kind of problem in the same place"
)


@dataclass(slots=True)
class _Known:
    """The rarity of pairs, as it was last read; slightly old values rank as well as new ones."""

    rarity: Rarity = UNKNOWN
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SimilarFinder:
    """Finds similar demands; each call uses one connection."""

    pool: Pool
    packs: Jurisdictions
    clock: Callable[[], datetime] = now
    threshold: float = THRESHOLD
    masker: Masker = field(default_factory=Masker)
    _known: _Known = field(default_factory=_Known)

    async def find(self, channel: Channel, draft: SubmitDemand, most: int) -> list[tuple[ScoredCandidate, Demand]]:
        """The most similar open demands in the same subtree; raises `Refused` if the place is not known."""
        at = self.clock()
        draft, home, _ = placed(draft, channel.division, self.packs)
        pack, division = domain.check(draft, home, at), draft.division or ""
        hidden = await self.masker.masked(draft)
        wording = worded(hidden.title, hidden.text)
        query = NewDemand(wording, pack.ancestors(division), draft.location, draft.occurred_at or at)
        async with self.pool.acquire(timeout=5) as db:
            return await self._best(db, query, pack, most)

    async def beside(self, id: UUID, most: int) -> list[tuple[ScoredCandidate, Demand]]:
        """The most similar open demands to one that was submitted, without itself."""
        async with self.pool.acquire(timeout=5) as db:
            demand_submitted, at = await queries.submitted(db, id)
            pack = self.packs.get(demand_submitted.jurisdiction)
            if pack is None:
                return []
            query = NewDemand(
                worded(demand_submitted.title, demand_submitted.text),
                pack.ancestors(demand_submitted.division),
                demand_submitted.location,
                at,
            )
            best = await self._best(db, query, pack, most + 1)
        return [(match, demand) for match, demand in best if demand.id != id][:most]

    async def of_a_category(
        self, division: str, category: str, besides: Collection[UUID], most: int
    ) -> list[tuple[ScoredCandidate, Demand]]:
        """The latest open demands of the same category in the same division, such as a village: two people who write of
        one lamp need not share a word."""
        async with self.pool.acquire(timeout=5) as db:
            candidates = await queries.latest_there(db, division, self.clock() - LATELY)
            demands = await queries.demands(db, [candidate.id for candidate in candidates])
        matches = [
            (ScoredCandidate(candidate, 0.0, None, (OF_A_CATEGORY,)), demands[candidate.id])
            for candidate in candidates
            if candidate.id not in besides and demands[candidate.id].category == category
        ]
        return matches[:most]

    async def as_seen(self, matches: list[tuple[ScoredCandidate, Demand]]) -> list[Like]:
        """The matches as the public may see them."""
        async with self.pool.acquire(timeout=5) as db:
            publications = await published(db, [demand.id for _, demand in matches])
        packs = [(self.packs.get(demand.jurisdiction), match, demand) for match, demand in matches]
        return [
            like(pack.publication, match, demand, publications.get(demand.id, NOTHING))
            for pack, match, demand in packs
            if pack
        ]

    async def _best(
        self, db: Connection, query: NewDemand, pack: Pack, most: int
    ) -> list[tuple[ScoredCandidate, Demand]]:
        rarity, division = await self._rarity(db, self.clock()), query.within[0]
        candidates = await queries.candidates(db, rarity.search(query.wording), subtree(pack, division), division)
        best = ranked(query, candidates, rarity, self.threshold, most)
        demands = await queries.demands(db, [match.candidate.id for match in best])
        return [(match, demands[match.candidate.id]) for match in best]

    async def _rarity(self, db: Connection, at: datetime) -> Rarity:
        if self._known.until is None or at >= self._known.until:
            self._known.rarity = await queries.rarity(db)
            self._known.until = at + _KEEPS
        return self._known.rarity


def subtree(pack: Pack, division: str) -> str:
    """The division in which to search: the parent of the demand's division, such as the town of a village; the root for
    itself."""
    ancestors = pack.ancestors(division)
    return ancestors[1] if len(ancestors) > 1 else ancestors[0]
