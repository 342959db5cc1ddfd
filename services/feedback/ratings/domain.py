"""Feedback decides how a demand that was answered ends: confirmed and closed, or reopened."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.demand import facts as f
from shared.contracts.demand.lifecycle import continued, next_recorded
from shared.contracts.demand.state import Demand, Service, Status
from shared.contracts.examples import shown
from shared.contracts.refusals import Code, FieldError, Refused
from shared.contracts.text import Text, longest, shortened
from shared.contracts.wording import Masks, by_citizen, masked
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack
from shared.masking import MASKS

AWAITED: Final = (Status.RESOLVED, Status.DECLINED)
"""Where a verdict is awaited."""
Answer = Sequence[tuple[f.Fact, datetime]]


class RateDemand(BaseModel):
    """The citizen's verdict: five levels of satisfaction, and whether the matter is solved."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra=shown({"rating": 5, "solved": True, "comment": "很及时"})
    )

    rating: f.Rating
    solved: bool
    comment: Annotated[Text, Field(max_length=2000), by_citizen(4000)] = ""
    tags: f.Tags = ()

    def verdict(self, masks: Masks = MASKS) -> "Verdict":
        """The verdict of whoever came by the link of a message, its words masked."""
        return Verdict(self.rating, self.solved, masked(self, masks).comment, tags=self.tags)


class Verdict(NamedTuple):
    """What the citizen judged, however it came; the words are masked. `rating` is None where the citizen said no more
    than that it is not solved. `entered_by` is the member of staff who wrote it down."""

    rating: int | None
    solved: bool
    comment: str
    asked: str = "link"
    entered_by: str | None = None
    tags: tuple[str, ...] = ()


def rate(demand: Demand, verdict: Verdict, pack: Pack) -> list[f.Fact]:
    """Satisfied and solved: confirmed. Not solved, refused wrongly, or dissatisfied where the pack says so: reopened.

    The last time the coordinator must answer. A bad verdict that reopens nothing is told to the coordinator. Raises
    `Refused` where no verdict is awaited, or where this one says nothing that could be done.
    """
    _awaited(demand, verdict)
    again = not verdict.solved or (is_dissatisfied(verdict.rating) and pack.dissatisfied == "reopen")
    if again and pack.may_reopen(demand.reopenings):
        return _reopened(demand, verdict, pack)
    if demand.status is Status.DECLINED:
        raise Refused(
            Code.ILLEGAL_TRANSITION,
            f"the demand was reopened {demand.reopenings} times and the coordinator refused it: that is the last word",
            "该诉求已多次重新办理，并由统筹单位最终答复，不能再次申请",
        )
    if verdict.rating is None:
        en, zh = "say how satisfied the citizen is, 1 to 5", "请说明满意程度（1至5）"
        raise Refused(Code.INVALID, en, zh, (FieldError("rating", zh, en, "1"),))
    confirmed = f.DemandConfirmed(
        rating=verdict.rating,
        solved=verdict.solved,
        comment=verdict.comment,
        asked=verdict.asked,
        entered_by=verdict.entered_by,
        tags=verdict.tags,
    )
    if verdict.solved and not is_dissatisfied(verdict.rating):
        return [confirmed]
    # First, since the verdict ends the demand.
    reason = shortened(_reason(verdict), longest(f.DemandEscalated, "reason") or 1000)
    return [f.DemandEscalated(to=pack.coordinator, reason=reason), confirmed]


def is_dissatisfied(rating: int | None) -> bool:
    """1 非常不满意 or 2 不满意 (GB/T 39734-2020)."""
    return rating is not None and rating <= 2


def _awaited(demand: Demand, verdict: Verdict) -> None:
    if demand.status not in AWAITED:
        over = demand.status in (Status.CONFIRMED, Status.CLOSED, Status.WITHDRAWN)
        en = f"the demand is {demand.status}; only a demand that was answered can be rated"
        zh = "该诉求已结束，不能再评价；如果问题仍在，请重新提交诉求" if over else "该诉求正在办理，答复后再请您评价"
        raise Refused(Code.ILLEGAL_TRANSITION, en, zh, (FieldError("status", zh, en, Status.RESOLVED),))
    if demand.status is Status.DECLINED and verdict.solved:
        en = "the demand was declined: disagree with `solved` false, or leave it as it is"
        zh = "该诉求不予受理；如有异议请选择“未解决”，否则无需操作"
        raise Refused(Code.ILLEGAL_TRANSITION, en, zh, (FieldError("solved", zh, en, "false"),))


def _reopened(demand: Demand, verdict: Verdict, pack: Pack) -> list[f.Fact]:
    reopened = f.DemandReopened(
        reason=_reason(verdict),
        rating=verdict.rating,
        asked=verdict.asked,
        entered_by=verdict.entered_by,
        tags=verdict.tags,
    )
    if demand.reopenings < pack.max_reopenings:
        return [reopened]
    # Routing, which holds the demand from here on, gives what was reopened so often to the coordinator.
    return [reopened, f.DemandEscalated(to=pack.coordinator, reason="not solved after the last reopening")]


def _reason(verdict: Verdict) -> str:
    """The citizen's words for the unit; where there are none, or they say that it is solved, what was ticked."""
    if not verdict.solved:
        return verdict.comment or "未解决，未填写原因 / not solved, without words"
    ticked = f"已解决，但不满意（{verdict.rating}分） / solved, but dissatisfied ({verdict.rating} of 5)"
    return f"{ticked}: {verdict.comment}" if verdict.comment else ticked


def close_at(demand: Demand, pack: Pack) -> datetime | None:
    """When a demand that waits for the citizen is closed, if nothing comes."""
    if demand.status not in AWAITED or demand.updated_at is None:
        return None
    # No fact leaves a demand at such a status: it was answered when it was updated.
    return pack.rated_until(demand.updated_at)


def ending(demand: Demand) -> f.DemandClosed | None:
    """The end of a demand at a status that feedback may end."""
    match demand.status:
        case Status.CONFIRMED:
            satisfied = demand.solved and not is_dissatisfied(demand.rating or 5)
            return f.DemandClosed(outcome=f.Outcome.CONFIRMED if satisfied else f.Outcome.DISPUTED)
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
        if isinstance(fact, f.HistoryContinued):
            further = continued(demand, fact, Service.FEEDBACK)
            return (further,) if further else ()
        if isinstance(fact, f.VerdictGiven):
            return self._on_verdict(demand, fact, max(at, now))
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

    def _on_verdict(self, demand: Demand, fact: f.VerdictGiven, at: datetime) -> Answer:
        """Whenever a citizen judges an answer by a channel, it counts as a verdict by the link does. The first one on
        an answer counts, whichever way it came; one on an answer before the last counts no more."""
        pack = self.packs.of_division(demand.division)
        if pack is None or demand.imported or fact.judged != demand.version:
            return ()
        verdict = Verdict(fact.rating, fact.solved, fact.comment, fact.asked, fact.entered_by, fact.tags)
        with suppress(Refused):
            return [(told, at) for told in rate(demand, verdict, pack)]
        return ()
