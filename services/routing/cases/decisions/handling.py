"""Decides on the commands of the lead unit about its case; pure."""

from collections.abc import Sequence

from services.routing.cases import commands as c
from services.routing.cases.decisions.situation import Situation, illegal, invalid, require_units
from services.routing.cases.limits import limits_of, resumed
from services.routing.cases.policies import assign
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Status


def accepted(case: Situation, command: c.AcceptDemand) -> Sequence[f.Fact]:
    """The unit signs for the case; the person who signs becomes its handler."""
    return [f.DemandAccepted(by=case.by.name, by_subject=case.by.subject)]


def assigned(case: Situation, command: c.AssignDemand) -> Sequence[f.Fact]:
    """The unit names the handler of the case; raises `Refused` if it is the present one."""
    subject = case.by.subject if command.handler == case.by.name else None
    if command.handler == case.demand.handler and subject in (None, case.demand.handler_subject):
        raise invalid("handler", f"{command.handler} already handles this demand", f"经办人已是 {command.handler}")
    return [f.DemandAssigned(by=case.by.name, handler=command.handler, handler_subject=subject)]


def returned(case: Situation, command: c.ReturnDemand) -> Sequence[f.Fact]:
    """The unit returns the case. The coordinator cannot: the coordinator is who decides. Raises `Refused`."""
    demand, pack = case.demand, case.pack
    if demand.unit == pack.coordinator:
        raise illegal(
            "the coordinator has the demand and must decide: route it to a unit, resolve it or decline it",
            "该诉求由统筹单位决定：请派给责任单位、直接办结或不予受理，不能再退回",
        )
    window = pack.handling.returning.window
    is_late = window and demand.routed_at and case.at > pack.end_of(window, demand.routed_at)
    if is_late and case.by.unit != pack.coordinator:
        raise illegal(
            "the time in which a unit may return a demand is over: handle it, or ask the coordinator to route it",
            "已超过可退单的时限：请继续办理，或请统筹单位改派",
        )
    require_units(pack, "suggested_unit", [command.suggested_unit])
    if command.suggested_unit == demand.unit:
        raise invalid(
            "suggested_unit",
            f"{demand.unit} has the demand now: name another unit, or {pack.coordinator}",
            "不能退给本单位：请填写其他单位，不清楚时填统筹单位",
            pack.coordinator,
        )
    fact = f.DemandReturned(by=case.by.name, reason=command.reason, suggested_unit=command.suggested_unit)
    return [fact]


def transferred(case: Situation, command: c.TransferDemand) -> Sequence[f.Fact]:
    """Another unit takes over. A unit that had the case before cannot: then the coordinator has to decide. Raises
    `Refused`."""
    demand, pack = case.demand, case.pack
    require_units(pack, "unit", [command.unit])
    if command.unit in demand.units:
        raise invalid(
            "unit",
            f"{command.unit} has had this case before: return it, and the coordinator decides",
            "该单位曾经办理过本件，请改用“退单”，由统筹单位决定",
            pack.coordinator,
        )
    return [_routed_by_unit(case, command.unit, "transfer", command.reason, demand.assisting)]


def moved_up(case: Situation, command: c.MoveUpDemand) -> Sequence[f.Fact]:
    """The unit above takes over, and the present unit goes on to assist. Raises `Refused` if there is no unit above."""
    demand, pack = case.demand, case.pack
    units_above = pack.units_above(demand.unit or "")
    if not units_above:
        raise illegal("there is no unit above the coordinator", "统筹单位之上没有上级单位，无法提级")
    helpers = (*demand.assisting, *([demand.unit] if demand.unit else []))
    escalated = f.DemandEscalated(to=units_above[0], reason=command.reason)
    return [_routed_by_unit(case, units_above[0], "moved-up", command.reason, helpers), escalated]


def _routed_by_unit(case: Situation, unit: str, how: str, reason: str, helpers: Sequence[str]) -> f.DemandRouted:
    limits = limits_of(case.demand, case.pack)
    routed = assign(case.demand, case.pack, unit, f"{how}:{case.by.name}", limits, case.at, tuple(helpers))
    return routed.model_copy(update={"by": case.by.name, "reason": reason})


def declined(case: Situation, command: c.DeclineDemand) -> Sequence[f.Fact]:
    """The unit declines the demand, with a text for the citizen."""
    return [
        f.DemandDeclined(
            reason=command.reason, legal_basis=command.legal_basis, instead=command.instead, by=case.by.name
        )
    ]


