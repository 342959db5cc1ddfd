"""Whenever a demand reaches routing, the catalogue, its returns or its recorded history say what comes next."""

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
    """The policy over these jurisdictions."""
    return _Reaction(packs)


@dataclass(frozen=True, slots=True)
class _Reaction:
    packs: Jurisdictions

    def __call__(self, demand: Demand, fact: f.Fact, at: datetime, now: datetime) -> Answer:
        if isinstance(fact, f.WithdrawalRequested):
            return on_withdrawal(demand, fact, max(at, now))
        if isinstance(fact, f.HistoryContinued):
            further = continued(demand, fact, Service.ROUTING)
            return (further,) if further else ()
        if not isinstance(fact, f.StatusFact):
            return ()
        recorded = next_recorded(demand, Service.ROUTING)
        if recorded:
            return (recorded,)
        packs = self.packs.at(now)
        answer = _ANSWERS.get(demand.status)
        pack = packs.of_division(demand.division) if answer else None
        if answer is None or pack is None:
            return ()
        when = at if demand.imported else max(at, now)
        return ((answer(demand, fact, pack, when), when),)


def on_withdrawal(demand: Demand, fact: f.WithdrawalRequested, at: datetime) -> Answer:
    """Whenever the citizen wants a demand back while routing holds it, it is withdrawn; an answer is not undone."""
    if HOLDER[demand.status] is not Service.ROUTING or demand.history:
        return ()
    return ((f.DemandWithdrawn(reason=fact.reason), at),)


def after_submission(demand: Demand, fact: f.StatusFact, pack: Pack, at: datetime) -> f.StatusFact:
    """Whenever a demand is submitted, the catalogue routes it; what no rule decides goes to triage."""
    words = words_of(demand, fact.text) if isinstance(fact, f.DemandSubmitted) else None
    return first_routing(demand, pack, at, words)


def words_of(demand: Demand, text: str) -> str:
    """What rules look for keywords in."""
    return f"{demand.title}\n{text}"


def routing_input(demand: Demand, at: datetime, words: str | None = None) -> RoutingInput:
    """What rules may ask of a demand that is dispatched `at`; `words` as `words_of`, None where the title alone is
    known."""
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
    """Where the catalogue sends a demand. One whose place nobody has decided goes to triage: a rule for the whole
    jurisdiction would fit it by chance."""
    case = routing_input(demand, at, words)
    if demand.placed_by is not f.PlacedBy.DIVISION:
        return _unplaced(demand, pack, case)
    match pack.decide(case):
        case Assignment() as found:
            limits = limits_of(demand, pack, found.limit_source)
            return assign(demand, pack, found.lead_unit, pack.rule(found), limits, at, found.assisting)
        case Undecided(reason=reason, suggestions=suggestions):
            return f.DemandTriaged(reason=f"no rule decided: {reason}", suggestions=suggestions)


def _unplaced(demand: Demand, pack: Pack, case: RoutingInput) -> f.DemandTriaged:
    """To triage, with the units of its category."""
    match pack.decide(case):
        case Assignment() as found:
            units = (found.lead_unit, *found.assisting, pack.coordinator)
        case Undecided(suggestions=suggestions):
            units = suggestions
    article = "a point" if demand.placed_by is f.PlacedBy.POINT else "an address"
    return f.DemandTriaged(reason=f"place known only by {article}", suggestions=tuple(dict.fromkeys(units)))


def after_return(demand: Demand, fact: f.StatusFact, pack: Pack, at: datetime) -> f.StatusFact:
    """Whenever a unit returns a demand: the suggested unit, or the coordinator after as many returns or dispatches as
    the pack allows, or in a cycle. Whoever assists goes on assisting."""
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
    """Whenever a citizen reopens a demand, the same unit answers again; too often, the coordinator does."""
    limits, helpers = limits_of(demand, pack), demand.assisting
    if demand.reopenings > pack.max_reopenings:
        return assign(demand, pack, pack.coordinator, "reopened-too-often", limits, at, helpers)
    return assign(demand, pack, demand.unit or pack.coordinator, "reopened", limits, at, helpers)


_ANSWERS: Final[Mapping[Status, Callable[[Demand, f.StatusFact, Pack, datetime], f.StatusFact]]] = {
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
    """Make a unit responsible, with the due times of `due_when_routed`."""
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
