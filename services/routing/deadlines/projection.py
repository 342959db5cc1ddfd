"""Projects facts onto the deadline timers: one for each demand that has a pending step."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from services.routing.deadlines.domain import Pending, due_now, has_step_until, next_at, pending
from services.routing.deadlines.payloads import payload_of
from services.routing.deadlines.queries import DEADLINE, SetAside, set_aside
from shared.chassis.aggregates.projections import Projection, change_itself
from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.database.write_batch import WriteBatch
from shared.chassis.work.timers import Timer, forget, plan
from shared.contracts.demand import facts as f
from shared.contracts.demand.groups import ALL_NOTES, ALL_STATUS_FACTS
from shared.contracts.demand.state import Demand
from shared.jurisdiction.jurisdictions import Jurisdictions

Whole = Change[Demand, f.Fact]
_WITHOUT_CLOCK: Final[Sequence[type[f.Fact]]] = (f.DemandSubmitted, f.DemandConfirmed, f.DemandClosed)
"""Facts that change no deadline: before the first there is none, and after the others there is none left."""


class _DeadlineCourse(NamedTuple):
    """How a batch changes one demand: its state before and after, and the time of its last fact."""

    before: Demand
    after: Demand
    at: datetime


def deadline_projection(packs: Jurisdictions) -> Projection[Demand, f.Fact, Whole]:
    """The projection that plans and deletes the deadline timers of demands, by the limits of these packs."""

    def write(writes: WriteBatch, changes: Sequence[Whole]) -> None:
        _put_deadlines(writes, changes, packs)

    on = dict.fromkeys((kind for kind in ALL_STATUS_FACTS if kind not in _WITHOUT_CLOCK), change_itself)
    return Projection(on=on, ignores=(*_WITHOUT_CLOCK, *ALL_NOTES), write=write)


def _put_deadlines(writes: WriteBatch, changes: Sequence[Whole], packs: Jurisdictions) -> None:
    at_once, later = _Writes(), _Writes()
    overdue: dict[UUID, SetAside] = {}
    for key, course in _courses(changes).items():
        before, due = course.before, due_now(course.after)
        pack = packs.of_division(course.after.division) if due_now(before) != due else None
        if pack is None:
            continue
        to = at_once
        if has_step_until(before, course.at, pack):
            overdue[key], to = SetAside(course.at, course.after.version), later
        to.put(key, pending(before, due, course.at, pack))
    if overdue:
        set_aside(writes, overdue)
    at_once.write(writes)
    if later:
        later.write(writes.after)  # because what is set aside is the same row


def _courses(changes: Sequence[Whole]) -> dict[UUID, _DeadlineCourse]:
    courses: dict[UUID, _DeadlineCourse] = {}
    for change in changes:
        key, earlier = change.envelope.key, courses.get(change.envelope.key)
        courses[key] = _DeadlineCourse(earlier.before if earlier else change.before, change.after, change.envelope.time)
    return courses


class _Writes:
    """Collects timers to plan, and keys whose timers are deleted."""

    def __init__(self) -> None:
        self._plan: list[Timer] = []
        self._forget: list[UUID] = []

    def __bool__(self) -> bool:
        return bool(self._plan or self._forget)

    def put(self, key: UUID, parts: Sequence[Pending]) -> None:
        at = next_at(parts)
        if at is None:
            self._forget.append(key)
        else:
            self._plan.append(Timer(DEADLINE, key, at, payload_of(parts)))

    def write(self, writes: WriteBatch) -> None:
        plan(writes, self._plan)
        forget(writes, DEADLINE, self._forget, name="")  # what was set aside is still told
