"""Whose clock ran: every moment of a demand's life belongs to one holder."""

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
from tests.routing.deadline_office import STATION, Office

PACK = nanhai()
AT = story.AT
HOUR = timedelta(hours=1)
SECONDS = PACK.due_times.working_seconds_between


def clock(*told: tuple[f.StatusFact, int], now: int) -> Clock:
    """Facts at so many hours after ten o'clock on a Monday."""
    return clock_of(AT, [(fact, AT + n * HOUR) for fact, n in told], AT + now * HOUR, SECONDS)


def hops(found: Clock) -> list[tuple[str, str | None, int]]:
    return [(span.hop.value, span.unit, span.seconds // 3600) for span in found.spans]


def test_a_life_is_told_hop_by_hop():
    found = clock(
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
    assert hops(found) == [
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
    assert found.running is not None
    assert (found.running.holder, found.running.unit, found.running.hop) == (Holder.UNIT, "nh-police", Hop.SIGN)
    assert [(one.unit, one.seconds // 3600, one.paused_seconds // 3600) for one in found.held] == [
        (None, 2, 0), ("nh-tax", 1, 0), ("nh-police", 52, 24), (None, 1, 0),
    ]  # fmt: skip
    assert found.spans[5].reason == "weather"


def test_a_demand_that_has_ended_runs_no_clock():
    closed = clock((f.DemandDeclined(reason="x"), 1), (f.DemandClosed(outcome=f.Outcome.DECLINED), 3), now=90)
    assert (closed.running, hops(closed)) == (None, [("intake", None, 1), ("verdict", None, 2)])


def test_a_list_is_a_pause_that_work_ends():
    found = clock(
        (f.DemandRouted(unit="nh-tax", rule="r"), 0),
        (f.DemandAccepted(by="王"), 0),
        (f.DemandListed(level="town", reason="x"), 1),
        (f.DemandProgressed(by="王", note="x"), 5),
        now=6,
    )
    assert hops(found) == [("contact", "nh-tax", 1), ("paused", "nh-tax", 4), ("handling", "nh-tax", 1)]


def test_seconds_of_work_are_those_of_the_place():
    found = clock((f.DemandRouted(unit="nh-tax", rule="r"), 0), now=24)
    assert found.spans[0].working_seconds == 7 * 3600, "10:00-12:00, 14:00-17:30, and 08:30-10:00 of the next day"


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


def test_what_goes_on_after_a_moment_elsewhere_is_one_span():
    told = [
        (f.DemandRouted(unit=STATION, rule="r"), AT + HOUR),
        (f.DemandAccepted(by="陈"), AT + 2 * HOUR),
        (f.DemandPaused(by="陈", reason="weather"), AT + 3 * HOUR),
        (f.DemandResumed(by="陈"), AT + 3 * HOUR),
    ]
    spans = clock_of(AT, told, AT + 5 * HOUR, SECONDS).spans
    assert [span.seconds // 3600 for span in spans] == [1, 1, 3]


@given(st.lists(st.tuples(st.sampled_from(FACTS), st.timedeltas(timedelta(days=-1), timedelta(days=9))), max_size=25))
def test_spans_cover_the_whole_life_without_gap_or_overlap(steps: list[tuple[f.StatusFact, timedelta]]):
    demand, at, told = story.demand(*story.SUBMITTED), AT, []
    for fact, wait in steps:
        at += wait
        try:
            demand = evolve(demand, fact, at)
        except Refused:
            continue
        told.append((fact, at))
    end = max([AT, *(moment for _, moment in told)])
    now = end + HOUR
    found = clock_of(AT, told, now, SECONDS)
    ended = demand.outcome is not None
    assert all(span.start <= span.end for span in found.spans)
    assert all(before.end == after.start for before, after in pairwise(found.spans))
    assert all(
        (before.hop, before.unit, before.reason) != (after.hop, after.unit, after.reason)
        for before, after in pairwise(found.spans)
    )
    assert not found.spans or found.spans[0].start == AT
    life = (end if ended else now) - AT
    assert sum(((span.end - span.start) for span in found.spans), timedelta()) == life
    assert sum(one.seconds + one.paused_seconds for one in found.held) == sum(span.seconds for span in found.spans)
    assert (found.running is None) is ended


@pytest.fixture
async def office(database: str) -> AsyncIterator[Office]:
    async with await open_pool(database, "routing") as pool:
        yield Office(pool)


async def test_the_clock_of_a_case_is_read_from_its_own_and_from_heard_facts(office: Office):
    key = await office.submits()
    await office.tells(key, AT + HOUR, f.DemandAccepted(by="陈"), f.DemandResolved(by="陈", result="x"))
    version = (await office.state(key)).version
    await office.hears(key, f.DemandReopened(reason="x"), AT + 3 * HOUR, version + 1)
    desk = CaseHandler(office.pool, office.repository, shipped())
    number = (await office.state(key)).number
    reader = Person(name="陈", unit=STATION, roles=frozenset({"clerk"}))
    found = await case_clock(desk, number, reader, AT + 5 * HOUR)
    assert hops(found) == [("sign", STATION, 1), ("verdict", None, 2), ("sign", STATION, 2)]
    with pytest.raises(Refused):
        await case_clock(desk, number, Person(name="王", unit="nh-tax", roles=frozenset({"clerk"})), AT)
