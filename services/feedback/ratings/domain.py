"""Decides how an answered demand ends: confirmed and closed, or reopened; pure."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.demand import facts as f
from shared.contracts.demand.lifecycle import continued, next_recorded
from shared.contracts.demand.state import Demand, Service, Status
from shared.contracts.examples import with_examples
from shared.contracts.refusals import Code, FieldError, Refused
from shared.contracts.text import Text, longest, shortened
from shared.contracts.wording import Masks, by_citizen, masked
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack
from shared.masking import MASKS

AWAITED: Final = (Status.RESOLVED, Status.DECLINED)
"""Statuses in which feedback waits for a verdict."""
Answer = Sequence[tuple[f.Fact, datetime]]


class RateDemand(BaseModel):
    """The citizen's verdict: five levels of satisfaction, and whether the matter is solved."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra=with_examples({"rating": 5, "solved": True, "comment": "很及时"})
    )

    rating: f.Rating
    solved: bool
    comment: Annotated[Text, Field(max_length=2000), by_citizen(4000)] = ""
    tags: f.Tags = ()

    def verdict(self, masks: Masks = MASKS) -> "Verdict":
        """The verdict of a citizen who used the link of a message, with the comment masked."""
        return Verdict(self.rating, self.solved, masked(self, masks).comment, tags=self.tags)


class Verdict(NamedTuple):
    """A citizen's verdict from any source, with the comment masked.

    `rating` is None if the citizen only said that the matter is not solved. `asked` says how the citizen was asked.
    `entered_by` is the member of staff who wrote the verdict down.
    """

    rating: int | None
    solved: bool
    comment: str
    asked: str = "link"
    entered_by: str | None = None
    tags: tuple[str, ...] = ()


def rate(demand: Demand, verdict: Verdict, pack: Pack) -> list[f.Fact]:
    """The facts that follow from a verdict.

    A citizen who is satisfied and whose matter is solved confirms the demand. The demand is reopened if the matter is
    not solved, if the citizen contests a refusal, or if the citizen is dissatisfied and the pack says so. At the last
    reopening that the pack allows, the demand is escalated to the coordinator; so is a bad verdict that cannot reopen
    it. Raises `Refused` if no verdict is awaited, or if this verdict has no effect.
    """
    _require_awaited(demand, verdict)
    wants_reopening = not verdict.solved or (is_dissatisfied(verdict.rating) and pack.dissatisfied == "reopen")
    if wants_reopening and pack.may_reopen(demand.reopenings):
        return _reopened(demand, verdict, pack)
    if demand.status is Status.DECLINED:
        raise Refused(
            Code.ILLEGAL_TRANSITION,
            f"the demand was reopened {demand.reopenings} times and the coordinator refused it: this decision is final",
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
    # The escalation comes first, because the verdict ends the demand.
    reason = shortened(_reason(verdict), longest(f.DemandEscalated, "reason") or 1000)
    return [f.DemandEscalated(to=pack.coordinator, reason=reason), confirmed]


def is_dissatisfied(rating: int | None) -> bool:
    """Whether the rating is 1 (非常不满意) or 2 (不满意), as GB/T 39734-2020 defines them."""
    return rating is not None and rating <= 2


def _require_awaited(demand: Demand, verdict: Verdict) -> None:
    if demand.status not in AWAITED:
        is_over = demand.status in (Status.CONFIRMED, Status.CLOSED, Status.WITHDRAWN)
        en = f"the demand is {demand.status}; only a demand that was answered can be rated"
        zh = "该诉求已结束，不能再评价；如果问题仍在，请重新提交诉求" if is_over else "该诉求正在办理，答复后再请您评价"
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
    # Routing holds the demand from here on, and its policy routes the demand to the coordinator.
    return [reopened, f.DemandEscalated(to=pack.coordinator, reason="not solved after the last reopening")]


def _reason(verdict: Verdict) -> str:
    """The reason that the unit reads: the citizen's comment; without a comment, or if the matter is solved, what the
    citizen ticked."""
    if not verdict.solved:
        return verdict.comment or "未解决，未填写原因 / not solved, no reason given"
    ticked = f"已解决，但不满意（{verdict.rating}分） / solved, but dissatisfied ({verdict.rating} of 5)"
    return f"{ticked}: {verdict.comment}" if verdict.comment else ticked


def close_at(demand: Demand, pack: Pack) -> datetime | None:
    """When a demand that waits for a verdict is closed without one; None if it does not wait."""
    if demand.status not in AWAITED or demand.updated_at is None:
        return None
    # No later fact keeps this status, so the last update is the answer.
    return pack.rated_until(demand.updated_at)


def ending(demand: Demand) -> f.DemandClosed | None:
    """The fact that closes a demand in its present status; None if feedback may not close it."""
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
    """The policy of feedback: it closes a demand after a verdict or a withdrawal. Imported history is closed at the
    time when it would have been closed here."""

    packs: Jurisdictions

    def __call__(self, demand: Demand, fact: f.Fact, at: datetime, now: datetime) -> Answer:
        if isinstance(fact, f.HistoryContinued):
            next_step = continued(demand, fact, Service.FEEDBACK)
            return (next_step,) if next_step else ()
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
        """A verdict that came by a channel counts as one that came by the link. Only the first verdict on an answer
        counts, and a verdict on an earlier answer does not count."""
        pack = self.packs.of_division(demand.division)
        if pack is None or demand.imported or fact.judged != demand.version:
            return ()
        verdict = Verdict(fact.rating, fact.solved, fact.comment, fact.asked, fact.entered_by, fact.tags)
        with suppress(Refused):
            return [(following, at) for following in rate(demand, verdict, pack)]
        return ()
