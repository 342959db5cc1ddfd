"""Projects facts onto the call-backs: one from each answer until its verdict, or until the demand goes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.routing.call_backs import queries
from services.routing.call_backs.domain import due_at, first_call
from shared.chassis.aggregates.projections import Projection, change_itself
from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand import facts as f
from shared.contracts.demand.groups import ALL_NOTES, ALL_STATUS_FACTS
from shared.contracts.demand.state import Demand
from shared.jurisdiction.jurisdictions import Jurisdictions

Whole = Change[Demand, f.Fact]
Row = tuple[object, ...]
_ENDS: Final[Sequence[type[f.Fact]]] = (f.DemandConfirmed, f.DemandReopened, f.DemandClosed)
_MOVES: Final[Sequence[type[f.Fact]]] = (f.DemandResolved, f.VerdictGiven, f.CallBackFailed, *_ENDS)


@dataclass(frozen=True, slots=True)
class _CallBackCourse:
    """The last change of a batch to the call-back of one demand: a call that is due, a failed call, or no call any
    more."""

    waiting: Row | None = None
    in_vain: Row | None = None


def call_back_projection(packs: Jurisdictions) -> Projection[Demand, f.Fact, Whole]:
    """The projection of call-backs, by the rules of these packs."""

    def write(writes: WriteBatch, changes: Sequence[Whole]) -> None:
        courses: dict[UUID, _CallBackCourse] = {}
        for change in changes:
            if (state := _course(change, packs)) is not None:
                courses[change.envelope.key] = state
        queries.forget(writes, [key for key, state in courses.items() if state == _CallBackCourse()])
        if waiting := [state.waiting for state in courses.values() if state.waiting]:
            queries.put_waiting(writes, waiting)
        if in_vain := [state.in_vain for state in courses.values() if state.in_vain]:
            queries.put_failed_calls(writes, in_vain)

    ignored = [kind for kind in (*ALL_STATUS_FACTS, *ALL_NOTES) if kind not in _MOVES]
    return Projection(on=dict.fromkeys(_MOVES, change_itself), ignores=ignored, write=write)


def _course(change: Whole, packs: Jurisdictions) -> _CallBackCourse | None:
    fact, demand = change.fact, change.after
    pack = packs.of_division(demand.division)
    if isinstance(fact, f.VerdictGiven | f.CallBackFailed) and fact.judged != demand.version:
        return None
    if isinstance(fact, f.CallBackFailed):
        due = due_at(fact.next_at, pack) if pack and fact.next_at else None
        tried = (fact.attempt, fact.not_reached, change.envelope.time)
        return _CallBackCourse(in_vain=(*_about(demand), fact.next_at, due, *tried))
    if isinstance(fact, f.DemandResolved):
        call = first_call(demand, pack) if pack else None
        return _CallBackCourse(waiting=(*_about(demand), *call)) if call else None
    return _CallBackCourse()


def _about(demand: Demand) -> Row:
    had_part = [unit for unit in (demand.unit, *demand.assisting) if unit]
    return demand.id, demand.jurisdiction, demand.version, had_part
