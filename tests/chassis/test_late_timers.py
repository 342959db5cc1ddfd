"""The doctor's query for late timers reads only those, however many are planned."""

from collections.abc import AsyncIterator
from typing import cast

import pytest

from shared.chassis.database.pool import Connection, open_pool
from shared.chassis.work.doctor_checks import late_timers
from tests.explained import Explained

MANY = 20_000
TIMERS = """
    INSERT INTO timer (kind, key, at, due_at, attempts)
    SELECT 'a kind', gen_random_uuid(), at, at, (n % 10000 = 1)::integer
    FROM generate_series(1, $1::integer) AS n, LATERAL (SELECT now() + CASE WHEN n % 10000 = 0
        THEN interval '-2 hours' ELSE interval '1 day' + n * interval '1 minute' END AS at) AS planned
"""


@pytest.fixture
async def db(database: str) -> AsyncIterator[Connection]:
    async with await open_pool(database, "feedback") as pool, pool.acquire() as db:
        yield db


async def test_the_doctor_reads_only_late_timers(db: Connection):
    await db.execute(TIMERS, MANY)
    await db.execute("ANALYZE timer")
    explained = Explained(db, "timer")
    (finding,) = await late_timers(cast(Connection, explained), "feedback")
    assert "4 timers are late" in finding.wrong.en
    assert "2 failed" in finding.wrong.en
    assert explained.read == 4
