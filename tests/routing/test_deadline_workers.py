"""Several processes share the deadlines; nothing is lost or repeated when one is killed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import datetime

import pytest

from shared.chassis.database.pool import open_pool
from tests.children import forked
from tests.eventually import eventually
from tests.routing.deadline_harness import AT, PACK, SECOND, SIGN, TOWN, DeadlineHarness

DEMANDS = 120


@pytest.fixture
async def harness(database: str) -> AsyncIterator[DeadlineHarness]:
    async with await open_pool(database, "routing") as pool:
        yield DeadlineHarness(pool)


def worker(database: str, at: datetime) -> AbstractAsyncContextManager[None]:
    """Runs deadline timers at a fixed time, and is killed at the end."""
    return forked("tests.routing.deadline_worker", database, at.isoformat())


async def missed(harness: DeadlineHarness) -> int:
    return int(await harness.pool.fetchval("SELECT count(*) FROM journal WHERE type = 'demand.deadline-missed.v1'"))


async def test_a_worker_that_is_killed_while_recording_loses_and_repeats_nothing(
    harness: DeadlineHarness, database: str
):
    keys = [await harness.submits(n) for n in range(1, DEMANDS + 1)]
    async with worker(database, SIGN):
        await eventually(lambda: missed(harness), bool, within=300)
    async with worker(database, SIGN), worker(database, SIGN):
        await eventually(lambda: missed(harness), lambda count: count >= 2 * DEMANDS, within=300)
    once = ["missed sign", f"escalated sign to {TOWN}", "missed contact", f"escalated contact to {TOWN}"]
    assert [await harness.recorded(key) for key in keys] == [once] * DEMANDS


async def test_runners_in_one_process_record_each_deadline_once(harness: DeadlineHarness):
    keys = [await harness.submits(n) for n in range(1, 41)]
    late = PACK.due_at(AT, 30)
    await asyncio.gather(*(harness.clock_shows(at) for at in (SIGN, late, SIGN + SECOND, late)))
    await harness.clock_shows(late)
    for key in keys:
        recorded = await harness.recorded(key)
        assert sorted(recorded) == sorted(set(recorded)), "each once"
        assert len(recorded) == 9
