"""Counters equal a simple count, even if facts are delivered twice and in any order."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from datetime import date, timedelta
from uuid import UUID

import pytest

from services.reporting.drilldown.handler import Drilldown, OpenedFigure
from services.reporting.drilldown.pagination import BEGINNING
from services.reporting.figures.completion import Figures, Question, Satisfaction
from services.reporting.figures.domain import Dimension, measures, rate
from services.reporting.figures.projection import figure_projection
from services.reporting.figures.rollup import Rollup
from shared.chassis.aggregates.repository import Repositories, Repository
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.consumer.record import Record
from shared.chassis.database.pool import Pool, open_pool
from shared.contracts.demand import facts as f
from shared.contracts.demand.rules import demand_rules
from shared.contracts.demand.state import Service
from tests import story
from tests.chassis.conftest import Log
from tests.packs import nanhai, shipped

PASTS = {
    "submitted": story.SUBMITTED,
    "routed": story.ROUTED,
    "returned": story.RETURNED,
    "accepted": story.ACCEPTED,
    "resolved": story.RESOLVED,
    "reopened": (*story.RESOLVED, f.DemandReopened(reason="x", rating=1)),
    "closed/confirmed": story.CLOSED,
    "closed/unrated": (*story.RESOLVED, f.DemandClosed(outcome=f.Outcome.UNRATED)),
    "closed/withdrawn": (*story.ROUTED, f.DemandWithdrawn(), f.DemandClosed(outcome=f.Outcome.WITHDRAWN)),
}
OPEN = ("submitted", "routed", "accepted", "returned", "reopened")
COMPLETED = ("resolved", "closed/confirmed", "closed/unrated")


def due_in(days: int, *past: f.StatusFact) -> list[f.StatusFact]:
    """The same history, with a due time at every routing."""
    due = {"due_at": story.AT + timedelta(days=days)}
    return [fact.model_copy(update=due) if isinstance(fact, f.DemandRouted) else fact for fact in past]


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database, "reporting") as opened:
        yield opened


@pytest.fixture
def delivery(pool: Pool) -> Delivery:
    return Delivery(
        pool,
        Repositories.of(Repository("demand_facts", demand_rules(Service.REPORTING), figure_projection(shipped()))),
        "cluster",
    )


@pytest.mark.parametrize("seed", range(6))
async def test_counters_equal_a_simple_count(pool: Pool, delivery: Delivery, seed: int):
    chance = random.Random(seed)
    ends = [chance.choice(list(PASTS)) for _ in range(60)]
    log = Log()
    pasts = [due_in(chance.randint(1, 9), *PASTS[end]) for end in ends]
    records = [r for n, past in enumerate(pasts, 1) for r in log.records(*past, key=UUID(int=n))]
    delivered = records + chance.choices(records, k=120)
    chance.shuffle(delivered)
    while delivered:
        size = chance.randint(1, 40)
        await delivery.deliver(delivered[:size])
        delivered = delivered[size:]
        if chance.random() < 0.3:
            await Rollup(pool).sum()

    figures = Figures(pool, clock=lambda: story.AT)
    now = await figures.completion(nanhai(), Question(Dimension.ALL))
    assert now.total.statuses == dict(Counter(ends))
    assert now.total.completed == sum(end in COMPLETED for end in ends)
    evening = nanhai().local_day(story.AT)
    past_answer = await figures.completion(nanhai(), Question(Dimension.DIVISION, until=evening))
    assert (past_answer.total.collected, past_answer.total.completed) == (60, now.total.completed)
    assert {row.key: row.collected for row in past_answer.rows} == dict.fromkeys(nanhai().ancestors("440605011001"), 60)
    demands = [story.demand(*past) for past in pasts]
    due = [demand.due_at for demand in demands if demand.due_at and demand.status in OPEN]
    late_figures = Figures(pool, clock=lambda: max(due))
    assert (await late_figures.completion(nanhai(), Question(Dimension.ALL))).overdue == sum(
        at < max(due) for at in due
    )
    all_late = Figures(pool, clock=lambda: max(due) + timedelta(seconds=1))
    assert (await all_late.completion(nanhai(), Question(Dimension.ALL))).overdue == len(due) > 0
    units = await figures.completion(nanhai(), Question(Dimension.UNIT))
    assert sum(row.collected for row in units.rows) == 60


def test_an_answer_at_the_due_time_is_on_time_and_one_after_it_is_late():
    demand = story.demand(*due_in(0, *story.RESOLVED))
    assert demand.resolved_at == demand.due_at
    assert "on-time" in measures(demand)
    assert "late" in measures(demand.model_copy(update={"resolved_at": story.AT + timedelta(microseconds=1)}))


def test_first_and_last_verdicts_failed_calls_and_unasked_citizens_are_counted_separately():
    answered_again = (*story.RESOLVED, f.DemandReopened(reason="x", rating=2), *story.RESOLVED[1:])
    judged = set(measures(story.demand(*answered_again, f.DemandConfirmed(rating=5, solved=True))))
    assert {"first-rating:2", "rating:5"} <= judged
    assert not {"first-rating:5", "not-reached"} & judged
    unrated = [f.DemandClosed(outcome=f.Outcome.UNRATED, calls=calls) for calls in (0, 2)]
    not_called, in_vain = (set(measures(story.demand(*story.RESOLVED, closed))) for closed in unrated)
    assert (in_vain - not_called, not_called - in_vain) == ({"not-reached"}, set())


AGAIN = (*story.RESOLVED, f.DemandReopened(reason="x", rating=2), *story.RESOLVED[1:])
AT_ONCE = (*story.ACCEPTED, f.DemandResolved(by="Chen", result="当场换了灯泡", on_the_spot=True))
JUDGED = {
    "satisfied at first and at last": (*story.RESOLVED, f.DemandConfirmed(rating=3, solved=True)),
    "satisfied at last": (*AGAIN, f.DemandConfirmed(rating=5, solved=True)),
    "dissatisfied": (*story.RESOLVED, f.DemandReopened(reason="x", rating=1)),
    "not solved, without a level": (*story.RESOLVED, f.DemandReopened(reason="x")),
    "on the spot": AT_ONCE,
    "on the spot, and not solved": (*AT_ONCE, f.DemandReopened(reason="x")),
    "answered": story.RESOLVED,
}
"""Verdicts of citizens, and answers given on a visit."""
COUNTED = {
    "rated": ("satisfied at first and at last", "satisfied at last", "dissatisfied"),
    "satisfied": ("satisfied at first and at last", "satisfied at last"),
    "first-rated": ("satisfied at first and at last", "satisfied at last", "dissatisfied"),
    "first-satisfied": ("satisfied at first and at last",),
    "on-the-spot": ("on the spot",),
}


async def test_first_and_last_satisfaction_and_answers_on_the_spot_are_counted_and_link_to_their_demands(
    pool: Pool, delivery: Delivery
):
    log, ids = Log(), {name: UUID(int=n) for n, name in enumerate(JUDGED, 1)}
    for name, past in JUDGED.items():
        await delivery.deliver(log.records(*past, key=ids[name]))
    total = (await Figures(pool, clock=lambda: story.AT).completion(nanhai(), Question(Dimension.ALL))).total
    assert total.satisfaction == Satisfaction(rated=3, satisfied=2, rate=66.67)
    assert total.first_satisfaction == Satisfaction(rated=3, satisfied=1, rate=33.33)
    assert total.marks["on-the-spot"] == 1
    drilldown = Drilldown(pool, clock=lambda: story.AT)
    for counted, names in COUNTED.items():
        listed = await drilldown.page(OpenedFigure(nanhai(), counted=counted), BEGINNING, 50)
        assert {demand.id for demand in listed.demands} == {ids[name] for name in names}, counted


async def test_no_satisfaction_is_shown_for_a_past_day(pool: Pool, delivery: Delivery):
    await delivery.deliver(Log().records(*JUDGED["dissatisfied"], key=UUID(int=1)))
    question = Question(Dimension.ALL, until=nanhai().local_day(story.AT))
    past = await Figures(pool, clock=lambda: story.AT).completion(nanhai(), question)
    assert (past.total.collected, past.total.satisfaction, past.total.first_satisfaction) == (1, None, None)


def test_the_rate_of_nanhai_2021_is_the_published_one():
    assert rate(1230, 1335) == 92.13
    assert rate(0, 0) is None
    assert rate(1, 1) == 100.0
    assert rate(1, 3) == 33.33
    assert rate(2, 3) == 66.67


async def test_sums_made_while_the_projector_writes_count_each_demand_once(pool: Pool, delivery: Delivery):
    log, count = Log(), 600
    records = [r for n in range(1, count + 1) for r in log.records(*story.CLOSED, key=UUID(int=n))]
    batches = (records[start : start + 100] for start in range(0, len(records), 100))
    folding = asyncio.create_task(_folded(delivery, batches))
    summed = 0
    while not folding.done():
        await Rollup(pool).sum()
        summed += 1
        now = await Figures(pool).completion(nanhai(), Question(Dimension.ALL))
        assert now.total.completed <= now.total.collected <= count
    await folding
    assert summed > 3
    for question in (Question(Dimension.ALL), Question(Dimension.DIVISION), Question(Dimension.ALL, by_month=True)):
        for row in (await Figures(pool).completion(nanhai(), question)).rows:
            assert (row.collected, row.completed, row.statuses) == (count, count, {"closed/confirmed": count})
    for day in (date(2021, 5, 9), date(2021, 5, 10), date(2021, 6, 1), date(2022, 1, 1), date(2031, 7, 1)):
        past = await Figures(pool).completion(nanhai(), Question(Dimension.ALL, until=day))
        assert past.total.collected == (count if day >= date(2021, 5, 10) else 0)


async def _folded(delivery: Delivery, batches: Iterable[list[Record]]) -> None:
    for batch in batches:
        await delivery.deliver(batch)
