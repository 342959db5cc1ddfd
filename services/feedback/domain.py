"""Feedback decides how a demand that was answered ends: confirmed and closed, or reopened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts import facts as f
from shared.contracts.demand import Demand, Service, Status
from shared.contracts.examples import shown
from shared.contracts.lifecycle import next_recorded
from shared.contracts.refusals import Code, FieldError, Refused
from shared.contracts.text import Text, longest
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
    comment: Annotated[Text, Field(max_length=2000)] = ""


def rate(demand: Demand, verdict: RateDemand, pack: Pack, asked: str) -> list[f.Fact]:
    """Solved: confirmed. Not solved, or refused wrongly: reopened; the last time the coordinator must answer."""
    _awaited(demand, verdict)
    said = mask(verdict.comment)[: longest(f.DemandConfirmed, "comment")]
    if not verdict.solved and demand.reopenings <= pack.max_reopenings:
        return _reopened(demand, said, verdict.rating, pack)
    if demand.status is Status.DECLINED:
        raise Refused(
            Code.ILLEGAL_TRANSITION,
            f"the demand was reopened {demand.reopenings} times and the coordinator refused it: that is the last word",
            "该诉求已多次重新办理，并由统筹单位最终答复，不能再次申请",
        )
    return [f.DemandConfirmed(rating=verdict.rating, solved=verdict.solved, comment=said, asked=asked)]


def _awaited(demand: Demand, verdict: RateDemand) -> None:
    if demand.status not in (Status.RESOLVED, Status.DECLINED):
        en = f"the demand is {demand.status}; only a demand that was answered can be rated"
        zh = "该诉求当前不在待评价状态，可能已经评价过"
        raise Refused(Code.ILLEGAL_TRANSITION, en, zh, (FieldError("status", zh, en, Status.RESOLVED),))
    if demand.status is Status.DECLINED and verdict.solved:
        en = "the demand was declined: disagree with `solved` false, or leave it as it is"
        zh = "该诉求不予受理；如有异议请选择“未解决”，否则无需操作"
        raise Refused(Code.ILLEGAL_TRANSITION, en, zh, (FieldError("solved", zh, en, "false"),))


def _reopened(demand: Demand, said: str, rating: int, pack: Pack) -> list[f.Fact]:
    reopened = f.DemandReopened(reason=said or "not solved", rating=rating)
    if demand.reopenings < pack.max_reopenings:
        return [reopened]
    # Routing, which holds the demand from here on, gives what was reopened so often to the coordinator.
    return [reopened, f.DemandEscalated(to=pack.coordinator, reason="not solved after the last reopening")]


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
