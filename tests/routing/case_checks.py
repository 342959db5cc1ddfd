"""Invariants of a case that hold at any time."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from shared.contracts.demand import facts as f
from shared.contracts.demand.lifecycle import evolve, replay
from shared.contracts.demand.state import Demand
from shared.jurisdiction.pack import Pack
from tests import story
from tests.routing.case_harness import Course, Sent, StoredFact, answer_of, id_of_first_fact
from tests.routing.case_model import AFTER, Model, due_after_pause, may

WITH_A_UNIT = {"routed", "accepted", "in_progress", "listed"}
CLOCKS_RUN = {"triage", "routed", "accepted", "in_progress"}
_MOVES_DUE = (f.DemandPrioritized, f.DemandReclassified)


def submitted(course: Course) -> Demand:
    """The case just after it was raised, with the fields that no later fact repeats."""
    stored = course.stored
    names = ("number", "jurisdiction", "contact", "title")
    fact = story.SUBMISSION.model_copy(update={name: getattr(stored, name) for name in names})
    earlier = stored.categories[0] if stored.categories else stored.category
    assert stored.submitted_at
    return replay(Demand(id=stored.id), [(fact.model_copy(update={"category": earlier}), stored.submitted_at)])


def at_version(course: Course, version: int) -> Demand:
    """The case after this many of its facts."""
    return replay(submitted(course), _dated(course.steps[: version - 1]))


def _dated(steps: Sequence[StoredFact]) -> list[tuple[f.StatusFact, datetime]]:
    return [(step.fact, step.at) for step in steps if isinstance(step.fact, f.StatusFact)]


def check_course(course: Course, pack: Pack) -> None:
    """Its facts have no gap in their sequence, and replaying them gives the stored state and the model's state."""
    stored = course.stored
    assert [step.sequence for step in course.steps] == list(range(2, course.version + 1)), "1 is its submission"
    demand, seen = submitted(course), {step.id for step in (*course.steps, *course.notes)}
    assert len(seen) == len(course.steps) + len(course.notes), "each fact once"
    for fact, at in _dated(course.steps):
        before, demand = demand, evolve(demand, fact, at)
        _check_time(before, demand, fact, at, pack)
    assert demand == stored, "the state is what the facts say"
    assert stored.version == course.version
    assert Model.of([story.SUBMISSION, *(fact for fact, _ in _dated(course.steps))]).agrees(stored), stored
    if stored.status in WITH_A_UNIT:
        assert stored.unit is not None
        assert stored.unit not in stored.assisting, "whoever leads does not assist"
    _check_deadlines(course)


def _check_time(before: Demand, after: Demand, fact: f.StatusFact, at: datetime, pack: Pack) -> None:
    """A due time changes only by facts that are meant to change it, and never while the clock is stopped."""
    match fact:
        case f.DemandResumed():
            assert before.paused_at is not None
            assert before.due_at is None or after.due_at == due_after_pause(pack, before.due_at, before.paused_at, at)
        case f.DemandRouted() | f.DemandExtended() | f.DemandPrioritized() | f.DemandReclassified():
            pass
        case _:
            assert after.due_at == before.due_at, fact
    if before.paused_at is not None and after.paused_at is None and after.status in CLOCKS_RUN | {"returned", "merged"}:
        assert isinstance(fact, f.DemandResumed), f"the time of a pause is counted by {fact!r}"


def _check_deadlines(course: Course) -> None:
    """No deadline fact is repeated for the same due time, unless a correction restored that due time."""
    if any(isinstance(step.fact, _MOVES_DUE) for step in course.steps):
        return
    counts = Counter(
        (note.fact.type, note.fact.stage, note.fact.unit if note.fact.stage is f.Stage.ASSIST else "", note.fact.due_at)
        for note in course.notes
        if isinstance(note.fact, f.DeadlineWarned | f.DeadlineMissed)
    )
    assert all(times == 1 for times in counts.values()), counts


def check_answer(sent: Sent, course: Course, pack: Pack) -> None:
    """A command answered with 200 is recorded once, by a permitted person at a permitted status; a refused one is
    not."""
    recorded = [fact for fact in (*course.steps, *course.notes) if fact.correlation == sent.cause]
    if sent.status != 200:
        assert recorded == [], f"refused, and told: {sent}"
        return
    assert [fact.id for fact in recorded].count(id_of_first_fact(sent)) == 1, f"answered, and lost: {sent}"
    steps = [fact.sequence for fact in recorded if fact.sequence is not None]
    answer = answer_of(sent)
    before = at_version(course, min(steps) - 1 if steps else answer.version)
    assert answer == at_version(course, answer.version)
    assert not steps or answer.version == max(steps)
    assert before.status in AFTER[sent.command], f"an illegal path from {before.status}: {sent}"
    assert may(sent.by, sent.command, before, pack), f"without the right: {sent}"


def check_family(courses: Mapping[UUID, Course], now: datetime) -> None:
    """After the timers have run, merged cases have followed their parents, and overdue deadlines are recorded."""
    for course in courses.values():
        case = course.stored
        if case.status == "merged" and case.parent in courses:
            parent = courses[case.parent].stored
            assert parent.status not in {"resolved", "declined", "withdrawn"}, "it ends as its parent does"
        if case.status not in CLOCKS_RUN:
            continue
        assert case.paused_until is None or case.paused_until > now, f"a pause ends by itself: {case!r}"
        if case.paused_at is None and case.due_at is not None and case.due_at <= now:
            missed = {note.fact.due_at for note in course.notes if isinstance(note.fact, f.DeadlineMissed)}
            assert case.due_at in missed, f"overdue, and nobody was told: {case!r}"
