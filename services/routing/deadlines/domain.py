"""What is due of a demand and when something is to be told of it; pure.

A due time has steps: a warning, the miss, and the rungs of the ladder after it. One timer of a demand stands for the
next step of all that is due of it. Its payload lists each due time with the number of its next step.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand, Status
from shared.jurisdiction.pack import Pack

# Names of this module, since each change of a demand asks and a member of an enumeration is looked up slowly.
_ROUTED, _TRIAGE = Status.ROUTED, Status.TRIAGE
_SIGN, _CONTACT, _RESOLVE, _ASSIST = f.Stage.SIGN, f.Stage.CONTACT, f.Stage.RESOLVE, f.Stage.ASSIST
RUNNING: Final = frozenset(
    {Status.TRIAGE, Status.ROUTED, Status.ACCEPTED, Status.RETURNED, Status.IN_PROGRESS, Status.LISTED}
)
"""Where clocks run, unless they are paused; a list (挂账) pauses them until somebody lets them run again."""
WARNING, MISS = 0, 1
"""The first two steps of a due time; those that follow are the rungs of the ladder."""


class Deadline(NamedTuple):
    """Something that is due; `stage` of None is the end of a pause. `unit` is who has to do it."""

    stage: f.Stage | None
    unit: str | None
    at: datetime

    def is_same_as(self, other: "Deadline") -> bool:
        """Whether both are the same due time; a demand that goes to another unit takes its due time along."""
        units = self.unit == other.unit or self.stage is not _ASSIST
        return units and (self.stage, self.at) == (other.stage, other.at)


class Pending(NamedTuple):
    """A deadline with the number of the step that comes next, and when that is to be told."""

    deadline: Deadline
    step: int
    at: datetime


def deadlines(demand: Demand) -> list[Deadline]:
    """What is due of a demand at all, whether clocks run or stand."""
    unit = demand.unit
    open_deadlines = []
    if demand.sign_due_at and demand.status is _ROUTED:
        open_deadlines.append(Deadline(_SIGN, unit, demand.sign_due_at))
    if demand.contact_due_at and demand.contacted_at is None:
        open_deadlines.append(Deadline(_CONTACT, unit, demand.contact_due_at))
    if demand.due_at:
        open_deadlines.append(Deadline(_RESOLVE, unit, demand.due_at))
    for part in demand.assistance:
        if part.due_at and part.reported_at is None:
            open_deadlines.append(Deadline(_ASSIST, part.unit, part.due_at))
    return open_deadlines


def due_now(demand: Demand) -> list[Deadline]:
    """The due times towards which clocks run; of a paused demand the end of its pause alone.

    Of imported history nothing is due: another system measured it.
    """
    if demand.imported or demand.status not in RUNNING:
        return []
    if demand.paused_at is None:
        open_deadlines = deadlines(demand)
        return [due for due in open_deadlines if due.stage is _RESOLVE] if demand.status is _TRIAGE else open_deadlines
    return [Deadline(None, None, demand.paused_until)] if demand.paused_until else []


def steps(deadline: Deadline, pack: Pack) -> Sequence[datetime]:
    """When each step of a deadline is to be told, in order; a pause has its end alone."""
    return (deadline.at,) if deadline.stage is None else pack.deadline_steps(deadline.at)


def pending(before: Demand, due: Sequence[Deadline], at: datetime, pack: Pack) -> list[Pending]:
    """What is still to be told once a fact at this moment changed `before`, so that this is due now.

    Of a due time that was there before, every step up to now was told, or waits in the timer that was planned for it;
    while clocks stood, nothing was. Of a new one only the warning may be too late.
    """
    known, told_until = deadlines(before), _told_until(before, at)
    pending = []
    for deadline in due:
        times = steps(deadline, pack)
        if known and any(deadline.is_same_as(old) for old in known):
            step = bisect_right(times, told_until)
        else:
            step = MISS if deadline.stage and times[WARNING] <= at else 0
        if step < len(times):
            pending.append(Pending(deadline, step, times[step]))
    return pending


def _told_until(demand: Demand, at: datetime) -> datetime:
    """Up to when timers told what was due; `at` where its clocks run."""
    if demand.status in RUNNING and demand.paused_at is None:
        return at
    return demand.paused_at or demand.updated_at or at


def pending_at_update(demand: Demand, now: datetime, pack: Pack) -> list[Pending]:
    """What is still to be told of a demand that was open before timers were kept: what was missed by then is not."""
    with_steps = ((due, steps(due, pack)) for due in due_now(demand))
    numbered = ((due, times, bisect_right(times, now)) for due, times in with_steps)
    return [Pending(due, step, times[step]) for due, times, step in numbered if step < len(times)]


def next_at(parts: Sequence[Pending]) -> datetime | None:
    """When the first of these steps is to be told; None where there are none."""
    return min([part.at for part in parts]) if parts else None


def has_step_until(demand: Demand, at: datetime, pack: Pack) -> bool:
    """Whether a step of what is due of this demand has come by then; it may not be told yet."""
    return any(due.stage and steps(due, pack)[0] <= at for due in due_now(demand))


def told(parts: Sequence[Pending], until: datetime, pack: Pack) -> tuple[list[f.Fact], list[Pending]]:
    """The facts of all steps up to a moment, in order of their times, and what is pending then.

    No warning is given of what is missed already.
    """
    facts: list[tuple[datetime, f.Fact]] = []
    left = []
    for deadline, step, _ in parts:
        times = steps(deadline, pack)
        end = bisect_right(times, until)
        for number in range(step, end):
            if number is not WARNING or end == MISS:
                facts += [(times[number], fact) for fact in _facts(deadline, number, pack)]
        following = max(step, end)
        if following < len(times):
            left.append(Pending(deadline, following, times[following]))
    return [fact for _, fact in sorted(facts, key=lambda dated: dated[0])], left


def _facts(deadline: Deadline, step: int, pack: Pack) -> list[f.Fact]:
    """What one step of a due time tells."""
    stage, unit, due_at = deadline
    if stage is None:
        return []
    match step:
        case 0:
            return [f.DeadlineWarned(due_at=due_at, stage=stage, unit=unit)]
        case 1:
            return [f.DeadlineMissed(due_at=due_at, stage=stage, unit=unit)]
    rung = pack.supervision.ladder[step - 2]
    lead = unit or pack.coordinator
    above = next(iter(pack.units_above(lead)), None) if rung.to == "above" else pack.coordinator
    leader = pack.leader_of(lead) if rung.leader else None
    if above is None and leader is None:
        return []
    return [
        f.DemandEscalated(to=above or pack.coordinator, reason=_reason(stage, due_at, pack), stage=stage, leader=leader)
    ]


_STAGES: Final = {
    f.Stage.SIGN: ("签收", "to be signed for"),
    f.Stage.CONTACT: ("联系群众", "to call the citizen"),
    f.Stage.RESOLVE: ("办结", "to be answered"),
    f.Stage.ASSIST: ("协办反馈", "a report of the assisting unit"),
}


def _reason(stage: f.Stage, due_at: datetime, pack: Pack) -> str:
    zh, en = _STAGES[stage]
    moment = due_at.astimezone(pack.due_times.calendar.zone).strftime("%Y-%m-%d %H:%M")
    return f"{zh}超期，时限为{moment} / overdue {en}: it was due {moment}"
