"""Decides what the public sees of a demand; every page and API without a key or code uses it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from shared.contracts.demand.facts import Location, Outcome, RequestKind
from shared.contracts.demand.state import Demand, Status, is_confidential
from shared.jurisdiction.parts import PackModel, Words
from shared.jurisdiction.release import ReleaseRules, declines


class PublicPart(StrEnum):
    """The parts of an unreleased demand that a pack may show, in addition to number, status and dates."""

    CATEGORY = "category"
    PLACE = "place"
    POINT = "point"
    UNIT = "unit"
    CHANNEL = "channel"
    WORDS = "words"
    ANSWER = "answer"


class PublicationRules(PackModel):
    """`unreleased` are the parts that the public sees before a release; `source` is the regulation, or "our choice".

    `release` says how demands are released; without it no demand is released.
    """

    unreleased: tuple[PublicPart, ...]
    source: Words
    release: ReleaseRules | None = None


RELEASED: Final = frozenset({PublicPart.CATEGORY, PublicPart.PLACE, PublicPart.WORDS, PublicPart.ANSWER})
"""The parts that a release shows in addition to those of unreleased demands."""
_WRITTEN: Final = frozenset({PublicPart.WORDS, PublicPart.ANSWER})


@dataclass(frozen=True, slots=True)
class Release:
    """The released texts of a demand; `edition` 1, 2, 3 … counts releases, corrections and withdrawals.

    `reopenings` is the number of reopenings before the answer: after a further reopening the answer is not valid.
    """

    edition: int
    title: str
    text: str = ""
    answer: str = ""
    reopenings: int = 0


@dataclass(frozen=True, slots=True)
class PublicStep:
    """One step of a demand; `words` is the unit's text for the public, or empty."""

    status: Status
    at: datetime
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicDemand:
    """A demand before or after `seen_by_public`, which sets everything that is not shown to None or empty.

    For a report (举报), `status` is None and `steps` is empty. `place` is a division's code, `point` is WGS-84 degrees.
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
    """Whether the citizen does not want publication, or the publication was withdrawn."""

    @classmethod
    def of(
        cls, demand: Demand, release: Release | None = None, withheld: bool = False, allowed: bool = False
    ) -> "PublicDemand":
        """From a service's state of a demand, which has no texts, points and releases. `allowed`: the citizen agreed to
        publication after the submission."""
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
        """Whether it is a report (举报), of which only the date of submission is shown."""
        return is_confidential(self.kind)


def seen_by_public(publication: PublicationRules, demand: PublicDemand) -> PublicDemand:
    """The demand with only the parts that the public may see: the released ones, and those that the pack always shows.

    Of a report (举报), only number, kind and date of submission are shown, in every pack. Texts and answer of a
    withheld demand are never shown.
    """
    if demand.confidential:
        return PublicDemand(
            number=demand.number, kind=demand.kind, status=None,
            submitted_at=demand.submitted_at, imported=demand.imported,
        )  # fmt: skip
    shows = shown_of(publication, demand)
    released = _with_release(demand)
    words = PublicPart.WORDS in shows
    return replace(
        released,
        category=demand.category if PublicPart.CATEGORY in shows else None,
        place=demand.place if PublicPart.PLACE in shows else None,
        point=demand.point if PublicPart.POINT in shows else None,
        unit=demand.unit if PublicPart.UNIT in shows else None,
        channel=demand.channel if PublicPart.CHANNEL in shows else None,
        title=released.title if words else None,
        text=released.text if words else None,
        answer=released.answer if PublicPart.ANSWER in shows else None,
        steps=released.steps if PublicPart.ANSWER in shows else _without_words(demand.steps),
        release=None if demand.withheld else demand.release,
    )


def shown_of(publication: PublicationRules, demand: PublicDemand) -> frozenset[PublicPart]:
    """The parts of a demand that the public sees; not for a report."""
    shows = frozenset(publication.unreleased)
    if demand.withheld:
        return shows - _WRITTEN
    return shows | RELEASED if demand.release else shows


def _with_release(demand: PublicDemand) -> PublicDemand:
    """The demand with the released texts in place of its own."""
    release = demand.release
    if release is None or demand.withheld:
        return demand
    is_valid = release.reopenings == (demand.reopenings or 0)
    answer = release.answer if is_valid else ""
    answers = [at for at, step in enumerate(demand.steps) if step.status is Status.RESOLVED]
    steps = list(_without_words(demand.steps))
    if answers and answer:
        steps[answers[-1]] = replace(steps[answers[-1]], words=answer)
    return replace(demand, title=release.title, text=release.text, answer=answer or None, steps=tuple(steps))


def _without_words(steps: Iterable[PublicStep]) -> tuple[PublicStep, ...]:
    return tuple(replace(step, words="") for step in steps)
