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
            if suggested:
                _known(pack, suggested, "suggested_unit")
            return [f.DemandReturned(by=by.name, reason=reason, suggested_unit=suggested)]
        case c.RouteDemand(unit=unit, assisting=assisting):
            for named in (unit, *assisting):
                _known(pack, named, "unit")
            return [assign(demand, pack, unit, f"dispatcher:{by.name}", limits_again(demand, pack), at, assisting)]
        case c.DeclineDemand(reason=reason, legal_basis=basis, instead=instead):
            return [f.DemandDeclined(reason=reason, legal_basis=basis, instead=instead)]
        case c.ProgressDemand(note=note, evidence=evidence):
            return [f.DemandProgressed(by=by.name, note=note, evidence=evidence)]
        case c.ResolveDemand(result=result, summary=summary, evidence=evidence):
            return [f.DemandResolved(by=by.name, result=result, summary=summary, evidence=evidence)]
        case never:
            assert_never(never)


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


def _known(pack: Pack, unit: str, field: str) -> None:
    if pack.unit(unit) is None:
        error = FieldError(field, f"单位 {unit!r} 不存在", f"there is no unit {unit!r}", pack.coordinator)
        raise Refused(Code.INVALID, f"{field}: {error.en}", error.zh, (error,))
