"""What the public sees of a demand: one decision, which every door that needs no key and no code asks."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from shared.contracts.demand.facts import Location, Outcome, RequestKind
from shared.contracts.demand.state import Demand, Status, is_confidential
from shared.jurisdiction.parts import Part, Words
from shared.jurisdiction.release import ReleaseRules, declines


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
    """`unreleased` is what anybody sees before a demand is released; `source` is the rule, or "our choice".

    `release` says how demands are released; without it none is.
    """

    unreleased: tuple[Shown, ...]
    source: Words
    release: ReleaseRules | None = None


RELEASED: Final = frozenset({Shown.CATEGORY, Shown.PLACE, Shown.WORDS, Shown.ANSWER})
"""What a release shows beside what is shown of every demand."""
_WRITTEN: Final = frozenset({Shown.WORDS, Shown.ANSWER})


@dataclass(frozen=True, slots=True)
class Release:
    """What was released of a demand: `edition` 1, 2, 3 … counts releases, corrections and withdrawals.

    `reopenings` are those of the demand when it was answered so: after another one the answer stands no longer.
    """

    edition: int
    title: str
    text: str = ""
    answer: str = ""
    reopenings: int = 0


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
    release: Release | None = None
    withheld: bool = False
    """Whether its citizen wants nothing published, or what was published was taken back."""

    @classmethod
    def of(
        cls, demand: Demand, release: Release | None = None, withheld: bool = False, allowed: bool = False
    ) -> "PublicDemand":
        """What a service's own copy of a demand knows of it; words, points and releases lie elsewhere. `allowed`: its
        citizen agreed after the submission."""
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
            release=release,
            withheld=declines(demand.may_publish, withheld, allowed),
        )

    @property
    def confidential(self) -> bool:
        """Whether it is a report (举报), of which nothing is shown but that it was raised, and when."""
        return is_confidential(self.kind)


def seen_by_public(publication: Publication, demand: PublicDemand) -> PublicDemand:
    """What anybody may see of a demand: what was released of it, and what the pack shows of every demand.

    A report (举报) keeps its number, its kind and when it was raised, whatever the pack says. Words and answer of a
    demand that is withheld are never shown.
    """
    if demand.confidential:
        return PublicDemand(
            number=demand.number, kind=demand.kind, status=None,
            submitted_at=demand.submitted_at, imported=demand.imported,
        )  # fmt: skip
    shows = shown_of(publication, demand)
    written = _as_released(demand)
    words = Shown.WORDS in shows
    return replace(
        written,
        category=demand.category if Shown.CATEGORY in shows else None,
        place=demand.place if Shown.PLACE in shows else None,
        point=demand.point if Shown.POINT in shows else None,
        unit=demand.unit if Shown.UNIT in shows else None,
        channel=demand.channel if Shown.CHANNEL in shows else None,
        title=written.title if words else None,
        text=written.text if words else None,
        answer=written.answer if Shown.ANSWER in shows else None,
        steps=written.steps if Shown.ANSWER in shows else _without_words(demand.steps),
        release=None if demand.withheld else demand.release,
    )


def shown_of(publication: Publication, demand: PublicDemand) -> frozenset[Shown]:
    """Which parts of a demand that is no report anybody sees."""
    shows = frozenset(publication.unreleased)
    if demand.withheld:
        return shows - _WRITTEN
    return shows | RELEASED if demand.release else shows


def _as_released(demand: PublicDemand) -> PublicDemand:
    """The words and the answer that were released, in place of those that a service knows."""
    release = demand.release
    if release is None or demand.withheld:
        return demand
    stands = release.reopenings == (demand.reopenings or 0)
    answer = release.answer if stands else ""
    answers = [at for at, step in enumerate(demand.steps) if step.status is Status.RESOLVED]
    steps = list(_without_words(demand.steps))
    if answers and answer:
        steps[answers[-1]] = replace(steps[answers[-1]], words=answer)
    return replace(demand, title=release.title, text=release.text, answer=answer or None, steps=tuple(steps))


def _without_words(steps: Iterable[PublicStep]) -> tuple[PublicStep, ...]:
    return tuple(replace(step, words="") for step in steps)
