"""Timers run once, in one transaction with their facts, despite failures, kills and a second runner."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.base import metrics
from shared.chassis.base.clock import uuid5
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.database.write_batch import WriteBatch
from shared.chassis.work import timers as module
from shared.chassis.work.timers import LONGEST, Later, OnDue, Payload, Timer, Timers, cause_of
from tests.chassis.parcels import AFTER, Parcel, Step, make_tables, parcels, put_timers, step, steps
from tests.eventually import ended, eventually
from tests.story import AT

ONE, OTHER, BAD = UUID(int=1), UUID(int=2), UUID(int=13)
SENT = Step(name="sent")
Answer = Sequence[tuple[Step, datetime]]


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database, "reporting") as opened:
        await make_tables(opened)
        yield opened


def late(parcel: Parcel, payload: Payload, now: datetime) -> Answer:
    """A parcel that has not arrived is late."""
    return () if "arrived" in parcel.steps else ((Step(name=f"late after {payload['after']}"), now),)


def heard(parcel: Parcel, payload: Payload, now: datetime) -> Answer:
    """A step that another parcel passed on."""
    return ((Step(name=f"heard: {payload['step']}"), now),)


def runner(pool: Pool, after: timedelta = AFTER, decide: Any = late, project: Any = put_timers) -> Timers:
    """A runner of parcels' timers, this long after the parcels were sent."""
    repository = parcels(project)
    kinds = {"late": OnDue(repository, decide), "other": OnDue(repository, heard)}
    return Timers(pool, kinds, clock=lambda: AT + after)


async def planned(pool: Pool) -> list[tuple[str, UUID, datetime, int]]:
    """Every timer: its kind, key, time of the next attempt, and number of failures."""
    rows = await pool.fetch("SELECT kind, key, due_at, attempts FROM timer ORDER BY key")
    return [tuple(row) for row in rows]


async def test_a_timer_runs_when_it_is_due_and_is_removed(pool: Pool):
    await step(pool, ONE, SENT, AT)
    assert await runner(pool, AFTER - timedelta(seconds=1)).run_some() == 0
    assert await runner(pool).run_some() == 1
    assert await runner(pool).run_some() == 0
    assert (await steps(pool, ONE), await planned(pool)) == (["sent", "late after an hour"], [])


async def test_the_ids_of_its_facts_are_derived_from_the_timer(pool: Pool):
    await step(pool, ONE, SENT, AT)
    await runner(pool).run_some()
    last = await pool.fetchval("SELECT id FROM journal ORDER BY position DESC LIMIT 1")
    assert last == uuid5(cause_of(Timer("late", ONE, AT + AFTER)), "0")


async def test_facts_with_different_times_keep_them(pool: Pool):
    times = (AT, AT, AT + AFTER)

    def decide(parcel: Parcel, payload: Payload, now: datetime) -> Answer:
        return [(Step(name=f"at {n}"), at) for n, at in enumerate(times)]

    await step(pool, ONE, SENT, AT)
    await runner(pool, decide=decide).run_some()
    rows = await pool.fetch("SELECT time FROM journal ORDER BY position OFFSET 1")
    assert tuple(row["time"] for row in rows) == times


async def test_planning_again_moves_a_timer_and_forgetting_removes_it(pool: Pool):
    await step(pool, ONE, SENT, AT)
    await step(pool, ONE, SENT, AT + AFTER / 2)
    assert await planned(pool) == [("late", ONE, AT + AFTER * 1.5, 0)]
    await step(pool, ONE, Step(name="arrived"), AT + AFTER / 2)
    assert await planned(pool) == []


async def test_a_timer_that_its_own_facts_plan_again_stays(pool: Pool):
    def again(parcel: Parcel, payload: Payload, now: datetime) -> Answer:
        return ((SENT, now),)

    await step(pool, ONE, SENT, AT)
    assert await runner(pool, decide=again).run_some() == 1
    assert await planned(pool) == [("late", ONE, AT + 2 * AFTER, 0)]


async def test_a_timer_that_is_not_due_after_all_is_moved(pool: Pool):
    def not_yet(parcel: Parcel, payload: Payload, now: datetime) -> Answer | Later:
        return Later(AT + 2 * AFTER) if now < AT + 2 * AFTER else late(parcel, payload, now)

    await step(pool, ONE, SENT, AT)
    await runner(pool, decide=not_yet).run_some()
    assert (await steps(pool, ONE), await planned(pool)) == (["sent"], [("late", ONE, AT + 2 * AFTER, 0)])
    await runner(pool, 2 * AFTER, not_yet).run_some()
    assert await steps(pool, ONE) == ["sent", "late after an hour"], "with the payload that it was planned with"


async def test_a_fact_for_another_aggregate_is_a_timer_that_is_due_at_once(pool: Pool):
    await step(pool, ONE, Step(name="lost", others=(OTHER,)), AT)
    await step(pool, ONE, Step(name="found", others=(OTHER,)), AT)
    assert await runner(pool, timedelta()).run_some() == 2, "one for each fact"
    assert (sorted(await steps(pool, OTHER)), await planned(pool)) == (["heard: found", "heard: lost"], [])


async def test_timers_of_a_kind_that_this_process_does_not_know_stay(pool: Pool):
    await pool.execute("INSERT INTO timer (kind, key, at, due_at) VALUES ('of-tomorrow', $1, $2, $2)", ONE, AT)
    assert await runner(pool).run_some() == 0
    assert [kind for kind, *_ in await planned(pool)] == ["of-tomorrow"]


