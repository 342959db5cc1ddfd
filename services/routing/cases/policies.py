"""Decides what routing does by itself after a fact: it routes, triages or withdraws, or records steps of imported
history; pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.routing.cases.limits import due_when_routed, limit_in_fact, limits_of
from shared.contracts.demand import facts as f
from shared.contracts.demand.lifecycle import HOLDER, continued, next_recorded
from shared.contracts.demand.state import Demand, Service, Status
from shared.jurisdiction.conditions import RoutingInput
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.limits import StageLimits
from shared.jurisdiction.pack import Assignment, Pack, Undecided

Answer = Sequence[tuple[f.Fact, datetime]]


def reaction(packs: Jurisdictions) -> "_Reaction":
    """The policy of routing for these jurisdictions."""
    return _Reaction(packs)


@dataclass(frozen=True, slots=True)
class _Reaction:
    packs: Jurisdictions

    def __call__(self, demand: Demand, fact: f.Fact, at: datetime, now: datetime) -> Answer:
        if isinstance(fact, f.WithdrawalRequested):
            return on_withdrawal(demand, fact, max(at, now))
        if isinstance(fact, f.HistoryContinued):
            next_step = continued(demand, fact, Service.ROUTING)
            return (next_step,) if next_step else ()
        if not isinstance(fact, f.StatusFact):
            return ()
        recorded = next_recorded(demand, Service.ROUTING)
        if recorded:
            return (recorded,)
        packs = self.packs.at(now)
        policy = _POLICIES.get(demand.status)
        pack = packs.of_division(demand.division) if policy else None
        if policy is None or pack is None:
            return ()
        decided_at = at if demand.imported else max(at, now)
        return ((policy(demand, fact, pack, decided_at), decided_at),)


def on_withdrawal(demand: Demand, fact: f.WithdrawalRequested, at: datetime) -> Answer:
    """Withdraws a demand when its citizen asks for it while routing holds it. A demand that was answered stays."""
    if HOLDER[demand.status] is not Service.ROUTING or demand.history:
        return ()
    return ((f.DemandWithdrawn(reason=fact.reason), at),)


def after_submission(demand: Demand, fact: f.StatusFact, pack: Pack, at: datetime) -> f.StatusFact:
    """Routes a submitted demand by the catalogue; if no rule decides, the demand goes to triage."""
    words = words_of(demand, fact.text) if isinstance(fact, f.DemandSubmitted) else None
    return first_routing(demand, pack, at, words)


def words_of(demand: Demand, text: str) -> str:
    """The text in which rules look for keywords: title and text of the demand."""
    return f"{demand.title}\n{text}"


def routing_input(demand: Demand, at: datetime, words: str | None = None) -> RoutingInput:
    """The values of a demand that the rules of the catalogue compare. `words` is the result of `words_of`; with None
    the rules see only the title."""
    return RoutingInput(
        division=demand.division,
        category=demand.category,
        kind=demand.kind,
        channel=demand.channel_kind,
        vulnerable=demand.vulnerable,
        words=demand.title if words is None else words,
        at=at,
    )


def first_routing(
    demand: Demand, pack: Pack, at: datetime, words: str | None = None
) -> f.DemandRouted | f.DemandTriaged:
    """Routes a demand by the catalogue, or sends it to triage. A demand whose place is known only by a point or an
    address always goes to triage: it has the root division, so a rule for the whole jurisdiction would fit by
    chance."""
    case = routing_input(demand, at, words)
    if demand.placed_by is not f.PlacedBy.DIVISION:
        return _unplaced(demand, pack, case)
    match pack.decide(case):
        case Assignment() as assignment:
            limits = limits_of(demand, pack, assignment.limit_source)
            return assign(demand, pack, assignment.lead_unit, pack.rule(assignment), limits, at, assignment.assisting)
        case Undecided(reason=reason, suggestions=suggestions):
            return f.DemandTriaged(reason=f"no rule decided: {reason}", suggestions=suggestions)


def _unplaced(demand: Demand, pack: Pack, case: RoutingInput) -> f.DemandTriaged:
    """Sends a demand to triage and suggests the units to which the catalogue would route it."""
    match pack.decide(case):
        case Assignment() as assignment:
            units = (assignment.lead_unit, *assignment.assisting, pack.coordinator)
        case Undecided(suggestions=suggestions):
            units = suggestions
    article = "a point" if demand.placed_by is f.PlacedBy.POINT else "an address"
    return f.DemandTriaged(reason=f"place known only by {article}", suggestions=tuple(dict.fromkeys(units)))


def after_return(demand: Demand, fact: f.StatusFact, pack: Pack, at: datetime) -> f.StatusFact:
    """Routes a returned demand to the suggested unit. It goes to the coordinator after as many returns or dispatches as
    the pack allows, or if the suggested unit had it before. The assisting units stay."""
    suggested = fact.suggested_unit if isinstance(fact, f.DemandReturned) else None
    helpers = demand.assisting
    dispatches = pack.handling.returning.max_dispatches
    too_often = demand.returns >= pack.max_returns or (dispatches is not None and len(set(demand.units)) >= dispatches)
    if too_often or suggested in demand.units:
        return assign(demand, pack, pack.coordinator, "bounced", limits_of(demand, pack), at, helpers)
    if suggested and pack.unit(suggested):
        return assign(demand, pack, suggested, "suggested-on-return", limits_of(demand, pack), at, helpers)
    return f.DemandTriaged(reason="returned without a suggestion", suggestions=(pack.coordinator,))


def after_reopening(demand: Demand, fact: f.StatusFact, pack: Pack, at: datetime) -> f.StatusFact:
    """Routes a reopened demand to the same unit; after more reopenings than the pack allows, to the coordinator."""
    limits, helpers = limits_of(demand, pack), demand.assisting
    if demand.reopenings > pack.max_reopenings:
        return assign(demand, pack, pack.coordinator, "reopened-too-often", limits, at, helpers)
    return assign(demand, pack, demand.unit or pack.coordinator, "reopened", limits, at, helpers)


_POLICIES: Final[Mapping[Status, Callable[[Demand, f.StatusFact, Pack, datetime], f.StatusFact]]] = {
    Status.SUBMITTED: after_submission,
    Status.RETURNED: after_return,
    Status.REOPENED: after_reopening,
}


def assign(
    demand: Demand,
    pack: Pack,
    unit: str,
    rule: str,
    limits: StageLimits,
    at: datetime,
    assisting: tuple[str, ...] = (),
) -> f.DemandRouted:
    """The fact that makes a unit responsible, with the due times of `due_when_routed`."""
    team, due = pack.team_of(demand.division), due_when_routed(demand, pack, limits, at)
    return f.DemandRouted(
        unit=unit,
        assisting=tuple(helper for helper in assisting if helper != unit),
        team=team.id if team else None,
        rule=rule,
        limit=limit_in_fact(limits.resolve),
        limit_source=limits.source,
        due_at=due.resolve,
        sign_due_at=due.sign,
        contact_due_at=due.contact,
    )
