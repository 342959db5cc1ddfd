"""Which limits a demand has here, and the due times that follow from them; pure."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand, Status
from shared.jurisdiction.limits import Limit, StageLimits
from shared.jurisdiction.pack import Pack

DISPATCHER: Final = "dispatcher"
"""The source of a limit that a person set."""


class Due(NamedTuple):
    """Until when each stage has to be done; None: no limit, or as it was."""

    resolve: datetime | None
    sign: datetime | None
    contact: datetime | None


def limits_of(demand: Demand, pack: Pack, preset: str | None = None) -> StageLimits:
    """The limits of this demand, whoever answers it; after a reopening the limit for that, where the pack has one.
    `preset`: that of the rule that decided just now; without one, that of the rule that decided before."""
    before = demand.limit_source if demand.limit_source in pack.limits else None
    limits = pack.limits_for(
        demand.division, demand.category, demand.kind, demand.urgency, demand.vulnerable, preset or before
    )
    redo = pack.handling.redo
    return replace(limits, resolve=redo) if demand.reopenings and redo else limits


def limits_by_dispatcher(limits: StageLimits, working_days: int) -> StageLimits:
    """These limits, with the time for the answer that a dispatcher set."""
    return replace(limits, source=DISPATCHER, resolve=Limit(working_days=working_days))


def clock_start(demand: Demand, at: datetime) -> datetime:
    """When the time for the answer began: at receipt; of a demand that was reopened, at its reopening, since it begins
    anew there."""
    return (demand.reopened_at if demand.reopenings else demand.submitted_at) or at


def due_from_start(
    demand: Demand, pack: Pack, limit: Limit | None, at: datetime, extended_days: int = 0
) -> datetime | None:
    """Where a limit that runs from the start ends: time in which no clock ran is not counted, and days that were
    granted are added. Both stay whatever the demand turns out to be, since its unit and its citizen were told so."""
    due = _end(pack, limit, clock_start(demand, at))
    if due is None:
        return None
    for pause in demand.pauses:
        due = pack.resumed_due(due, pause.since, pause.until, limit)
    return pack.due_at(due, extended_days) if extended_days else due


def due_when_routed(demand: Demand, pack: Pack, limits: StageLimits, at: datetime) -> Due:
    """The due times of a demand that is given to a unit at this moment.

    The time for the answer runs from receipt, and anew from a reopening; another unit inherits what is left, with an
    extension that was granted, unless a dispatcher sets another limit. Each unit signs and calls within limits of its
    own, which run from its routing.
    """
    inherited = demand.due_at is not None and demand.status is not Status.REOPENED
    kept = inherited and limits.source != DISPATCHER
    resolve = demand.due_at if kept else due_from_start(demand, pack, limits.resolve, at)
    return Due(resolve, _end(pack, limits.sign, at), _end(pack, limits.contact, at))


def due_when_reclassified(demand: Demand, pack: Pack, limits: StageLimits, at: datetime) -> datetime | None:
    """The due time of a demand that turned out to be about something else, as `due_from_start`; one that was not late
    is not late at once by the correction, but has the new limit from now. None: as it was. Of a demand that no unit
    has had yet, nothing is due."""
    whole = due_from_start(demand, pack, limits.resolve, at, demand.extended_days)
    if demand.due_at is None or whole is None:
        return whole if demand.status is not Status.TRIAGE else None
    if whole >= demand.due_at:
        return whole
    return min(demand.due_at, max(whole, _end(pack, limits.resolve, _clock_now(demand, at)) or whole))


def due_when_prioritized(
    demand: Demand, pack: Pack, urgency: f.Urgency, vulnerable: bool, at: datetime
) -> tuple[StageLimits, Due]:
    """The limits and due times of a demand whose urgency or protection was corrected at this moment.

    A shorter limit runs from now, so that nobody is late at once; a longer one for the answer from where it began, as
    `due_from_start`. Of a demand that no unit has yet, nothing is due.
    """
    limits = limits_of(demand.model_copy(update={"urgency": urgency, "vulnerable": vulnerable}), pack)
    if demand.status is Status.TRIAGE:
        return limits, Due(None, None, None)
    now = _clock_now(demand, at)
    whole = due_from_start(demand, pack, limits.resolve, at, demand.extended_days)
    longer = whole is not None and demand.due_at is not None and whole > demand.due_at
    due = whole if longer else _sooner(_end(pack, limits.resolve, now), demand.due_at)
    sign = _sooner(_end(pack, limits.sign, at), demand.sign_due_at) if demand.accepted_at is None else None
    contact = _sooner(_end(pack, limits.contact, now), demand.contact_due_at) if demand.contacted_at is None else None
    return limits, Due(due, sign, contact)


def _clock_now(demand: Demand, at: datetime) -> datetime:
    """What the clock of a demand shows at this moment: where it stands, the moment at which it stopped."""
    return demand.paused_at or at


def assist_due(demand: Demand, pack: Pack, at: datetime) -> datetime | None:
    """Until when a unit that is asked for help now has to report: in its own limit, and not after the answer is due."""
    return _sooner(_end(pack, limits_of(demand, pack).assist, at), demand.due_at)


def resumed(demand: Demand, pack: Pack, at: datetime, by: str | None = None, note: str = "") -> f.DemandResumed:
    """The clock of a paused demand runs again from `at`: what was left for each stage when it stopped is left now."""
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
    """When a pause of so many calendar days that begins now is over by itself."""
    return at + timedelta(days=days)


def limit_in_fact(limit: Limit | None) -> f.WorkingDays | f.Hours | None:
    """A limit as `demand.routed` tells it; one that it cannot tell is known by its due time alone."""
    if limit is None:
        return None
    if limit.working_days:
        return f.WorkingDays(days=limit.working_days)
    return f.Hours(hours=limit.hours) if limit.hours and limit.outside_hours else None


def _end(pack: Pack, limit: Limit | None, start: datetime) -> datetime | None:
    return pack.end_of(limit, start) if limit else None


def _sooner(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment), default=None)
