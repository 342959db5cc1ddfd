"""The state machine of a demand: which fact may follow which status, and which service may write it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand, Service, Status
from shared.contracts.demand.state_changes import changed_fields
from shared.contracts.event_types import recorded
from shared.contracts.refusals import Code, FieldError, Refused

S = Status


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table: the statuses before the fact, the status after it (None: unchanged), and the service."""

    after: frozenset[Status]
    becomes: Status | None
    written_by: Service


def _after(*statuses: Status, becomes: Status | None, written_by: Service) -> Transition:
    return Transition(frozenset(statuses), becomes, written_by)


_UNASSIGNED = (S.SUBMITTED, S.RETURNED, S.REOPENED)
_BEFORE_WORK = (S.SUBMITTED, S.TRIAGE, S.ROUTED, S.ACCEPTED)
_IN_WORK = (S.ACCEPTED, S.IN_PROGRESS, S.LISTED)
_WITH_A_UNIT = (S.ROUTED, *_IN_WORK)
_REFUSABLE = (*_BEFORE_WORK, S.RETURNED, S.IN_PROGRESS, S.LISTED)
_ANSWERED = (S.RESOLVED, S.DECLINED)
_HELD_BY_ROUTING = {*_UNASSIGNED, *_BEFORE_WORK, *_IN_WORK, S.MERGED}
_INTAKE, _ROUTING, _FEEDBACK = Service.INTAKE, Service.ROUTING, Service.FEEDBACK

# fmt: off
TRANSITIONS: Final[Mapping[type[f.StatusFact], Transition]] = {
    f.DemandSubmitted:  _after(S.NONE, becomes=S.SUBMITTED, written_by=_INTAKE),
    f.DemandTriaged:    _after(*_UNASSIGNED, becomes=S.TRIAGE, written_by=_ROUTING),
    f.DemandRouted:     _after(*_UNASSIGNED, S.TRIAGE, *_WITH_A_UNIT, becomes=S.ROUTED, written_by=_ROUTING),
    f.DemandDeclined:   _after(*_REFUSABLE, becomes=S.DECLINED, written_by=_ROUTING),
    f.DemandMerged:     _after(*_BEFORE_WORK, S.IN_PROGRESS, S.LISTED, becomes=S.MERGED, written_by=_ROUTING),
    f.DemandUnmerged:   _after(S.MERGED, becomes=S.TRIAGE, written_by=_ROUTING),
    f.DemandAccepted:   _after(S.ROUTED, becomes=S.ACCEPTED, written_by=_ROUTING),
    f.DemandAssigned:   _after(*_WITH_A_UNIT, becomes=None, written_by=_ROUTING),
    f.DemandReturned:   _after(*_WITH_A_UNIT, becomes=S.RETURNED, written_by=_ROUTING),
    f.DemandContacted:  _after(*_IN_WORK, becomes=S.IN_PROGRESS, written_by=_ROUTING),
    f.DemandProgressed: _after(*_IN_WORK, becomes=S.IN_PROGRESS, written_by=_ROUTING),
    f.DemandExtended:   _after(S.ACCEPTED, S.IN_PROGRESS, becomes=None, written_by=_ROUTING),
    f.ExtensionRequested: _after(S.ACCEPTED, S.IN_PROGRESS, becomes=None, written_by=_ROUTING),
    f.ExtensionRefused: _after(S.ACCEPTED, S.IN_PROGRESS, becomes=None, written_by=_ROUTING),
    f.DemandPaused:     _after(S.ACCEPTED, S.IN_PROGRESS, becomes=None, written_by=_ROUTING),
    f.DemandResumed:    _after(*_IN_WORK, becomes=None, written_by=_ROUTING),
    f.AssistanceRequested: _after(*_IN_WORK, becomes=None, written_by=_ROUTING),
    f.AssistanceAccepted: _after(*_WITH_A_UNIT, becomes=None, written_by=_ROUTING),
    f.AssistanceReported: _after(*_WITH_A_UNIT, becomes=None, written_by=_ROUTING),
    f.AssistanceEnded:  _after(*_WITH_A_UNIT, becomes=None, written_by=_ROUTING),
    f.DemandPrioritized: _after(S.TRIAGE, *_WITH_A_UNIT, becomes=None, written_by=_ROUTING),
    f.DemandReclassified: _after(S.TRIAGE, *_WITH_A_UNIT, becomes=None, written_by=_ROUTING),
    f.DemandListed:     _after(S.ACCEPTED, S.IN_PROGRESS, becomes=S.LISTED, written_by=_ROUTING),
    f.DemandResolved:   _after(*_IN_WORK, S.MERGED, becomes=S.RESOLVED, written_by=_ROUTING),
    f.DemandWithdrawn:  _after(*_HELD_BY_ROUTING, becomes=S.WITHDRAWN, written_by=_ROUTING),
    f.DemandConfirmed:  _after(S.RESOLVED, becomes=S.CONFIRMED, written_by=_FEEDBACK),
    f.DemandReopened:   _after(*_ANSWERED, becomes=S.REOPENED, written_by=_FEEDBACK),
    f.DemandClosed:     _after(*_ANSWERED, S.CONFIRMED, S.WITHDRAWN, becomes=S.CLOSED, written_by=_FEEDBACK),
}
# fmt: on


