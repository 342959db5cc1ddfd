"""What the public sees of a demand: one decision, which every door that needs no key and no code asks."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from shared.contracts.demand.facts import Location, Outcome, RequestKind
from shared.contracts.demand.state import Demand, Status, is_confidential
from shared.jurisdiction.parts import Part, Words


class Shown(StrEnum):
    """What a pack may show of a demand that nobody has released, beside its number, its status and its dates."""

    CATEGORY = "category"
    PLACE = "place"
    POINT = "point"
    UNIT = "unit"
    CHANNEL = "channel"
    WORDS = "words"
    ANSWER = "answer"


class Publication(Part):
    """`unreleased` is what anybody sees before a demand is released; `source` is the rule, or "our choice"."""

    unreleased: tuple[Shown, ...]
    source: Words


@dataclass(frozen=True, slots=True)
class PublicStep:
    """One step of a demand; `words` are what the unit wrote for the public, empty where there are none."""

    status: Status
    at: datetime
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicDemand:
    """A demand as a door knows it, and then as the public sees it: what is not shown is None or empty.

    `status` is None and `steps` is empty for a report (举报). `place` is a division code, `point` is WGS-84 degrees.
    """

    number: str
    kind: RequestKind
    status: Status | None
    outcome: Outcome | None = None
    category: str | None = None
    place: str | None = None
    point: Location | None = None
    unit: str | None = None
    channel: str | None = None
    title: str | None = None
    text: str | None = None
    answer: str | None = None
    submitted_at: datetime | None = None
    updated_at: datetime | None = None
    due_at: datetime | None = None
    resolved_at: datetime | None = None
    returns: int | None = None
    reopenings: int | None = None
    rating: int | None = None
    imported: bool = False
    steps: tuple[PublicStep, ...] = ()

    @classmethod
    def of(cls, demand: Demand) -> "PublicDemand":
        """What a service's own copy of a demand knows of it; words and points lie elsewhere."""
        return cls(
            number=demand.number,
            kind=demand.kind,
            status=demand.status,
            outcome=demand.outcome,
            category=demand.category,
            place=demand.division,
            unit=demand.unit,
            channel=demand.channel,
            title=demand.title,
            submitted_at=demand.submitted_at,
            updated_at=demand.updated_at,
            due_at=demand.due_at,
            resolved_at=demand.resolved_at,
            returns=demand.returns,
            reopenings=demand.reopenings,
            rating=demand.rating,
            imported=demand.imported,
        )

    @property
    def confidential(self) -> bool:
        """Whether it is a report (举报), of which nothing is shown but that it was raised, and when."""
        return is_confidential(self.kind)


def seen_by_public(publication: Publication, demand: PublicDemand) -> PublicDemand:
    """What anybody may see of a demand that nobody has released for publication.

    A report (举报) keeps its number, its kind and when it was raised, whatever the pack says.
    """
    if demand.confidential:
        return PublicDemand(
            number=demand.number, kind=demand.kind, status=None,
            submitted_at=demand.submitted_at, imported=demand.imported,
        )  # fmt: skip
    shows = publication.unreleased
    words = Shown.WORDS in shows
    return replace(
        demand,
        category=demand.category if Shown.CATEGORY in shows else None,
        place=demand.place if Shown.PLACE in shows else None,
        point=demand.point if Shown.POINT in shows else None,
        unit=demand.unit if Shown.UNIT in shows else None,
        channel=demand.channel if Shown.CHANNEL in shows else None,
        title=demand.title if words else None,
        text=demand.text if words else None,
        answer=demand.answer if Shown.ANSWER in shows else None,
        steps=seen_steps(publication, demand.kind, demand.steps),
    )


def seen_steps(publication: Publication, kind: RequestKind, steps: Iterable[PublicStep]) -> tuple[PublicStep, ...]:
    """The steps of a demand of this kind, as the public sees them."""
    if is_confidential(kind):
        return ()
    if Shown.ANSWER in publication.unreleased:
        return tuple(steps)
    return tuple(replace(step, words="") for step in steps)
