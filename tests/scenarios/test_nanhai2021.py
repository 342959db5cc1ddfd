"""The scenario is the same for the same seed, each of its demands is legal, and its totals are the article's."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from deploy.scenarios.course import CLERKS
from deploy.scenarios.nanhai2021 import demands, story
from services.intake.submission import domain
from services.intake.submission.domain import RecordedDemand
from shared.contracts.demand.facts import DemandRouted, DemandSubmitted
from shared.contracts.demand.lifecycle import TRANSITIONS, evolve
from shared.contracts.demand.state import Demand, Status
from shared.contracts.event_types import recorded
from tests.packs import nanhai

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ENDED_WELL = (Status.RESOLVED, Status.CONFIRMED)


@pytest.fixture(scope="module")
def told() -> list[RecordedDemand]:
    return demands(nanhai())


def end_of(demand: RecordedDemand, until: datetime) -> Demand:
    """Where it stands at a moment, by the lifecycle table alone; what the catalogue decides is put in between."""
    submitted = DemandSubmitted(
        number="NH21-000001-W", jurisdiction="nanhai", channel="web", channel_kind=demand.channel_kind,
        kind=demand.kind, division=demand.division, title=demand.title,
    )  # fmt: skip
    state = evolve(Demand(id=UUID(int=1)), submitted, demand.occurred_at)
    for step in demand.history:
        fact = recorded(step)
        if step.at > until:
            return state
        if state.status not in TRANSITIONS[type(fact)].after:
            state = evolve(state, DemandRouted(unit="any", rule="any"), step.at)
        state = evolve(state, fact, step.at)
    return state


def test_the_same_seed_tells_the_same_year(told: list[RecordedDemand]):
    assert demands(nanhai()) == told
    assert demands(nanhai(), seed=1) != told


def test_every_demand_is_one_that_intake_takes(told: list[RecordedDemand]):
    for demand in told:
        domain.check(demand, nanhai(), NOW)
    assert len({demand.external_id for demand in told}) == len(told)


@pytest.mark.parametrize(("end", "collected", "completed"), [("first_month_ends", 728, 458), ("year_ends", 1335, 1230)])
def test_the_totals_are_the_articles(told: list[RecordedDemand], end: str, collected: int, completed: int):
    scenario = story()
    evening = scenario.evening(getattr(scenario, end))
    raised = [demand for demand in told if demand.occurred_at <= evening]
    done = [demand for demand in raised if end_of(demand, evening).status in ENDED_WELL]
    assert (len(raised), len(done)) == (collected, completed)


def test_visits_happen_on_tuesdays(told: list[RecordedDemand]):
    visits = [demand for demand in told if demand.channel_kind == "field-visit"]
    tuesdays = [demand for demand in visits if demand.occurred_at.weekday() == 1]
    assert len(tuesdays) > 0.9 * len(visits) > 0


def test_who_handles_a_demand_is_a_person_and_no_unit(told: list[RecordedDemand]):
    people = {step.data["by"] for demand in told for step in demand.history if "by" in step.data}
    assert people <= set(CLERKS)
    assert len(people) > 5