def holder(status: Status) -> Service | None:
    """The one service that may write the next status fact at this status; None if the demand has ended."""
    writers = {row.written_by for row in TRANSITIONS.values() if status in row.after}
    return writers.pop() if writers else None


HOLDER: Final[Mapping[Status, Service | None]] = {status: holder(status) for status in Status}


def evolve(demand: Demand, fact: f.StatusFact, at: datetime) -> Demand:
    """The demand after `fact`, which happened at `at`; raises `Refused` if the table does not allow it."""
    row = TRANSITIONS[type(fact)]
    if demand.status not in row.after:
        raise _cannot_follow(fact, demand.status, sorted(row.after))
    changes = {
        "version": demand.version + 1,
        "status": row.becomes or demand.status,
        "updated_at": at,
        "history": fact.history or _remaining_history(demand, fact),
    }
    return demand.model_copy(update=changes | changed_fields(demand, fact, at))


def _cannot_follow(fact: f.StatusFact, status: Status, after: Sequence[Status]) -> Refused:
    en = f"{fact.type} is not possible in the status {status}, only in: {', '.join(after)}"
    zh = f"当前状态为“{status}”，不能执行“{fact.type}”；可执行的状态：{'、'.join(after)}"
    return Refused(Code.ILLEGAL_TRANSITION, en, zh, (FieldError("status", zh, en, next(iter(after), None)),))


def _remaining_history(demand: Demand, fact: f.StatusFact) -> tuple[f.RecordedStep, ...]:
    """The recorded steps of an imported demand that are not facts yet, after `fact`."""
    is_next_step = bool(demand.history) and demand.history[0].type == fact.type
    return demand.history[1:] if is_next_step else demand.history


def replay(demand: Demand, dated_facts: Iterable[tuple[f.StatusFact, datetime]]) -> Demand:
    """The demand after facts, given with their times."""
    for fact, at in dated_facts:
        demand = evolve(demand, fact, at)
    return demand


def next_recorded(demand: Demand, service: Service) -> tuple[f.StatusFact, datetime] | None:
    """The next recorded step of an imported demand, with its time, if `service` must write it as a fact; else None."""
    if not demand.history:
        return None
    step = demand.history[0]
    fact = recorded(step)
    row = TRANSITIONS[type(fact)]
    if row.written_by is service and demand.status in row.after:
        return fact, step.at
    return None


def continued(demand: Demand, note: f.HistoryContinued, service: Service) -> tuple[f.StatusFact, datetime] | None:
    """The first of the steps that were recorded since the import, with its time, if `service` must write it; else None.

    The fact carries the other steps in its `history`.
    """
    if demand.version != note.after or demand.history:
        return None
    first = next_recorded(demand.model_copy(update={"history": note.history}), service)
    if first is None:
        return None
    fact, at = first
    return fact.model_copy(update={"history": note.history[1:]}), at
