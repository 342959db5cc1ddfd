"""Each stage has its due time, which is shorter for urgent and vulnerable cases; a pause moves the remaining time."""

from datetime import timedelta

import pytest

from services.routing.cases.limits import assist_due, due_when_prioritized, limits_of, resumed
from services.routing.cases.policies import reaction
from shared.contracts.demand import facts as f
from shared.contracts.demand.lifecycle import evolve, replay
from shared.contracts.demand.state import Demand
from shared.jurisdiction.limits import Limit
from tests import story
from tests.packs import nanhai, shipped

PACK = nanhai()
AT = story.AT
"""Monday 10 May 2021, ten o'clock in Foshan."""
DAY = timedelta(days=1)


def routed(**submitted: object) -> f.DemandRouted:
    submission = story.SUBMISSION.model_copy(update=submitted)
    ((fact, _),) = reaction(shipped())(story.demand(submission), submission, AT, AT)
    assert isinstance(fact, f.DemandRouted)
    return fact


def with_unit(*facts: f.StatusFact) -> Demand:
    return replay(Demand(id=story.ID), [(fact, AT) for fact in (*story.SUBMITTED, routed(), *facts)])


def test_a_unit_has_limits_to_sign_to_call_and_to_answer():
    fact = routed()
    assert (fact.sign_due_at, fact.contact_due_at, fact.due_at) == (
        PACK.due_at(AT, 1), PACK.due_at(AT, 1), PACK.due_at(AT, 10),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("submitted", "sign", "resolve"),
    [
        ({"urgency": f.Urgency.CRITICAL}, AT + timedelta(minutes=30), AT + DAY),
        ({"urgency": f.Urgency.URGENT}, PACK.end_of(Limit(hours=4, outside_hours=False), AT), PACK.due_at(AT, 3)),
        ({"vulnerable": True}, PACK.end_of(Limit(hours=4, outside_hours=False), AT), PACK.due_at(AT, 5)),
        ({"vulnerable": True, "urgency": f.Urgency.CRITICAL}, AT + timedelta(minutes=30), AT + DAY),
    ],
    ids=["critical", "urgent", "vulnerable", "both"],
)
def test_urgent_and_vulnerable_cases_have_shorter_limits(submitted: dict[str, object], sign: object, resolve: object):
    fact = routed(**submitted)
    assert (fact.sign_due_at, fact.due_at) == (sign, resolve)


def test_the_next_unit_has_its_own_limit_to_sign_and_inherits_the_time_for_the_answer():
    later = AT + 3 * DAY
    returned = f.DemandReturned(by="陈", reason="x", suggested_unit="nh-tax")
    demand = evolve(with_unit(), returned, later)
    ((fact, _),) = reaction(shipped())(demand, returned, later, later)
    assert isinstance(fact, f.DemandRouted)
    assert (fact.due_at, fact.sign_due_at) == (PACK.due_at(AT, 10), PACK.due_at(later, 1))


def test_a_shorter_limit_runs_from_now_and_a_longer_one_from_receipt():
    now = AT + 3 * DAY
    demand = with_unit(f.DemandAccepted(by="陈"))
    _, urgent = due_when_prioritized(demand, PACK, f.Urgency.CRITICAL, False, now)
    assert (urgent.resolve, urgent.sign) == (now + DAY, None)
    critical = evolve(
        demand, f.DemandPrioritized(by="陈", urgency="critical", vulnerable=False, reason="x", due_at=now + DAY), now
    )
    _, ordinary = due_when_prioritized(critical, PACK, f.Urgency.ORDINARY, False, now)
    assert ordinary.resolve == PACK.due_at(AT, 10)


def test_a_case_in_triage_has_no_due_time_and_keeps_its_urgency():
    triaged = story.demand(*story.SUBMITTED, f.DemandTriaged(reason="x"))
    limits, due = due_when_prioritized(triaged, PACK, f.Urgency.CRITICAL, False, AT)
    assert (limits.resolve, due) == (Limit(hours=24), (None, None, None))


def test_a_pause_moves_open_due_times_and_not_that_of_a_finished_call():
    paused = with_unit(f.DemandAccepted(by="陈"), f.DemandPaused(by="陈", reason="weather"))
    fact = resumed(paused, PACK, AT + 7 * DAY, "陈")
    assert (fact.due_at, fact.contact_due_at) == (PACK.due_at(AT, 15), PACK.due_at(AT, 6))
    called = with_unit(f.DemandAccepted(by="陈"), f.DemandContacted(by="陈"), f.DemandPaused(by="陈", reason="weather"))
    assert resumed(called, PACK, AT + 7 * DAY).contact_due_at is None


def test_an_assisting_unit_has_its_own_limit_that_ends_before_the_answer_is_due():
    assert assist_due(with_unit(), PACK, AT) == PACK.due_at(AT, 5)
    assert assist_due(with_unit(), PACK, AT + 12 * DAY) == PACK.due_at(AT, 10)


def test_a_reopened_demand_has_the_packs_limit_for_reopened_ones():
    demand = with_unit().model_copy(update={"reopenings": 1})
    redo = PACK.model_copy(update={"handling": PACK.handling.model_copy(update={"redo": Limit(working_days=3)})})
    assert limits_of(demand, redo).resolve == Limit(working_days=3)
    assert limits_of(demand, PACK).resolve == Limit(working_days=10)


def test_after_the_packs_maximum_of_dispatches_the_coordinator_decides():
    moved = (
        f.DemandRouted(unit="nh-tax", rule="dispatcher:李"),
        f.DemandRouted(unit="nh-police", rule="dispatcher:李"),
    )
    returned = f.DemandReturned(by="陈", reason="x", suggested_unit="nh-education")
    demand = with_unit(*moved, returned)
    assert (demand.returns, len(demand.units)) == (1, PACK.handling.returning.max_dispatches)
    ((fact, _),) = reaction(shipped())(demand, returned, AT, AT)
    assert isinstance(fact, f.DemandRouted)
    assert (fact.unit, fact.rule) == (PACK.coordinator, "bounced")
