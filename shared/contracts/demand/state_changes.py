"""Computes how each status fact changes the state of its demand, apart from status and version."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from shared.contracts.demand import facts as f
from shared.contracts.demand.state import LISTED, Assistance, Demand, ExtensionRequest, Pause, Status


def changed_fields(demand: Demand, fact: f.StatusFact, at: datetime) -> dict[str, Any]:
    """The fields of the state that a fact changes, with their new values."""
    learn = _LEARNED.get(type(fact))
    return learn(demand, fact, at) if learn else {}


def _submitted(demand: Demand, fact: f.DemandSubmitted, at: datetime) -> dict[str, Any]:
    return {name: getattr(fact, name) for name in _SAID_AT_ONCE} | {"submitted_at": at}


def _routed(demand: Demand, fact: f.DemandRouted, at: datetime) -> dict[str, Any]:
    routing = {name: getattr(fact, name) for name in _ROUTING_FIELDS}
    kept = tuple(part for part in demand.assistance if part.unit in fact.assisting)
    return (
        routing
        | {"units": (*demand.units, fact.unit), "assistance": kept, "routed_at": at, "contacted_at": None}
        | _RELEASED
    )


def _accepted(demand: Demand, fact: f.DemandAccepted, at: datetime) -> dict[str, Any]:
    return {"handler": fact.by, "handler_subject": fact.by_subject, "accepted_at": at}


def _contacted(demand: Demand, fact: f.DemandContacted, at: datetime) -> dict[str, Any]:
    contacted = {"contacted_at": at} if fact.reached and demand.contacted_at is None else {}
    return contacted | _at_work(demand, fact, at)


def _at_work(demand: Demand, fact: f.StatusFact, at: datetime) -> dict[str, Any]:
    """Work on a listed demand ends the pause that began when it was listed."""
    return _pause_ended(demand, at) if demand.status is Status.LISTED else {}


def _pause_ended(demand: Demand, at: datetime) -> dict[str, Any]:
    if demand.paused_at is None:
        return dict(_RUNNING)
    return _RUNNING | {"pauses": (*demand.pauses, Pause(since=demand.paused_at, until=at))}


def _extended(demand: Demand, fact: f.DemandExtended, at: datetime) -> dict[str, Any]:
    days = demand.extended_days + (fact.working_days or 0)
    return {"due_at": fact.due_at, "extensions": demand.extensions + 1, "extended_days": days, "extension": None}


def _extension_requested(demand: Demand, fact: f.ExtensionRequested, at: datetime) -> dict[str, Any]:
    fields = {name: getattr(fact, name) for name in ("by", "unit", "working_days", "due_at", "reason", "decider")}
    return {"extension": ExtensionRequest(at=at, **fields)}


def _paused(demand: Demand, fact: f.DemandPaused, at: datetime) -> dict[str, Any]:
    return {"paused_at": at, "pause_reason": fact.reason, "paused_until": fact.until}


def _listed(demand: Demand, fact: f.DemandListed, at: datetime) -> dict[str, Any]:
    return {"paused_at": demand.paused_at or at, "pause_reason": LISTED, "paused_until": None}


def _resumed(demand: Demand, fact: f.DemandResumed, at: datetime) -> dict[str, Any]:
    moved = {name: value for name in ("due_at", "contact_due_at") if (value := getattr(fact, name)) is not None}
    due = {part.unit: part.due_at for part in fact.assistance}
    parts = tuple(
        part.model_copy(update={"due_at": due[part.unit]}) if part.unit in due else part for part in demand.assistance
    )
    return moved | _pause_ended(demand, at) | {"assistance": parts}


def _assistance_requested(demand: Demand, fact: f.AssistanceRequested, at: datetime) -> dict[str, Any]:
    new = tuple(unit for unit in fact.units if unit not in demand.assisting)
    parts = tuple(part for part in demand.assistance if part.unit not in fact.units)
    asked = tuple(Assistance(unit=unit, asked_at=at, due_at=fact.due_at) for unit in fact.units)
    return {"assisting": (*demand.assisting, *new), "assistance": (*parts, *asked)}


def _assistance_accepted(demand: Demand, fact: f.AssistanceAccepted, at: datetime) -> dict[str, Any]:
    return _assistance(demand, fact.unit, accepted_at=at, by=fact.by)


def _assistance_reported(demand: Demand, fact: f.AssistanceReported, at: datetime) -> dict[str, Any]:
    return _assistance(demand, fact.unit, by=fact.by, **({"reported_at": at} if fact.done else {}))


def _assistance(demand: Demand, unit: str, **changes: Any) -> dict[str, Any]:
    """Change the entry of an assisting unit. A unit that a rule of the catalogue named has no entry before its first
    fact."""
    parts = {part.unit: part for part in demand.assistance}
    part = parts.get(unit) or Assistance(unit=unit)
    return {"assistance": tuple((parts | {unit: part.model_copy(update=changes)}).values())}


def _assistance_ended(demand: Demand, fact: f.AssistanceEnded, at: datetime) -> dict[str, Any]:
    return {
        "assisting": tuple(unit for unit in demand.assisting if unit != fact.unit),
        "assistance": tuple(part for part in demand.assistance if part.unit != fact.unit),
    }


def _prioritized(demand: Demand, fact: f.DemandPrioritized, at: datetime) -> dict[str, Any]:
    due = ("due_at", "sign_due_at", "contact_due_at")
    moved = {name: value for name in due if (value := getattr(fact, name)) is not None}
    if fact.extension_lapsed:
        moved["extended_days"] = 0
    return moved | {"urgency": fact.urgency, "vulnerable": fact.vulnerable}


def _reclassified(demand: Demand, fact: f.DemandReclassified, at: datetime) -> dict[str, Any]:
    earlier = demand.categories or (demand.category,)
    return {
        "category": fact.category,
        "categories": (*earlier, fact.category),
        "due_at": fact.due_at or demand.due_at,
        "limit_source": fact.limit_source,
    }


def _reopened(demand: Demand, fact: f.DemandReopened, at: datetime) -> dict[str, Any]:
    first = _first_verdict(demand, fact.rating, solved=False) if demand.status is Status.RESOLVED else {}
    changes = first | {
        "resolved_at": None,
        "on_the_spot": False,
        "rating": fact.rating,
        "solved": False,
        "extensions": 0,
        "reopened_at": at,
    }
    return changes | {"extended_days": 0, "pauses": ()} | {"reopenings": demand.reopenings + 1} | _ALONE


def _confirmed(demand: Demand, fact: f.DemandConfirmed, at: datetime) -> dict[str, Any]:
    return _first_verdict(demand, fact.rating, fact.solved) | {"rating": fact.rating, "solved": fact.solved}


def _first_verdict(demand: Demand, rating: int | None, solved: bool) -> dict[str, Any]:
    """The fields of the first verdict on an answer (首次评价), if there is none yet: it is kept beside the last one. An
    objection to a refusal is not a verdict."""
    return {"first_rating": rating, "first_solved": solved} if demand.first_solved is None else {}


_RUNNING: Final = {"paused_at": None, "pause_reason": None, "paused_until": None}
_RELEASED: Final = {"handler": None, "handler_subject": None, "accepted_at": None, "extension": None, **_RUNNING}
"""The changes when a unit gives up a demand: no handler, no open request for an extension, no pause."""
_ALONE: Final = {"parent": None, "parent_number": None}
_ENDED: Final = {"extension": None, **_RUNNING}
"""The changes when the unit has nothing more to do: no open request for an extension, no pause."""
_ROUTING_FIELDS: Final = (
    "unit", "assisting", "team", "rule", "limit_source", "due_at", "sign_due_at", "contact_due_at",
)  # fmt: skip
_SAID_AT_ONCE: Final = (
    "number", "jurisdiction", "channel", "channel_kind", "kind", "category",
    "division", "placed_by", "title", "contact", "imported", "history", "urgency", "vulnerable",
    "may_publish", "external_id",
)  # fmt: skip


# A table by class: a `match` statement over Pydantic models is slow, as it calls their metaclass for every case.
_LEARNED: Final[Mapping[type[f.StatusFact], Callable[[Demand, Any, datetime], dict[str, Any]]]] = {
    f.DemandSubmitted: _submitted,
    f.DemandRouted: _routed,
    f.DemandMerged: lambda demand, fact, at: {"parent": fact.parent, "parent_number": fact.parent_number, **_RELEASED},
    f.DemandUnmerged: lambda demand, fact, at: _ALONE,
    f.DemandAccepted: _accepted,
    f.DemandAssigned: lambda demand, fact, at: {"handler": fact.handler, "handler_subject": fact.handler_subject},
    f.DemandReturned: lambda demand, fact, at: {"returns": demand.returns + 1, **_RELEASED},
    f.DemandContacted: _contacted,
    f.DemandProgressed: _at_work,
    f.DemandExtended: _extended,
    f.ExtensionRequested: _extension_requested,
    f.ExtensionRefused: lambda demand, fact, at: {"extension": None},
    f.DemandPaused: _paused,
    f.DemandListed: _listed,
    f.DemandResumed: _resumed,
    f.AssistanceRequested: _assistance_requested,
    f.AssistanceAccepted: _assistance_accepted,
    f.AssistanceReported: _assistance_reported,
    f.AssistanceEnded: _assistance_ended,
    f.DemandPrioritized: _prioritized,
    f.DemandReclassified: _reclassified,
    f.DemandResolved: lambda demand, fact, at: {"resolved_at": at, "on_the_spot": fact.on_the_spot, **_ENDED},
    f.DemandDeclined: lambda demand, fact, at: dict(_ENDED),
    f.DemandWithdrawn: lambda demand, fact, at: dict(_ENDED),
    f.DemandConfirmed: _confirmed,
    f.DemandReopened: _reopened,
    f.DemandClosed: lambda demand, fact, at: {"outcome": fact.outcome, "calls": fact.calls},
}
