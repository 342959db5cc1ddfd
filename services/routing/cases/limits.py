"""Finds the time limits of a demand and computes its due times from them; pure."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand, Status
from shared.jurisdiction.limits import Limit, StageLimits
from shared.jurisdiction.pack import Pack

DISPATCHER: Final = "dispatcher"
"""The source of a limit that a dispatcher set by hand."""


class Due(NamedTuple):
    """The due time of each stage; None if the stage has no limit, or if its due time does not change."""

    resolve: datetime | None
    sign: datetime | None
    contact: datetime | None


def limits_of(demand: Demand, pack: Pack, preset: str | None = None) -> StageLimits:
    """The limits of this demand; they do not depend on its unit. After a reopening the pack may have another limit.

    `preset` names the limits of the rule that routes the demand now. Without it, the limits of the rule that routed the
    demand before are used.
    """
    before = demand.limit_source if demand.limit_source in pack.limits else None
    limits = pack.limits_for(
        demand.division, demand.category, demand.kind, demand.urgency, demand.vulnerable, preset or before
    )
    redo = pack.handling.redo
    return replace(limits, resolve=redo) if demand.reopenings and redo else limits


def limits_by_dispatcher(limits: StageLimits, working_days: int) -> StageLimits:
    """The same limits, but with the time for the answer that a dispatcher set."""
    return replace(limits, source=DISPATCHER, resolve=Limit(working_days=working_days))


def clock_start(demand: Demand, at: datetime) -> datetime:
    """When the time for the answer began: at the submission, or at the last reopening. `at` if neither is known."""
    return (demand.reopened_at if demand.reopenings else demand.submitted_at) or at


def due_from_start(
    demand: Demand, pack: Pack, limit: Limit | None, at: datetime, extended_days: int = 0
) -> datetime | None:
    """The end of a limit that runs from `clock_start`. Pauses are not counted, and the granted days are added: the unit
    and the citizen were told of both, so they also hold after a correction of the demand."""
    due = _end(pack, limit, clock_start(demand, at))
    if due is None:
        return None
    for pause in demand.pauses:
        due = pack.resumed_due(due, pause.since, pause.until, limit)
    return pack.due_at(due, extended_days) if extended_days else due


def due_when_routed(demand: Demand, pack: Pack, limits: StageLimits, at: datetime) -> Due:
    """The due times of a demand that is routed to a unit at the moment `at`.

    The time for the answer runs from the submission, and begins anew at a reopening. If the demand had a unit before,
    the new unit gets the same due time, extensions included, unless a dispatcher sets another limit. The times to sign
    and to contact the citizen run from this routing.
    """
    has_due_time = demand.due_at is not None and demand.status is not Status.REOPENED
    keeps_due_time = has_due_time and limits.source != DISPATCHER
    resolve = demand.due_at if keeps_due_time else due_from_start(demand, pack, limits.resolve, at)
    return Due(resolve, _end(pack, limits.sign, at), _end(pack, limits.contact, at))


def due_when_reclassified(demand: Demand, pack: Pack, limits: StageLimits, at: datetime) -> datetime | None:
    """The due time of a demand whose category was corrected; None if it does not change, or if no unit has had it yet.

    The new limit runs from `clock_start`. If it is shorter than the old one, it runs from now, but not beyond the old
    due time: the correction alone must not make a demand overdue.
    """
    from_start = due_from_start(demand, pack, limits.resolve, at, demand.extended_days)
    if demand.due_at is None or from_start is None:
        return from_start if demand.status is not Status.TRIAGE else None
    if from_start >= demand.due_at:
        return from_start
    from_now = _end(pack, limits.resolve, _clock_now(demand, at))
    return min(demand.due_at, max(from_start, from_now or from_start))


def due_when_prioritized(
    demand: Demand, pack: Pack, urgency: f.Urgency, vulnerable: bool, at: datetime
) -> tuple[StageLimits, Due]:
    """The limits and due times of a demand whose urgency or need for protection was corrected at the moment `at`.

    A shorter limit runs from now: the correction alone must not make a demand overdue. A longer limit for the answer
    runs from `clock_start`. A demand that no unit has had yet has no due times.
    """
    limits = limits_of(demand.model_copy(update={"urgency": urgency, "vulnerable": vulnerable}), pack)
    if demand.status is Status.TRIAGE:
        return limits, Due(None, None, None)
    now = _clock_now(demand, at)
    from_start = due_from_start(demand, pack, limits.resolve, at, demand.extended_days)
    is_longer = from_start is not None and demand.due_at is not None and from_start > demand.due_at
    due = from_start if is_longer else _sooner(_end(pack, limits.resolve, now), demand.due_at)
    sign = _sooner(_end(pack, limits.sign, at), demand.sign_due_at) if demand.accepted_at is None else None
    contact = _sooner(_end(pack, limits.contact, now), demand.contact_due_at) if demand.contacted_at is None else None
    return limits, Due(due, sign, contact)


def _clock_now(demand: Demand, at: datetime) -> datetime:
    """The moment up to which the clock of a demand has run: `at`, or the beginning of its present pause."""
    return demand.paused_at or at


def assist_due(demand: Demand, pack: Pack, at: datetime) -> datetime | None:
    """The due time for the report of a unit that is asked for help now; not later than the answer is due."""
    return _sooner(_end(pack, limits_of(demand, pack).assist, at), demand.due_at)


def resumed(demand: Demand, pack: Pack, at: datetime, by: str | None = None, note: str = "") -> f.DemandResumed:
    """The fact that ends a pause at the moment `at`: each stage has as much time left as when the pause began."""
    since, limits = demand.paused_at or at, limits_of(demand, pack)

    def moved(due: datetime | None, limit: Limit | None) -> datetime | None:
        return pack.resumed_due(due, since, at, limit) if due else None

    contact = moved(demand.contact_due_at, limits.contact) if demand.contacted_at is None else None
    parts = tuple(
        f.AssistanceDue(
            unit=part.unit, due_at=pack.resumed_due(part.due_at, max(since, part.asked_at or since), at, limits.assist)
        )
        for part in demand.assistance
        if part.due_at and part.reported_at is None
    )
    due_at = moved(demand.due_at, limits.resolve)
    return f.DemandResumed(by=by, note=note, due_at=due_at, contact_due_at=contact, assistance=parts)


def pause_end(at: datetime, days: int) -> datetime:
    """When a pause of so many calendar days that begins at the moment `at` ends by itself."""
    return at + timedelta(days=days)


def limit_in_fact(limit: Limit | None) -> f.WorkingDays | f.Hours | None:
    """A limit in the form that `demand.routed` has; None for a limit without such a form: the due time still says
    it."""
    if limit is None:
        return None
    if limit.working_days:
        return f.WorkingDays(days=limit.working_days)
    return f.Hours(hours=limit.hours) if limit.hours and limit.outside_hours else None


def _end(pack: Pack, limit: Limit | None, start: datetime) -> datetime | None:
    return pack.end_of(limit, start) if limit else None


def _sooner(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment), default=None)
