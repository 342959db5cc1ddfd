"""Decides on the commands of dispatchers: who answers a case, its category, its urgency, and merges; pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.routing.cases import commands as c
from services.routing.cases.decisions.situation import Situation, illegal, invalid, require_units
from services.routing.cases.decisions.timing import decider_name
from services.routing.cases.limits import (
    due_when_prioritized,
    due_when_reclassified,
    limits_by_dispatcher,
    limits_of,
)
from services.routing.cases.policies import assign, first_routing
from shared.contracts.demand import facts as f
from shared.contracts.demand.lifecycle import evolve
from shared.contracts.demand.state import OWED, Demand, Status


def routed(case: Situation, command: c.RouteDemand) -> Sequence[f.Fact]:
    """A dispatcher makes a unit responsible; raises `Refused`."""
    demand, pack = case.demand, case.pack
    assisting = demand.assisting if command.assisting is None else command.assisting
    require_units(pack, "unit", [command.unit])
    require_units(pack, "assisting", assisting)
    limits = limits_of(demand, pack)
    if command.working_days:
        limits = limits_by_dispatcher(limits, command.working_days)
    fact = assign(demand, pack, command.unit, f"dispatcher:{case.by.name}", limits, case.at, assisting)
    return [fact.model_copy(update={"by": case.by.name, "reason": command.reason or None})]


def reclassified(case: Situation, command: c.ReclassifyDemand) -> Sequence[f.Fact]:
    """A dispatcher corrects the category; the limits follow. A case in triage is routed if the catalogue can decide
    now. Raises `Refused`."""
    demand, pack = case.demand, case.pack
    if pack.category(command.category) is None:
        example = next(iter(pack.leaf_categories)).code
        raise invalid(
            "category",
            f"there is no category {command.category!r}; see GET /v1/jurisdictions",
            f"类别 {command.category!r} 不存在",
            example,
        )
    if command.category == demand.category:
        raise invalid(
            "category",
            f"the category of the demand is already {command.category}",
            f"该诉求的类别已是 {command.category}",
        )
    corrected = demand.model_copy(update={"category": command.category, "limit_source": None})
    limits = limits_of(corrected, pack)
    fact = f.DemandReclassified(
        category=command.category,
        by=case.by.name,
        reason=command.reason,
        limit_days=limits.resolve.working_days if limits.resolve else None,
        limit_source=limits.source,
        due_at=due_when_reclassified(demand, pack, limits, case.at),
    )
    if demand.status is not Status.TRIAGE:
        return [fact]
    routed_now = first_routing(evolve(demand, fact, case.at), pack, case.at, case.words)
    return [fact, routed_now] if isinstance(routed_now, f.DemandRouted) else [fact]


_RANKS: Final = {f.Urgency.ORDINARY: 0, f.Urgency.URGENT: 1, f.Urgency.CRITICAL: 2}


def prioritized(case: Situation, command: c.PrioritizeDemand) -> Sequence[f.Fact]:
    """A dispatcher corrects the urgency or the need for protection; the limits follow. Raises `Refused`."""
    demand = case.demand
    urgency = command.urgency or demand.urgency
    vulnerable = demand.vulnerable if command.vulnerable is None else command.vulnerable
    if (urgency, vulnerable) == (demand.urgency, demand.vulnerable):
        raise invalid(
            "urgency", "nothing would change: the demand already has these values", "没有变化：紧急程度和对象与现在相同"
        )
    is_lower = _RANKS[urgency] < _RANKS[demand.urgency] or (demand.vulnerable and not vulnerable)
    if is_lower and case.by.unit == demand.unit != case.pack.coordinator:
        decider = decider_name(case)
        raise illegal(
            f"a unit may not extend its own limits: ask {decider} to lower the urgency",
            f"降低紧急程度会延长办理时限，本单位不能自行办理，请联系上级单位（{decider}）",
        )
    limits, due = due_when_prioritized(demand, case.pack, urgency, vulnerable, case.at)
    fact = f.DemandPrioritized(
        by=case.by.name,
        urgency=urgency,
        vulnerable=vulnerable,
        reason=command.reason,
        limit_source=limits.source,
        due_at=due.resolve,
        sign_due_at=due.sign,
        contact_due_at=due.contact,
        extension_lapsed=_is_sooner(due.resolve, demand) and demand.extended_days > 0,
    )
    return [fact]


def _is_sooner(due_at: datetime | None, demand: Demand) -> bool:
    return due_at is not None and demand.due_at is not None and due_at < demand.due_at


def merged(case: Situation, command: c.MergeDemand) -> Sequence[f.Fact]:
    """A dispatcher merges the case into another one of the same jurisdiction, which still waits for its answer. Raises
    `Refused`."""
    demand, parent = case.demand, case.parent
    if parent is None:
        raise invalid("into", f"there is no demand {command.into}", f"没有编号为 {command.into} 的诉求")
    if parent.id == demand.id:
        raise invalid("into", "a demand cannot be merged into itself", "不能并入自身")
    if parent.jurisdiction != demand.jurisdiction:
        raise invalid("into", "that demand is of another jurisdiction", "不能并入其他辖区的诉求")
    if parent.parent is not None:
        raise invalid(
            "into",
            f"{parent.number} is merged into {parent.parent_number}: merge into that one",
            f"{parent.number} 已并入 {parent.parent_number}，请直接并入该诉求",
            parent.parent_number,
        )
    if parent.status not in OWED:
        raise invalid(
            "into", f"{parent.number} is {parent.status}: it is already answered", "对方诉求已经答复，不能并入"
        )
    fact = f.DemandMerged(parent=parent.id, parent_number=parent.number, by=case.by.name, reason=command.reason)
    return [fact]


def unmerged(case: Situation, command: c.UnmergeDemand) -> Sequence[f.Fact]:
    """A dispatcher undoes a merge: the case goes back to its unit; if it had none, it waits in triage."""
    demand = case.demand
    if demand.parent is None:
        raise illegal("the demand is not merged with another one", "该诉求没有并单")
    facts: list[f.Fact] = [f.DemandUnmerged(by=case.by.name, reason=command.reason)]
    if demand.unit:
        facts.append(_alone(demand, case))
    return facts


def _alone(demand: Demand, case: Situation) -> f.DemandRouted:
    limits = limits_of(demand, case.pack)
    unit = demand.unit or case.pack.coordinator
    fact = assign(demand, case.pack, unit, f"unmerged:{case.by.name}", limits, case.at, demand.assisting)
    return fact.model_copy(update={"by": case.by.name})
