"""Projects facts onto the publications of demands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from services.intake.publications import queries
from shared.chassis.aggregates.projections import Projection, change_itself
from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand import facts as f
from shared.contracts.demand.groups import ALL_NOTES, ALL_STATUS_FACTS, PUBLICATION_NOTES
from shared.contracts.demand.state import Demand
from shared.masking.pieces import wording

Changes = Sequence[Change[Demand, f.Fact]]


@dataclass(frozen=True, slots=True)
class ProjectedPublication:
    """The state of a demand's publication after some facts, in whatever order they were read."""

    edition: int = 0
    fact: f.DemandPublished | f.DemandUnpublished | None = None
    changed_at: datetime | None = None
    released_at: datetime | None = None
    refusals: int = 0
    allowed: int | None = None
    """How many refusals the citizen took back by agreeing; None if they never agreed."""

    @property
    def is_refused(self) -> bool:
        """Whether there is a refusal that was not taken back."""
        return self.refusals > (self.allowed or 0)

    def then(self, fact: f.Fact, at: datetime) -> "ProjectedPublication":
        """The state after one more fact: the highest edition wins, the first release stays, and each refusal counts."""
        if isinstance(fact, f.PublicationRefused):
            return replace(self, refusals=self.refusals + 1)
        if isinstance(fact, f.PublicationAllowed):
            return replace(self, allowed=max(fact.refusals, self.allowed or 0))
        if not isinstance(fact, f.DemandPublished | f.DemandUnpublished):
            return self
        first = self.released_at
        if isinstance(fact, f.DemandPublished):
            first = min(at, first) if first else at
        if fact.edition <= self.edition:
            return replace(self, released_at=first)
        return replace(self, edition=fact.edition, fact=fact, changed_at=at, released_at=first)


def stands(changes: Changes) -> Mapping[UUID, ProjectedPublication]:
    """The state that a batch adds to the publication of each demand."""
    stands: dict[UUID, ProjectedPublication] = {}
    for change in changes:
        key = change.envelope.key
        stands[key] = stands.get(key, ProjectedPublication()).then(change.fact, change.envelope.time)
    return stands


def row(key: UUID, stand: ProjectedPublication) -> tuple[object, ...]:
    """The row of `publication`; without texts if the demand may not be shown."""
    published = stand.fact if isinstance(stand.fact, f.DemandPublished) and not stand.is_refused else None
    ground = stand.fact.ground if isinstance(stand.fact, f.DemandUnpublished) else None
    words = (published.title, published.text, published.answer) if published else (None, "", "")
    pieces = sorted(wording("\n".join(map(str, words))).bigrams) if published else []
    reopenings = published.reopenings if published else 0
    return (
        key, stand.edition, *words, reopenings, " ".join(pieces),
        stand.released_at, stand.changed_at, ground, stand.is_refused, stand.refusals, stand.allowed,
    )  # fmt: skip


def _edition(change: Change[Demand, f.Fact]) -> tuple[object, ...] | None:
    key, at, fact = change.envelope.key, change.envelope.time, change.fact
    match fact:
        case f.DemandPublished():
            return key, fact.edition, at, fact.correction, None
        case f.DemandUnpublished():
            return key, fact.edition, at, None, fact.ground
        case _:
            return None


def _write(writes: WriteBatch, changes: Changes) -> None:
    queries.put(writes, [row(key, stand) for key, stand in stands(changes).items()])
    queries.put_editions(writes, [edition for change in changes if (edition := _edition(change))])


PUBLICATIONS: Final = Projection(
    on=dict.fromkeys(PUBLICATION_NOTES, change_itself),
    ignores=(*ALL_STATUS_FACTS, *(kind for kind in ALL_NOTES if kind not in PUBLICATION_NOTES)),
    write=_write,
)
"""One row for each demand of which anything was released, taken back or refused."""
