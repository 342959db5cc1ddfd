"""Feedback decides how a resolved demand ends: confirmed and closed, or reopened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts import facts as f
from shared.contracts.demand import Demand, Service, Status
from shared.contracts.examples import shown
from shared.contracts.lifecycle import next_recorded
from shared.contracts.refusals import Code, Refused
from shared.contracts.text import READABLE, longest
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack
from shared.masking import mask

Answer = Sequence[tuple[f.Fact, datetime]]


class RateDemand(BaseModel):
    """The citizen's verdict: five levels of satisfaction, and whether the matter is solved."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra=shown({"rating": 5, "solved": True, "comment": "很及时"})
    )

    rating: f.Rating
    solved: bool
    comment: Annotated[str, Field(max_length=2000), READABLE] = ""


def rate(demand: Demand, verdict: RateDemand, pack: Pack, asked: str) -> list[f.Fact]:
    """Solved: confirmed. Not solved: reopened, until too often; then the coordinator hears of it."""
    if demand.status is not Status.RESOLVED:
        raise Refused(
            Code.ILLEGAL_TRANSITION,
            f"the demand is {demand.status}; only a resolved demand can be rated",
            "该诉求当前不在待评价状态，可能已经评价过",
        )
    said = mask(verdict.comment)[: longest(f.DemandConfirmed, "comment")]
    confirmed = f.DemandConfirmed(rating=verdict.rating, solved=verdict.solved, comment=said, asked=asked)
    if verdict.solved:
        return [confirmed]
    if demand.reopenings < pack.max_reopenings:
        return [f.DemandReopened(reason=said or "not solved", rating=verdict.rating)]
    return [confirmed, f.DemandEscalated(to=pack.coordinator, reason="not solved after the last reopening")]


def close_at(demand: Demand, pack: Pack) -> datetime | None:
    """When a demand that waits for the citizen is closed, if nothing comes."""
    if demand.status not in (Status.RESOLVED, Status.DECLINED) or demand.updated_at is None:
        return None
    return (demand.resolved_at or demand.updated_at) + timedelta(days=pack.rate_within_days)


def ending(demand: Demand) -> f.DemandClosed | None:
    """The end of a demand at a status that feedback may end."""
    match demand.status:
        case Status.CONFIRMED:
            return f.DemandClosed(outcome=f.Outcome.CONFIRMED if demand.solved else f.Outcome.DISPUTED)
        case Status.WITHDRAWN:
            return f.DemandClosed(outcome=f.Outcome.WITHDRAWN)
        case Status.RESOLVED:
            return f.DemandClosed(outcome=f.Outcome.UNRATED)
        case Status.DECLINED:
            return f.DemandClosed(outcome=f.Outcome.DECLINED)
        case _:
            return None


@dataclass(frozen=True, slots=True)
class Reaction:
    """Whenever a verdict or a withdrawal is known, the demand ends; history ends when it would have ended."""

    packs: Jurisdictions

    def __call__(self, demand: Demand, fact: f.Fact, at: datetime, now: datetime) -> Answer:
        if not isinstance(fact, f.StatusFact):
            return ()
        recorded = next_recorded(demand, Service.FEEDBACK)
        if recorded:
            return (recorded,)
        end = ending(demand)
        if end is None:
            return ()
        if demand.status in (Status.CONFIRMED, Status.WITHDRAWN):
            return ((end, at if demand.imported else max(at, now)),)
        pack = self.packs.of_division(demand.division)
        due = close_at(demand, pack) if pack and demand.imported else None
        return ((end, due),) if due and due <= now else ()
