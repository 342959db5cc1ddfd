"""Routing decides what a member of staff may say about a demand."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, assert_never

from services.routing import commands as c
from services.routing.policies import assign, limits_again
from shared.contracts import facts as f
from shared.contracts.demand import Demand
from shared.contracts.refusals import Code, FieldError, Refused
from shared.jurisdiction.pack import Pack
from shared.masking import mask_answer

# What staff write, and how long a fact lets it be: a mask may be longer than what it hides.
_WORDS: Final = {"instead": None, "legal_basis": None, "note": 4000, "reason": 1000, "result": 4000, "summary": 4000}


@dataclass(frozen=True, slots=True)
class Staff:
    """Who asks: a person at a unit; the coordinator's people act for every unit."""

    name: str
    unit: str


def decide(demand: Demand, command: c.RoutingCommand, by: Staff, pack: Pack, at: datetime) -> list[f.StatusFact]:
    """The facts that follow from a command, naming no citizen; legality of the step is the table's business."""
    _entitled(demand, command, by, pack)
    match masked(command):
        case c.AcceptDemand():
            return [f.DemandAccepted(by=by.name)]
        case c.ReturnDemand(reason=reason, suggested_unit=suggested):
            _known(pack, "suggested_unit", suggested)
            return [f.DemandReturned(by=by.name, reason=reason, suggested_unit=suggested)]
        case c.RouteDemand(unit=unit, assisting=assisting):
            _known(pack, "unit", unit, *assisting)
            return [assign(demand, pack, unit, f"dispatcher:{by.name}", limits_again(demand, pack), at, assisting)]
        case c.DeclineDemand(reason=reason, legal_basis=basis, instead=instead):
            return [f.DemandDeclined(reason=reason, legal_basis=basis, instead=instead)]
        case c.ContactCitizen(note=note):
            return [f.DemandContacted(by=by.name, note=note)]
        case c.ExtendDemand(working_days=days, reason=reason, approved_by=approved_by):
            return [f.DemandExtended(due_at=_later(demand, days, pack, at), reason=reason, approved_by=approved_by)]
        case c.ProgressDemand(note=note, evidence=evidence):
            return [f.DemandProgressed(by=by.name, note=note, evidence=evidence)]
        case c.ResolveDemand(result=result, summary=summary, evidence=evidence):
            return [f.DemandResolved(by=by.name, result=result, summary=summary, evidence=evidence)]
        case never:
            assert_never(never)


def _later(demand: Demand, days: int, pack: Pack, at: datetime) -> datetime:
    if demand.due_at is None:
        raise Refused(Code.ILLEGAL_TRANSITION, "the demand has no due time to extend", "该诉求没有办理期限，无需延期")
    if at > demand.due_at:
        day = pack.local_day(demand.due_at)
        raise Refused(Code.ILLEGAL_TRANSITION, f"it was due on {day}: too late to extend", f"已于{day}到期，不能再延期")
    return pack.due_at(demand.due_at, days)


def masked(command: c.RoutingCommand) -> c.RoutingCommand:
    """The command without what would name a citizen."""
    said = {name: mask_answer(words)[:limit] for name, limit in _WORDS.items() if (words := getattr(command, name, ""))}
    return command.model_copy(update=said)


def _entitled(demand: Demand, command: c.RoutingCommand, by: Staff, pack: Pack) -> None:
    if by.unit == pack.coordinator:
        return
    if isinstance(command, c.RouteDemand):
        raise Refused(Code.FORBIDDEN, "only the coordinator's people dispatch", "仅统筹单位可以派单")
    if demand.unit != by.unit:
        raise Refused(Code.FORBIDDEN, f"this demand lies with {demand.unit}, not {by.unit}", "该诉求不由本单位办理")


def _known(pack: Pack, field: str, *units: str | None) -> None:
    for unit in units:
        if unit and pack.unit(unit) is None:
            error = FieldError(field, f"单位 {unit!r} 不存在", f"there is no unit {unit!r}", pack.coordinator)
            raise Refused(Code.INVALID, f"{field}: {error.en}", error.zh, (error,))
