"""Demands that nobody takes up are counted for those who watch, with the time that the first has waited."""

import pytest
from prometheus_client import REGISTRY

from services.intake.gauges import GAUGES, LOOKED_AT
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.work.table_gauges import TableGauges


async def taken_in(pool: Pool, first: int, last: int, ago: str) -> None:
    """Submissions with these numbers as their ids, of which intake has heard nothing yet."""
    await pool.execute(
        """
        INSERT INTO submission (id, channel, idempotency_key, fingerprint, number, submitted_at, recorded_at)
        SELECT lpad(to_hex(n), 32, '0')::uuid, 'web', n, '', n, now(), now() - $3::text::interval
        FROM generate_series($1::integer, $2) AS n
        """,
        first,
        last,
        ago,
    )


async def heard(pool: Pool, n: int, state: str) -> None:
    """What intake knows of a demand, whole and as a list shows it."""
    await pool.execute(
        "INSERT INTO demand (id, version, state) VALUES (lpad(to_hex($1::integer), 32, '0')::uuid, 1, $2::text::jsonb)",
        n,
        state,
    )
    await pool.execute(
        """
        INSERT INTO demand_listing (id, number, jurisdiction, channel, kind, division, title, text, status, is_open,
            submitted_at, updated_at)
        SELECT id, id, 'nanhai', 'web', 'complaint', '4406', '', '', state ->> 'status', true, now(),
            now() - interval '2 hours'
        FROM demand WHERE id = lpad(to_hex($1::integer), 32, '0')::uuid
        """,
        n,
    )


async def counted(pool: Pool) -> tuple[float | None, float | None]:
    await TableGauges("intake", pool, GAUGES).look()
    ours = {"service": "intake"}
    names = ("huying_unrouted_demands", "huying_unrouted_oldest_seconds")
    number, age = (REGISTRY.get_sample_value(name, ours) for name in names)
    return number, age


async def test_demands_that_wait_for_routing_are_counted_and_others_are_not(database: str):
    async with await open_pool(database, "intake") as pool:
        assert await counted(pool) == (0, 0)
        await taken_in(pool, 1, 3, "2 hours")
        await taken_in(pool, 4, 5, "30 minutes")
        await taken_in(pool, 6, 6, "5 seconds")
        await heard(pool, 1, '{"status": "routed"}')
        await heard(pool, 2, '{"status": "triage"}')
        await heard(pool, 3, '{"status": "submitted", "imported": true}')
        await heard(pool, 4, '{"status": "submitted"}')
        assert await counted(pool) == (2, pytest.approx(1800, abs=60))


async def test_one_that_waits_is_counted_however_many_came_after_it(database: str):
    async with await open_pool(database, "intake") as pool:
        await taken_in(pool, 1, 1, "30 minutes")
        await heard(pool, 1, '{"status": "submitted"}')
        await taken_in(pool, 2, LOOKED_AT + 10, "20 minutes")
        await pool.execute(
            """
            INSERT INTO demand (id, version, state)
            SELECT id, 1, '{"status": "routed"}' FROM submission WHERE recorded_at > now() - interval '25 minutes'
            """
        )
        assert await counted(pool) == (1, pytest.approx(1800, abs=60))


async def test_a_part_is_looked_at_however_many_wait(database: str):
    async with await open_pool(database, "intake") as pool:
        await taken_in(pool, 1, LOOKED_AT + 10, "1 hour")
        assert (await counted(pool))[0] == LOOKED_AT


async def test_the_oldest_is_found_however_many_wait(database: str):
    """The alert looks at its age: with a limit it must not be the age of the latest ones."""
    async with await open_pool(database, "intake") as pool:
        await taken_in(pool, 1, 1, "2 hours")
        await taken_in(pool, 2, LOOKED_AT + 10, "5 minutes")
        await pool.execute("INSERT INTO demand (id, version, state) SELECT id, 1, '{}' FROM submission")
        await pool.execute(
            """
            INSERT INTO demand_listing (id, number, jurisdiction, channel, kind, division, title, text, status, is_open,
                submitted_at, updated_at)
            SELECT id, id, 'nanhai', 'web', 'complaint', '4406', '', '', 'submitted', true, recorded_at, recorded_at
            FROM submission
            """
        )
        assert await counted(pool) == (LOOKED_AT, pytest.approx(7200, abs=60))
