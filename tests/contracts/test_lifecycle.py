"""Properties of the table of a demand's lifecycle."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.demand import facts as f
from shared.contracts.demand import lifecycle_page
from shared.contracts.demand.lifecycle import HOLDER, TRANSITIONS, evolve
from shared.contracts.demand.state import Demand, Service, Status
from shared.contracts.event_types import STATUS_FACTS
from shared.contracts.refusals import Code, Refused
from tests import story
from tests.contracts.test_published import SAMPLES

AT = datetime(2021, 5, 10, tzinfo=UTC)


def test_every_status_fact_has_a_row():
    without = [kind.__name__ for kind in STATUS_FACTS.values() if kind not in TRANSITIONS]
    assert not without, f"{without}: after what, becomes what, told by whom? Add a row to TRANSITIONS"
    assert set(TRANSITIONS) == set(STATUS_FACTS.values())


def test_at_any_status_exactly_one_service_may_record():
    for status in Status:
        writers = {row.written_by for row in TRANSITIONS.values() if status in row.after}
        assert len(writers) == (0 if status is Status.CLOSED else 1), status


def test_every_status_can_be_reached_and_left():
    reached = {row.becomes for row in TRANSITIONS.values()} | {Status.NONE}
    left = {status for row in TRANSITIONS.values() for status in row.after}
    assert reached - {None} == set(Status)
    assert left == set(Status) - {Status.CLOSED}


def test_reporting_records_no_facts_of_demands():
    assert Service.REPORTING not in HOLDER.values()


def test_the_page_shows_every_status_and_every_fact():
    page = lifecycle_page.page()
    assert all(f"| {status} |" in page for status in set(Status) - {Status.NONE})
    assert all(f"| `{name}` |" in page for name in STATUS_FACTS)


def test_a_closed_demand_cannot_be_reopened():
    closed = story.demand(*story.CLOSED)
    with pytest.raises(Refused) as refused:
        evolve(closed, f.DemandReopened(reason="late"), AT)
    assert refused.value.code is Code.ILLEGAL_TRANSITION


def test_a_demand_counts_its_returns_and_units():
    demand = story.demand(*story.RETURNED, f.DemandRouted(unit="water", rule="r2"))
    assert (demand.returns, demand.units, demand.unit) == (1, ("roads", "water"), "water")


def test_a_reopened_demand_is_not_resolved_any_more():
    demand = story.demand(*story.RESOLVED, f.DemandReopened(reason="still leaking", rating=1))
    assert (demand.resolved_at, demand.reopenings, demand.solved) == (None, 1, False)


def sample(kind: type[f.StatusFact]) -> f.StatusFact:
    path = SAMPLES / f"{kind.wire_type()}.json"
    assert path.exists(), f"{path} is missing: store a sample of the new fact"
    return kind.model_validate_json(path.read_bytes())


@given(st.lists(st.sampled_from(list(STATUS_FACTS.values())), max_size=40))
def test_random_facts_never_lead_to_an_illegal_state(tries: list[type[f.StatusFact]]):
    demand = Demand(id=UUID(int=1))
    for kind in tries:
        before = demand
        try:
            demand = evolve(demand, sample(kind), AT)
        except Refused:
            assert before.status not in TRANSITIONS[kind].after
            continue
        assert before.status in TRANSITIONS[kind].after
        assert demand.version == before.version + 1
        assert demand.status is (TRANSITIONS[kind].becomes or before.status)
