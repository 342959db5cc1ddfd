"""The case clock: every moment of a demand's life is attributed to one holder."""

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing.cases.clock import Clock, Holder, Hop, clock_of
from services.routing.cases.clock_api import case_clock
from services.routing.cases.handler import CaseHandler
from shared.chassis.database.pool import open_pool
from shared.contracts.demand import facts as f
from shared.contracts.demand.lifecycle import evolve
from shared.contracts.refusals import Refused
from shared.identity.person import Person
from tests import story
from tests.packs import nanhai, shipped
from tests.routing.deadline_harness import STATION, DeadlineHarness

PACK = nanhai()
AT = story.AT
HOUR = timedelta(hours=1)
SECONDS = PACK.due_times.working_seconds_between


def clock(*dated_facts: tuple[f.StatusFact, int], now: int) -> Clock:
    """The clock of a case after facts at these hours after ten o'clock on a Monday."""
    return clock_of(AT, [(fact, AT + n * HOUR) for fact, n in dated_facts], AT + now * HOUR, SECONDS)


def hops(measured_clock: Clock) -> list[tuple[str, str | None, int]]:
    return [(span.hop.value, span.unit, span.seconds // 3600) for span in measured_clock.spans]


def test_the_clock_lists_each_holder_in_turn():
    measured_clock = clock(
        (f.DemandTriaged(reason="x"), 0),
        (f.DemandRouted(unit="nh-tax", rule="r"), 2),
        (f.DemandReturned(by="陈", reason="x", suggested_unit="nh-police"), 3),
        (f.DemandRouted(unit="nh-police", rule="r"), 3),
        (f.DemandAccepted(by="王"), 7),
        (f.DemandContacted(by="王", reached=False), 8),
        (f.DemandPaused(by="王", reason="weather"), 24),
        (f.DemandResumed(by="王"), 48),
        (f.DemandProgressed(by="王", note="x"), 50),
        (f.DemandResolved(by="王", result="x"), 72),
        (f.DemandReopened(reason="x"), 73),
        (f.DemandRouted(unit="nh-police", rule="reopened"), 73),
        now=80,
    )
    assert hops(measured_clock) == [
        ("triage", None, 2),
        ("sign", "nh-tax", 1),
        ("sign", "nh-police", 4),
        ("contact", "nh-police", 1),
        ("handling", "nh-police", 16),
        ("paused", "nh-police", 24),
        ("handling", "nh-police", 24),
        ("verdict", None, 1),
        ("sign", "nh-police", 7),
    ]
    assert measured_clock.running is not None
    assert (measured_clock.running.holder, measured_clock.running.unit, measured_clock.running.hop) == (
        Holder.UNIT,
        "nh-police",
        Hop.SIGN,
    )
    assert [(holder.unit, holder.seconds // 3600, holder.paused_seconds // 3600) for holder in measured_clock.held] == [
        (None, 2, 0), ("nh-tax", 1, 0), ("nh-police", 52, 24), (None, 1, 0),
    ]  # fmt: skip
    assert measured_clock.spans[5].reason == "weather"


def test_the_clock_of_an_ended_demand_does_not_run():
    closed = clock((f.DemandDeclined(reason="x"), 1), (f.DemandClosed(outcome=f.Outcome.DECLINED), 3), now=90)
    assert (closed.running, hops(closed)) == (None, [("intake", None, 1), ("verdict", None, 2)])


def test_a_list_is_a_pause_that_ends_when_work_goes_on():
    measured_clock = clock(
        (f.DemandRouted(unit="nh-tax", rule="r"), 0),
        (f.DemandAccepted(by="王"), 0),
        (f.DemandListed(level="town", reason="x"), 1),
        (f.DemandProgressed(by="王", note="x"), 5),
        now=6,
    )
    assert hops(measured_clock) == [("contact", "nh-tax", 1), ("paused", "nh-tax", 4), ("handling", "nh-tax", 1)]


def test_working_seconds_follow_the_calendar_of_the_jurisdiction():
    measured_clock = clock((f.DemandRouted(unit="nh-tax", rule="r"), 0), now=24)
    assert measured_clock.spans[0].working_seconds == 7 * 3600, (
        "10:00-12:00, 14:00-17:30, and 08:30-10:00 of the next day"
    )


FACTS = (
    f.DemandTriaged(reason="x"),
    f.DemandRouted(unit="nh-tax", rule="r"),
    f.DemandRouted(unit="nh-police", rule="r"),
    f.DemandReturned(by="陈", reason="x"),
    f.DemandAccepted(by="陈"),
    f.DemandContacted(by="陈"),
    f.DemandProgressed(by="陈", note="x"),
    f.DemandPaused(by="陈", reason="weather"),
    f.DemandResumed(by="陈"),
    f.DemandListed(level="town", reason="x"),
    f.DemandMerged(parent=story.ID, parent_number="NH21-000009-X"),
    f.DemandUnmerged(by="李", reason="x"),
    f.DemandDeclined(reason="x"),
    f.DemandResolved(by="陈", result="x"),
    f.DemandReopened(reason="x"),
    f.DemandConfirmed(rating=5, solved=True),
    f.DemandClosed(outcome=f.Outcome.CONFIRMED),
)


def test_a_short_change_to_another_holder_does_not_split_a_span():
    dated_facts = [
        (f.DemandRouted(unit=STATION, rule="r"), AT + HOUR),
        (f.DemandAccepted(by="陈"), AT + 2 * HOUR),
        (f.DemandPaused(by="陈", reason="weather"), AT + 3 * HOUR),
        (f.DemandResumed(by="陈"), AT + 3 * HOUR),
    ]
    spans = clock_of(AT, dated_facts, AT + 5 * HOUR, SECONDS).spans
    assert [span.seconds // 3600 for span in spans] == [1, 1, 3]


@given(st.lists(st.tuples(st.sampled_from(FACTS), st.timedeltas(timedelta(days=-1), timedelta(days=9))), max_size=25))
def test_spans_cover_the_whole_life_without_gap_or_overlap(steps: list[tuple[f.StatusFact, timedelta]]):
    demand, at, dated_facts = story.demand(*story.SUBMITTED), AT, []
    for fact, wait in steps:
        at += wait
        try:
            demand = evolve(demand, fact, at)
        except Refused:
            continue
        dated_facts.append((fact, at))
    end = max([AT, *(moment for _, moment in dated_facts)])
    now = end + HOUR
    measured_clock = clock_of(AT, dated_facts, now, SECONDS)
    ended = demand.outcome is not None
    assert all(span.start <= span.end for span in measured_clock.spans)
    assert all(before.end == after.start for before, after in pairwise(measured_clock.spans))
    assert all(
        (before.hop, before.unit, before.reason) != (after.hop, after.unit, after.reason)
        for before, after in pairwise(measured_clock.spans)
    )
    assert not measured_clock.spans or measured_clock.spans[0].start == AT
    life = (end if ended else now) - AT
    assert sum(((span.end - span.start) for span in measured_clock.spans), timedelta()) == life
    assert sum(holder.seconds + holder.paused_seconds for holder in measured_clock.held) == sum(
        span.seconds for span in measured_clock.spans
    )
    assert (measured_clock.running is None) is ended


@pytest.fixture
async def harness(database: str) -> AsyncIterator[DeadlineHarness]:
    async with await open_pool(database, "routing") as pool:
        yield DeadlineHarness(pool)


async def test_the_clock_of_a_case_is_built_from_routings_own_facts_and_received_ones(harness: DeadlineHarness):
    key = await harness.submits()
    await harness.record(key, AT + HOUR, f.DemandAccepted(by="陈"), f.DemandResolved(by="陈", result="x"))
    version = (await harness.state(key)).version
    await harness.deliver(key, f.DemandReopened(reason="x"), AT + 3 * HOUR, version + 1)
    desk = CaseHandler(harness.pool, harness.repository, shipped())
    number = (await harness.state(key)).number
    reader = Person(name="陈", unit=STATION, roles=frozenset({"clerk"}))
    measured_clock = await case_clock(desk, number, reader, AT + 5 * HOUR)
    assert hops(measured_clock) == [("sign", STATION, 1), ("verdict", None, 2), ("sign", STATION, 2)]
    with pytest.raises(Refused):
        await case_clock(desk, number, Person(name="王", unit="nh-tax", roles=frozenset({"clerk"})), AT)
