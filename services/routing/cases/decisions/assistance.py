"""Decides on the commands between the lead unit and the units that assist it; pure."""

from collections.abc import Sequence

from services.routing.cases import commands as c
from services.routing.cases.decisions.handling import files_of
from services.routing.cases.decisions.situation import Situation, illegal, invalid, require_units
from services.routing.cases.limits import assist_due
from shared.contracts.demand import facts as f


def assistance_requested(case: Situation, command: c.RequestAssistance) -> Sequence[f.Fact]:
    """The lead unit asks others for help; a unit that has not yet reported cannot be asked again. Raises `Refused`."""
    demand = case.demand
    require_units(case.pack, "units", command.units)
    if demand.unit in command.units:
        raise invalid("units", f"{demand.unit} leads this case", "主办单位不能同时协办")
    waiting = {part.unit for part in demand.assistance if part.asked_at and not part.reported_at}
    if asked_already := sorted(waiting & set(command.units)):
        en, zh = f"already asked: {', '.join(asked_already)}", f"已请求协办，尚未反馈：{'、'.join(asked_already)}"
        raise invalid("units", en, zh)
    units = tuple(dict.fromkeys(command.units))
    due_at = assist_due(demand, case.pack, case.at)
    return [f.AssistanceRequested(by=case.by.name, units=units, reason=command.reason, due_at=due_at)]


def assistance_accepted(case: Situation, command: c.AcceptAssistance) -> Sequence[f.Fact]:
    """An assisting unit signs for its part, once; raises `Refused`."""
    unit = _assisting_unit(case)
    if any(part.unit == unit and part.accepted_at and not part.reported_at for part in case.demand.assistance):
        raise illegal("your unit has already signed for its part", "本单位已经协办签收")
    return [f.AssistanceAccepted(by=case.by.name, unit=unit)]


def assistance_reported(case: Situation, command: c.ReportAssistance) -> Sequence[f.Fact]:
    """An assisting unit reports to the lead unit, which answers for all; raises `Refused`."""
    fact = f.AssistanceReported(
        by=case.by.name, unit=_assisting_unit(case), note=command.note, evidence=command.evidence, done=command.done
    )
    return [fact, *files_of(case, command.attachments)]


def _assisting_unit(case: Situation) -> str:
    if case.by.unit not in case.demand.assisting:
        raise illegal("your unit does not assist with this case", "本单位不是该诉求的协办单位")
    return case.by.unit


def assistance_ended(case: Situation, command: c.EndAssistance) -> Sequence[f.Fact]:
    """A unit assists no longer; raises `Refused` if it does not assist."""
    if command.unit not in case.demand.assisting:
        helpers = ", ".join(case.demand.assisting) or "none"
        raise invalid("unit", f"{command.unit} does not assist; helpers are: {helpers}", f"{command.unit} 不是协办单位")
    return [f.AssistanceEnded(by=case.by.name, unit=command.unit, reason=command.reason)]