def contacted(case: Situation, command: c.ContactCitizen) -> Sequence[f.Fact]:
    """The unit spoke with the citizen, or tried to. On a listed case this lets the clock run again."""
    fact = f.DemandContacted(by=case.by.name, note=command.note, reached=command.reached)
    return [*_resumed_if_listed(case), fact, *files_of(case, command.attachments, f.EvidenceKind.CONTACT)]


def progressed(case: Situation, command: c.ProgressDemand) -> Sequence[f.Fact]:
    """The unit reports progress. On a listed case this lets the clock run again."""
    fact = f.DemandProgressed(by=case.by.name, note=command.note, evidence=command.evidence)
    return [*_resumed_if_listed(case), fact, *files_of(case, command.attachments)]


def _resumed_if_listed(case: Situation) -> Sequence[f.Fact]:
    is_listed = case.demand.status is Status.LISTED and case.demand.paused_at is not None
    return [resumed(case.demand, case.pack, case.at, case.by.name)] if is_listed else []


def files_of(
    case: Situation, attachments: tuple[str, ...], kind: f.EvidenceKind = f.EvidenceKind.HANDLING
) -> Sequence[f.Fact]:
    """The fact for the files that came with a command. It is a note between offices: citizens are not shown the
    files."""
    if not attachments:
        return []
    return [f.EvidenceAttached(by=case.by.name, unit=case.by.unit, kind=kind, attachments=attachments)]


def noted(case: Situation, command: c.WriteNote) -> Sequence[f.Fact]:
    """A person writes an internal note."""
    return [f.DemandNoted(by=case.by.name, unit=case.by.unit, text=command.text)]


def attached(case: Situation, command: c.AttachEvidence) -> Sequence[f.Fact]:
    """A person adds files or references as evidence; raises `Refused` if there is neither."""
    if not (command.attachments or command.evidence):
        raise invalid(
            "attachments",
            "name at least one file in attachments, or a reference in evidence",
            "请至少添加一个文件或一条依据",
        )
    fact = f.EvidenceAttached(
        by=case.by.name,
        unit=case.by.unit,
        kind=command.kind,
        note=command.note,
        attachments=command.attachments,
        evidence=command.evidence,
    )
    return [fact]


def listed(case: Situation, command: c.ListDemand) -> Sequence[f.Fact]:
    """The unit puts the case on a list of the jurisdiction; raises `Refused` if there is no such list."""
    levels = [level.level for level in case.pack.list_levels]
    if command.level not in levels:
        lists = ", ".join(levels) or "none"
        raise invalid(
            "level", f"there is no list {command.level!r}; lists are: {lists}", f"没有“{command.level}”清单", lists
        )
    fact = f.DemandListed(level=command.level, project=command.project, reason=command.reason, by=case.by.name)
    return [fact]


def answered(case: Situation, command: c.ResolveDemand) -> Sequence[f.Fact]:
    """The unit answers the demand. If the pack asks for it, the unit must have reached the citizen before, or say why
    it could not, and must give evidence. Raises `Refused`."""
    demand, handling = case.demand, case.pack.handling
    if demand.status is Status.MERGED:
        raise illegal(
            f"this demand is answered together with {demand.parent_number}: answer that one, or undo the merge first",
            f"该诉求已并入 {demand.parent_number}，随其一并办结；需单独办结请先取消并单",
        )
    if handling.contact.required and demand.contact and demand.contacted_at is None and not command.not_contacted:
        raise invalid(
            "not_contacted",
            "nobody has reached the citizen: contact them first, or say here why it was not possible",
            "尚未联系到群众：请先联系，或在此说明未能联系的原因",
            "电话三次无人接听",
        )
    if handling.resolving.evidence_required and not (command.evidence or command.attachments):
        raise invalid(
            "evidence",
            "this jurisdiction requires evidence of the result: add a file or a reference",
            "办结时须提供佐证材料",
        )
    fact = f.DemandResolved(
        by=case.by.name,
        result=command.result,
        summary=command.summary,
        evidence=command.evidence,
        attachments=command.attachments if command.show_files else (),
        not_contacted=command.not_contacted,
    )
    return [fact] if command.show_files else [fact, *files_of(case, command.attachments)]
