"""Makes the answer about a similar demand of somebody else: what the public sees of it, and why it is similar."""

from datetime import datetime
from typing import Final

from pydantic import BaseModel, Field

from services.intake.publications.queries import Published
from services.intake.similar.scoring import Aspect, Reason, ScoredCandidate
from shared.contracts.demand.state import Demand, Status
from shared.jurisdiction.publication import PublicationRules, PublicDemand, PublicPart, seen_by_public, shown_of

_NEAR: Final = ((300, 1.0), (1000, 0.5))
_FAR: Final = 0.2
"""If exact points are not public: up to so many metres a demand counts as near, and only that is shown."""


class Why(BaseModel):
    """A part of the score, from 0 to 1."""

    aspect: Aspect
    value: float
    zh: str
    en: str


class Like(BaseModel):
    """An open demand that may be the same."""

    number: str
    title: str | None = Field(description="null where the jurisdiction does not publish words")
    category: str | None
    status: Status
    division: str | None
    distance_m: int | None = Field(description="null where the jurisdiction does not publish exact points")
    raised: datetime
    score: float = Field(ge=0, le=1)
    reasons: list[Why]


def like(publication: PublicationRules, match: ScoredCandidate, demand: Demand, published: Published) -> Like:
    """The demand as the public sees it, with reasons that disclose no more than that."""
    public_demand = PublicDemand.of(demand, published.release, published.withheld, published.allowed)
    visible, public_parts = seen_by_public(publication, public_demand), shown_of(publication, public_demand)
    exact = PublicPart.POINT in public_parts
    # With a score of three decimals the distance could be computed from it.
    score = round(match.score, 3 if exact else 1)
    return Like(
        number=visible.number,
        title=visible.title,
        category=visible.category,
        status=demand.status,
        division=visible.place,
        distance_m=round(match.distance_m) if exact and match.distance_m is not None else None,
        raised=match.candidate.raised_at,
        score=score,
        reasons=[
            _why(public_reason)
            for reason in match.reasons
            if (public_reason := _public_reason(public_parts, reason, match.distance_m))
        ],
    )


def _public_reason(public_parts: frozenset[PublicPart], reason: Reason, distance: float | None) -> Reason | None:
    match reason.aspect:
        case Aspect.WORDING if PublicPart.WORDS not in public_parts:
            # The phrases in common would show the caller parts of the other demand's text.
            return Reason(reason.aspect, reason.value, "用词相近", "similar words")
        case Aspect.PLACE if PublicPart.PLACE not in public_parts:
            return None
        case Aspect.PLACE if PublicPart.POINT not in public_parts and distance is not None:
            return _about(distance)
        case _:
            return reason


def _about(distance: float) -> Reason:
    for metres, value in _NEAR:
        if distance <= metres:
            return Reason(Aspect.PLACE, value, f"相距不超过{metres}米", f"no more than {metres} m away")
    return Reason(Aspect.PLACE, _FAR, f"相距超过{_NEAR[-1][0]}米", f"more than {_NEAR[-1][0]} m away")


def _why(reason: Reason) -> Why:
    return Why(aspect=reason.aspect, value=round(reason.value, 3), zh=reason.zh, en=reason.en)