async def test_a_timer_that_another_process_has_claimed_is_skipped(pool: Pool):
    await step(pool, ONE, SENT, AT)
    await step(pool, OTHER, SENT, AT + timedelta(minutes=1))
    async with asyncio.timeout(10), pool.acquire() as db, db.transaction():
        claimed = await module._claim(db, ["late"], AT + AFTER)
        assert [timer.key for timer in claimed] == [ONE]
        assert await runner(pool, 2 * AFTER).run_some() == 1
    assert (await steps(pool, ONE), len(await steps(pool, OTHER))) == (["sent"], 2)


async def test_two_runners_at_once_run_each_timer_once(pool: Pool):
    keys = [UUID(int=n) for n in range(1, 40)]
    for key in keys:
        await step(pool, key, SENT, AT)
    counts = await asyncio.gather(*(runner(pool).run_some() for _ in range(2)))
    assert sum(counts) + await runner(pool).run_some() == len(keys)
    assert [len(await steps(pool, key)) for key in keys] == [2] * len(keys)


def failing(parcel: Parcel, payload: Payload, now: datetime) -> Answer:
    """Raises for one parcel."""
    if parcel.id == BAD:
        raise KeyError("ours")
    return late(parcel, payload, now)


def spoiled(writes: WriteBatch, changes: Sequence[Change[Parcel, Step]]) -> None:
    """A projection that fails for one parcel."""
    put_timers(writes, changes)
    if any(change.envelope.key == BAD for change in changes):
        writes.add("INSERT INTO parcel (id) VALUES (NULL)")


@pytest.mark.parametrize("broken", [{"decide": failing}, {"project": spoiled}], ids=["deciding", "writing"])
async def test_a_timer_that_fails_blocks_no_other_and_is_retried_with_growing_pauses(
    pool: Pool, broken: dict[str, Any]
):
    keys = [UUID(int=n) for n in range(1, 21)]
    for key in keys:
        await step(pool, key, SENT, AT)
    counter = metrics.TIMERS.labels("post", "late", "failed")
    before = counter._value.get()
    assert await runner(pool, **broken).run_some() == len(keys)
    assert await planned(pool) == [("late", BAD, AT + AFTER + timedelta(seconds=1), 1)]
    assert [key for key in keys if len(await steps(pool, key)) == 1] == [BAD]
    assert await runner(pool, **broken).run_some() == 0
    for attempt, pause in ((2, 2), (3, 4)):
        await pool.execute("UPDATE timer SET due_at = at")
        await runner(pool, **broken).run_some()
        assert await planned(pool) == [("late", BAD, AT + AFTER + timedelta(seconds=pause), attempt)]
    assert counter._value.get() == before + 3
    await runner(pool, 2 * AFTER).run_some()
    assert (await steps(pool, BAD), await planned(pool)) == (["sent", "late after an hour"], [])


async def test_no_pause_is_longer_than_an_hour(pool: Pool):
    await step(pool, BAD, SENT, AT)
    await pool.execute("UPDATE timer SET attempts = 1000")
    await runner(pool, decide=failing).run_some()
    assert await planned(pool) == [("late", BAD, AT + AFTER + timedelta(seconds=LONGEST), 1001)]


async def test_the_cause_of_a_failure_is_stored_with_its_timer(pool: Pool):
    await step(pool, BAD, SENT, AT)
    await runner(pool, decide=failing).run_some()
    assert await pool.fetchval("SELECT cause FROM timer") == "KeyError('ours')"


def waiting(writes: WriteBatch, changes: Sequence[Change[Parcel, Step]]) -> None:
    """A projection that writes a row which another session may have locked."""
    put_timers(writes, changes)
    writes.add("INSERT INTO gate (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET id = 1")


async def blocked(pool: Pool) -> int:
    """The number of sessions that wait for a lock."""
    return int(await pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))


async def test_a_timer_of_a_locked_aggregate_waits_and_nothing_waits_for_it(pool: Pool):
    for key in (ONE, BAD):
        await step(pool, key, SENT, AT)
    async with pool.acquire() as db, db.transaction():
        await db.execute("SELECT FROM parcel WHERE id = $1 FOR UPDATE", ONE)
        assert await runner(pool).run_some() == 1
        assert await planned(pool) == [("late", ONE, AT + AFTER, 0)]
        # A command writes the timers of the aggregate that it has locked; a runner that waited for it would be a
        # deadlock.
        await db.execute("UPDATE timer SET attempts = 0 WHERE key = $1", ONE)
    assert await runner(pool).run_some() == 1
    assert await planned(pool) == []


@pytest.mark.parametrize("end", ["kill", "pg_terminate_backend", "pg_cancel_backend"])
async def test_a_runner_that_ends_in_the_middle_leaves_the_timer_to_the_next(database: str, pool: Pool, end: str):
    await pool.execute("CREATE TABLE gate (id integer PRIMARY KEY)")
    await pool.execute("INSERT INTO gate VALUES (1)")
    await step(pool, ONE, SENT, AT)
    async with pool.acquire() as db:
        async with db.transaction():
            await db.execute("SELECT FROM gate FOR UPDATE")
            task = asyncio.create_task(runner(pool, project=waiting).run())
            await eventually(lambda: blocked(pool), bool)
            if end == "kill":
                await ended(task)
            else:
                admin = await asyncpg.connect(database)
                await admin.execute(f"SELECT {end}(pid) FROM pg_locks WHERE NOT granted")
                await admin.close()
            assert await planned(pool) == [("late", ONE, AT + AFTER, 0)], "it has not failed"
        if end == "kill":
            assert await steps(pool, ONE) == ["sent"]
            task = asyncio.create_task(runner(pool, project=waiting).run())
        await eventually(lambda: planned(pool), lambda found: not found)
        await ended(task)
    assert await steps(pool, ONE) == ["sent", "late after an hour"]
