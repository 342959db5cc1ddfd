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
"""Statuses in which clocks run, unless the demand is paused. Putting a demand on a list (挂账) pauses its clocks."""
WARNING, MISS = 0, 1
"""The numbers of the first two steps of a due time; the steps after them are the rungs of the escalation ladder."""


class Deadline(NamedTuple):
    """A due time of a demand. `stage` is None for the end of a pause. `unit` is the unit that has to act."""

    stage: f.Stage | None
    unit: str | None
    at: datetime

    def is_same_as(self, other: "Deadline") -> bool:
        """Whether both are the same due time. If a demand goes to another unit, its due times stay the same, but those
        of assisting units belong to their unit."""
        units = self.unit == other.unit or self.stage is not _ASSIST
        return units and (self.stage, self.at) == (other.stage, other.at)


class Pending(NamedTuple):
    """A deadline, the number of its next step, and the moment `at` at which that step is due."""

    deadline: Deadline
    step: int
    at: datetime


def deadlines(demand: Demand) -> list[Deadline]:
    """All deadlines of a demand, whether its clocks run or are paused."""
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
    """The deadlines towards which clocks run now; of a paused demand only the end of the pause.

    Imported history has none: another system measured its times.
    """
    if demand.imported or demand.status not in RUNNING:
        return []
    if demand.paused_at is None:
        open_deadlines = deadlines(demand)
        return [due for due in open_deadlines if due.stage is _RESOLVE] if demand.status is _TRIAGE else open_deadlines
    return [Deadline(None, None, demand.paused_until)] if demand.paused_until else []


def steps(deadline: Deadline, pack: Pack) -> Sequence[datetime]:
    """The moments of all steps of a deadline, in order; the end of a pause has one step."""
    return (deadline.at,) if deadline.stage is None else pack.deadline_steps(deadline.at)


def pending(before: Demand, due: Sequence[Deadline], at: datetime, pack: Pack) -> list[Pending]:
    """The pending steps of the deadlines `due` of a demand that a fact at the moment `at` changed; `before` is the
    demand before that fact.

    For a deadline that existed before, the steps up to now were recorded or wait in the timer that was planned for
    them; while the clocks were paused no step was recorded. Of a new deadline only the warning can already be too late:
    it is skipped then.
    """
    earlier_deadlines, told_until = deadlines(before), _told_until(before, at)
    pending = []
    for deadline in due:
        times = steps(deadline, pack)
        if earlier_deadlines and any(deadline.is_same_as(old) for old in earlier_deadlines):
            step = bisect_right(times, told_until)
        else:
            step = MISS if deadline.stage and times[WARNING] <= at else 0
        if step < len(times):
            pending.append(Pending(deadline, step, times[step]))
    return pending


def _told_until(demand: Demand, at: datetime) -> datetime:
    """The moment up to which timers have recorded the steps of a demand: `at` if its clocks run, else the beginning of
    its pause."""
    if demand.status in RUNNING and demand.paused_at is None:
        return at
    return demand.paused_at or demand.updated_at or at


def pending_at_update(demand: Demand, now: datetime, pack: Pack) -> list[Pending]:
    """The pending steps of a demand that was open before timers were stored; steps that were missed before `now` are
    not recorded."""
    with_steps = ((due, steps(due, pack)) for due in due_now(demand))
    numbered = ((due, times, bisect_right(times, now)) for due, times in with_steps)
    return [Pending(due, step, times[step]) for due, times, step in numbered if step < len(times)]


def next_at(parts: Sequence[Pending]) -> datetime | None:
    """The moment of the first of these steps; None if there are none."""
    return min([part.at for part in parts]) if parts else None


def has_step_until(demand: Demand, at: datetime, pack: Pack) -> bool:
    """Whether a step of this demand's deadlines is due at the moment `at`; it may not be recorded yet."""
    return any(due.stage and steps(due, pack)[0] <= at for due in due_now(demand))


def due_facts(parts: Sequence[Pending], until: datetime, pack: Pack) -> tuple[list[f.Fact], list[Pending]]:
    """The facts of all steps up to the moment `until`, in the order of their times, and the steps that are pending
    after it.

    A warning is skipped if its due time is already missed.
    """
    facts: list[tuple[datetime, f.Fact]] = []
    still_pending = []
    for deadline, step, _ in parts:
        times = steps(deadline, pack)
        end = bisect_right(times, until)
        for number in range(step, end):
            if number is not WARNING or end == MISS:
                facts += [(times[number], fact) for fact in _facts(deadline, number, pack)]
        next_step = max(step, end)
        if next_step < len(times):
            still_pending.append(Pending(deadline, next_step, times[next_step]))
    return [fact for _, fact in sorted(facts, key=lambda dated: dated[0])], still_pending


def _facts(deadline: Deadline, step: int, pack: Pack) -> list[f.Fact]:
    """The facts of one step of a deadline."""
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
    recipient = next(iter(pack.units_above(lead)), None) if rung.to == "above" else pack.coordinator
    leader = pack.leader_of(lead) if rung.leader else None
    if recipient is None and leader is None:
        return []
    return [
        f.DemandEscalated(
            to=recipient or pack.coordinator, reason=_reason(stage, due_at, pack), stage=stage, leader=leader
        )
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
