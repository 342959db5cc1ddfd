"""Routing decides what a member of staff may say about a demand."""

from datetime import datetime
from typing import assert_never

from services.routing.cases import commands as c
from services.routing.cases.permissions import permit
from services.routing.cases.policies import DISPATCHER, Limits, assign, clock_start, limits_again
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand
from shared.contracts.refusals import Code, FieldError, Refused
from shared.contracts.wording import masked
from shared.identity.person import Person
from shared.jurisdiction.pack import Pack
from shared.masking import MASKS


def decide(demand: Demand, command: c.RoutingCommand, by: Person, pack: Pack, at: datetime) -> list[f.StatusFact]:
    """The facts that follow from a command, naming no citizen; legality of the step is the table's business."""
    permit(demand, command, by, pack)
    match masked(command, MASKS):
        case c.AcceptDemand():
            return [f.DemandAccepted(by=by.name)]
        case c.ReturnDemand(reason=reason, suggested_unit=suggested):
            _returnable(demand, pack)
            _known(pack, "suggested_unit", suggested)
            return [f.DemandReturned(by=by.name, reason=reason, suggested_unit=suggested)]
        case c.RouteDemand() as route:
            return [_routed(demand, route, by, pack, at)]
        case c.ReclassifyDemand(category=category, reason=reason):
            return [_reclassified(demand, category, reason, by, pack, at)]
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


def _returnable(demand: Demand, pack: Pack) -> None:
    """What lies with the coordinator has nowhere to be returned to: the coordinator decides."""
    if demand.unit == pack.coordinator:
        en = "the demand lies with the coordinator, who decides: route it to a unit, resolve it or decline it"
        raise Refused(
            Code.ILLEGAL_TRANSITION, en, "该诉求由统筹单位决定：请派给责任单位、直接办结或不予受理，不能再退回"
        )


def _routed(demand: Demand, route: c.RouteDemand, by: Person, pack: Pack, at: datetime) -> f.DemandRouted:
    assisting = demand.assisting if route.assisting is None else route.assisting
    _known(pack, "unit", route.unit)
    _known(pack, "assisting", *assisting)
    limits = Limits(route.working_days, DISPATCHER) if route.working_days else limits_again(demand, pack)
    return assign(demand, pack, route.unit, f"dispatcher:{by.name}", limits, at, assisting)


def _reclassified(
    demand: Demand, category: str, reason: str, by: Person, pack: Pack, at: datetime
) -> f.DemandReclassified:
    if pack.category(category) is None:
        known = next(iter(pack.leaf_categories)).code
        en, zh = f"there is no category {category!r}; see GET /v1/jurisdictions", f"类别 {category!r} 不存在"
        raise Refused(Code.INVALID, f"category: {en}", zh, (FieldError("category", zh, en, known),))
    if category == demand.category:
        en, zh = f"the demand is about {category} already", f"该诉求的类别已是 {category}"
        raise Refused(Code.INVALID, f"category: {en}", zh, (FieldError("category", zh, en),))
    days, source = pack.limit_of(demand.division, category, demand.kind)
    return f.DemandReclassified(
        category=category,
        by=by.name,
        reason=reason,
        limit_days=days,
        limit_source=source,
        due_at=pack.due_at(clock_start(demand, at), days) if days else None,
    )


def _later(demand: Demand, days: int, pack: Pack, at: datetime) -> datetime:
    if demand.due_at is None:
        raise Refused(Code.ILLEGAL_TRANSITION, "the demand has no due time to extend", "该诉求没有办理期限，无需延期")
    if at > demand.due_at:
        day = pack.local_day(demand.due_at)
        raise Refused(Code.ILLEGAL_TRANSITION, f"it was due on {day}: too late to extend", f"已于{day}到期，不能再延期")
    if demand.extensions >= pack.max_extensions:
        en = f"the due time was moved {demand.extensions} times; this jurisdiction allows {pack.max_extensions}"
        raise Refused(Code.ILLEGAL_TRANSITION, en, f"已延期 {demand.extensions} 次，最多 {pack.max_extensions} 次")
    most = pack.max_extension_days or limits_again(demand, pack).days
    if most is not None and days > most:
        en, zh = f"at most {most} working days", f"最多延长 {most} 个工作日"
        error = FieldError("working_days", zh, en, str(most))
        raise Refused(Code.INVALID, f"working_days: {en}", zh, (error,))
    return pack.due_at(demand.due_at, days)


def _known(pack: Pack, field: str, *units: str | None) -> None:
    for unit in units:
        if unit and pack.unit(unit) is None:
            error = FieldError(field, f"单位 {unit!r} 不存在", f"there is no unit {unit!r}", pack.coordinator)
            raise Refused(Code.INVALID, f"{field}: {error.en}", error.zh, (error,))
