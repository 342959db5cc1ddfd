"""Routing warns before a due time, records a miss once and escalates it; nothing is recorded while the clock is
paused."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from services.routing.app import MIGRATIONS
from shared.chassis.base.clock import now
from shared.chassis.database.pool import open_pool
from shared.chassis.work.doctor_checks import late_timers
from shared.contracts.demand import facts as f
from tests.routing.deadline_harness import AT, DUE, PACK, SECOND, SIGN, STATION, TOWN, DeadlineHarness

DAY = timedelta(days=1)
ACCEPTED = f.DemandAccepted(by="陈")
CONTACTED = f.DemandContacted(by="陈")
RESOLVED = f.DemandResolved(by="陈", result="修好了")
LATER = DUE + 30 * DAY
SIGN_MISSED = ["missed sign", f"escalated sign to {TOWN}"]
CONTACT_MISSED = ["missed contact", f"escalated contact to {TOWN}"]
RESOLVE_MISSED = ["missed resolve", f"escalated resolve to {TOWN}"]
LADDER = f"escalated resolve to {PACK.coordinator}"


def opening(due: datetime) -> datetime:
    """The start of work on the day of a due time."""
    return PACK.due_times.warning(due, PACK.supervision.warning)


@pytest.fixture
async def harness(database: str) -> AsyncIterator[DeadlineHarness]:
    async with await open_pool(database, "routing") as pool:
        yield DeadlineHarness(pool)


async def test_an_untouched_demand_is_warned_about_missed_and_escalated_on_time(harness: DeadlineHarness):
    key = await harness.submits()
    new_facts = []
    for at in (opening(SIGN) - SECOND, opening(SIGN), SIGN - SECOND, SIGN, opening(DUE), DUE, PACK.due_at(DUE, 5)):
        before = len(await harness.recorded(key))
        await harness.clock_shows(at)
        new_facts.append((await harness.recorded(key))[before:])
    assert new_facts == [
        [],
        ["warned sign", "warned contact"],
        [],
        [*SIGN_MISSED, *CONTACT_MISSED],
        [f"escalated {stage} to {PACK.coordinator}" for stage in ("sign", "contact")] + ["warned resolve"],
        RESOLVE_MISSED,
        [LADDER],
    ]
    assert await harness.timers() == []


async def test_the_facts_name_the_stage_the_unit_and_the_notified_leader(harness: DeadlineHarness):
    key = await harness.submits()
    await harness.clock_shows(SIGN)
    missed = next(fact for fact in await harness.notes(key) if isinstance(fact, f.DeadlineMissed))
    escalated = next(fact for fact in await harness.notes(key) if isinstance(fact, f.DemandEscalated))
    assert (missed.due_at, missed.unit) == (SIGN, STATION)
    assert (escalated.to, escalated.leader) == (TOWN, PACK.leader_of(STATION))
    assert "签收超期" in escalated.reason


async def test_one_demand_has_one_timer(harness: DeadlineHarness):
    key = await harness.submits()
    assert await harness.timers() == [(key, "")]
    await harness.record(key, AT + SECOND, ACCEPTED)
    assert await harness.timers() == [(key, "")]


async def test_a_stage_that_was_done_in_time_is_not_missed(harness: DeadlineHarness):
    key = await harness.submits()
    await harness.record(key, AT + SECOND, ACCEPTED, CONTACTED)
    await harness.clock_shows(DUE - SECOND)
    assert await harness.recorded(key) == ["warned resolve"]
    await harness.record(key, DUE - SECOND, RESOLVED)
    await harness.clock_shows(LATER)
    assert await harness.recorded(key) == ["warned resolve"]
    assert await harness.timers() == []


@pytest.mark.parametrize(
    "end",
    [
        (f.DemandDeclined(reason="x"),),
        (f.DemandMerged(parent=f.UUID(int=9), parent_number="NH21-000009-X"),),
        (f.DemandWithdrawn(),),
        (ACCEPTED, f.DemandListed(level="town", reason="待立项")),
    ],
    ids=lambda facts: facts[-1].type,
)
async def test_no_deadline_is_recorded_after_the_end_or_on_a_list(harness: DeadlineHarness, end: tuple[f.Fact, ...]):
    key = await harness.submits()
    await harness.record(key, AT + SECOND, *end)
    await harness.clock_shows(LATER)
    assert await harness.recorded(key) == []


async def test_imported_history_has_no_deadline_facts(harness: DeadlineHarness):
    key = await harness.submits(imported=True)
    await harness.clock_shows(LATER)
    assert (await harness.recorded(key), await harness.timers()) == ([], [])


async def test_a_paused_demand_has_no_deadlines_and_resumes_by_itself_with_the_remaining_time(harness: DeadlineHarness):
    key = await harness.submits()
    await harness.record(key, AT + SECOND, ACCEPTED, CONTACTED)
    until = AT + 14 * DAY
    await harness.record(key, AT + DAY, f.DemandPaused(by="陈", reason="weather", until=until))
    await harness.clock_shows(until - SECOND)
    assert await harness.recorded(key) == []
    await harness.clock_shows(until)
    assert await harness.recorded(key) == ["resumed"]
    due = PACK.due_at(until, PACK.working_days_between(AT + DAY, DUE))
    assert (await harness.state(key)).due_at == due
    await harness.clock_shows(due - SECOND)
    assert await harness.recorded(key) == ["resumed", "warned resolve"]
    await harness.clock_shows(due)
    assert await harness.recorded(key) == ["resumed", "warned resolve", *RESOLVE_MISSED]


async def test_a_pause_that_ended_while_the_worker_was_down_ends_at_its_planned_time(harness: DeadlineHarness):
    key = await harness.submits()
    until = AT + 14 * DAY
    await harness.record(key, AT + DAY, ACCEPTED, CONTACTED, f.DemandPaused(by="陈", reason="weather", until=until))
    await harness.clock_shows(until + 5 * DAY)
    assert (await harness.state(key)).due_at == PACK.due_at(until, PACK.working_days_between(AT + DAY, DUE))


async def test_a_pause_that_staff_ended_does_not_end_again(harness: DeadlineHarness):
    key = await harness.submits()
    until = AT + 14 * DAY
    await harness.record(key, AT + SECOND, ACCEPTED, CONTACTED, f.DemandPaused(by="陈", reason="weather", until=until))
    await harness.resumes(key, AT + DAY)
    await harness.clock_shows(until)
    assert (await harness.recorded(key)).count("resumed") == 1


async def test_a_miss_before_a_pause_is_not_recorded_again_after_it(harness: DeadlineHarness):
    key = await harness.submits()
    await harness.record(key, AT + SECOND, ACCEPTED, CONTACTED)
    await harness.clock_shows(DUE)
    await harness.record(key, DUE + SECOND, f.DemandPaused(by="陈", reason="weather"))
    await harness.resumes(key, DUE + 3 * DAY)
    await harness.clock_shows(LATER)
    assert await harness.recorded(key) == [*RESOLVE_MISSED, "resumed", LADDER]


async def test_a_due_time_that_passed_on_a_list_is_recorded_when_work_goes_on(harness: DeadlineHarness):
    key = await harness.submits()
    await harness.record(key, AT + SECOND, ACCEPTED, CONTACTED, f.DemandListed(level="town", reason="待立项"))
    await harness.clock_shows(LATER)
    await harness.record(key, LATER, f.DemandProgressed(by="陈", note="施工中"))
    await harness.clock_shows(LATER)
    assert await harness.recorded(key) == [*RESOLVE_MISSED, LADDER]


async def test_a_moved_due_time_is_warned_about_and_missed_at_its_new_time(harness: DeadlineHarness):
    key = await harness.submits()
    await harness.record(key, AT + SECOND, ACCEPTED, CONTACTED)
    await harness.clock_shows(DUE - SECOND)
    later = PACK.due_at(DUE, 5)
    await harness.record(key, DUE - SECOND, f.DemandExtended(due_at=later, reason="x", approved_by="李"))
    await harness.clock_shows(later - SECOND)
    assert await harness.recorded(key) == ["warned resolve", "warned resolve"]
    await harness.clock_shows(later)
    assert await harness.recorded(key) == ["warned resolve", "warned resolve", *RESOLVE_MISSED]


async def test_a_missed_due_time_is_not_recorded_again_for_the_next_unit(harness: DeadlineHarness):
    key = await harness.submits()
    await harness.record(key, AT + SECOND, ACCEPTED, CONTACTED)
    await harness.clock_shows(DUE)
    due = (await harness.state(key)).due_at
    routed = f.DemandRouted(unit="nh-tax", rule="dispatcher:李", due_at=due, sign_due_at=DUE + 3 * DAY)
    await harness.record(key, DUE + SECOND, routed)
    await harness.clock_shows(LATER)
    recorded = await harness.recorded(key)
    assert (recorded.count("missed resolve"), recorded.count(LADDER)) == (1, 1)
    assert "missed sign" in recorded, "its own time to sign"


async def test_a_demand_routed_after_its_due_time_is_missed_at_once(harness: DeadlineHarness):
    key = await harness.submits(category=None)
    await harness.clock_shows(LATER)
    assert await harness.recorded(key) == []
    routed = f.DemandRouted(unit=STATION, rule="dispatcher:李", due_at=DUE)
    await harness.record(key, LATER, routed)
    await harness.clock_shows(LATER)
    assert await harness.recorded(key) == [*RESOLVE_MISSED, LADDER]


async def test_each_assisting_unit_has_a_due_time_of_its_own(harness: DeadlineHarness):
    key = await harness.submits()
    due = PACK.due_at(AT, 5)
    assistance_requested = f.AssistanceRequested(by="陈", units=("nh-tax", "nh-police"), reason="x", due_at=due)
    await harness.record(key, AT + SECOND, ACCEPTED, CONTACTED, assistance_requested)
    await harness.record(key, AT + DAY, f.AssistanceReported(by="黄", unit="nh-tax", note="已核实"))
    await harness.clock_shows(due)
    missed = [fact.unit for fact in await harness.notes(key) if isinstance(fact, f.DeadlineMissed)]
    assert missed == ["nh-police"]


async def test_nothing_is_recorded_twice_when_the_clock_is_set_back(harness: DeadlineHarness):
    key = await harness.submits()
    for at in (SIGN, AT, SIGN, SIGN - DAY, SIGN + SECOND):
        await harness.clock_shows(at)
    assert await harness.recorded(key) == [*SIGN_MISSED, *CONTACT_MISSED]


@pytest.mark.parametrize(
    "meanwhile",
    [(ACCEPTED, CONTACTED), (f.DemandReturned(by="陈", reason="x", suggested_unit="nh-tax"),), (ACCEPTED, RESOLVED)],
    ids=["handled", "returned", "answered"],
)
async def test_a_miss_while_the_worker_was_down_is_recorded_although_the_demand_went_on(
    harness: DeadlineHarness, meanwhile: tuple[f.Fact, ...]
):
    key = await harness.submits()
    await harness.record(key, SIGN + DAY, *meanwhile)
    for _ in range(2):
        await harness.clock_shows(SIGN + DAY + SECOND)
    recorded = await harness.recorded(key)
    assert sorted(recorded[:4]) == sorted([*SIGN_MISSED, *CONTACT_MISSED])
    assert recorded.count("missed sign") == 1
    assert next(fact.unit for fact in await harness.notes(key) if isinstance(fact, f.DeadlineMissed)) == STATION


async def test_a_worker_that_was_down_for_long_records_each_miss_once_and_no_late_warning(harness: DeadlineHarness):
    key = await harness.submits()
    await harness.clock_shows(LATER)
    await harness.clock_shows(LATER + DAY)
    recorded = await harness.recorded(key)
    assert [words for words in recorded if not words.startswith("escalated")] == [
        "missed sign", "missed contact", "missed resolve",
    ]  # fmt: skip
    assert len(recorded) == 9


async def test_a_demand_that_was_open_before_an_update_has_timers_afterwards(harness: DeadlineHarness):
    at = now()
    key, answered = await harness.submits(1, at), await harness.submits(2, at)
    await harness.submits(3, at, imported=True)
    await harness.submits(4, at - 365 * DAY)
    await harness.record(key, at, ACCEPTED, CONTACTED)
    await harness.record(answered, at, ACCEPTED, RESOLVED)
    await harness.pool.execute("DELETE FROM timer")
    sql = (MIGRATIONS / "20261130200000_deadlines.sql").read_text("utf-8")
    await harness.pool.execute(sql.partition("-- migrate:down")[0])
    assert await harness.timers() == [(key, "")]
    due = (await harness.state(key)).due_at
    assert due
    await harness.clock_shows(now())
    await harness.clock_shows(due)
    assert await harness.recorded(key) == RESOLVE_MISSED


async def test_the_doctor_names_late_and_failing_timers(harness: DeadlineHarness):
    async def words() -> str:
        async with harness.pool.acquire() as db:
            findings = await late_timers(db, "routing")
        return "".join(map(str, findings))

    await harness.submits(at=now())
    assert await words() == ""
    await harness.submits(2)
    assert "1 timer is late" in await words()
    assert "check whether routing-worker runs" in await words()
    await harness.pool.execute("UPDATE timer SET attempts = 3")
    assert "failed" in await words()


async def test_a_due_time_corrected_twice_at_the_same_time_is_still_recorded(harness: DeadlineHarness):
    key = await harness.submits()
    late = DUE + DAY
    await harness.clock_shows(DUE - SECOND)
    for due in (DUE + 30 * DAY, DUE, DUE + 30 * DAY):
        await harness.record(key, late, f.DemandReclassified(category="noise", by="李", reason="噪声", due_at=due))
    await harness.clock_shows(late)
    assert "missed resolve" in await harness.recorded(key)
