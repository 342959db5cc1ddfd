"""Gauges count demands that wait for routing, with the waiting time of the first."""

import pytest
from prometheus_client import REGISTRY

from services.intake.gauges import GAUGES, LOOKED_AT
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.work.table_gauges import TableGauges


async def taken_in(pool: Pool, first: int, last: int, ago: str) -> None:
    """Insert submissions with these numbers as ids, about which intake has received no facts."""
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


async def insert_demand(pool: Pool, n: int, state: str) -> None:
    """Insert a demand into intake's state and its list."""
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
        await insert_demand(pool, 1, '{"status": "routed"}')
        await insert_demand(pool, 2, '{"status": "triage"}')
        await insert_demand(pool, 3, '{"status": "submitted", "imported": true}')
        await insert_demand(pool, 4, '{"status": "submitted"}')
        assert await counted(pool) == (2, pytest.approx(1800, abs=60))


async def test_a_waiting_demand_is_counted_however_many_came_after_it(database: str):
    async with await open_pool(database, "intake") as pool:
        await taken_in(pool, 1, 1, "30 minutes")
        await insert_demand(pool, 1, '{"status": "submitted"}')
        await taken_in(pool, 2, LOOKED_AT + 10, "20 minutes")
        await pool.execute(
            """
            INSERT INTO demand (id, version, state)
            SELECT id, 1, '{"status": "routed"}' FROM submission WHERE recorded_at > now() - interval '25 minutes'
            """
        )
        assert await counted(pool) == (1, pytest.approx(1800, abs=60))


async def test_only_a_part_is_read_however_many_wait(database: str):
    async with await open_pool(database, "intake") as pool:
        await taken_in(pool, 1, LOOKED_AT + 10, "1 hour")
        assert (await counted(pool))[0] == LOOKED_AT


async def test_the_oldest_is_found_however_many_wait(database: str):
    """The alert uses the age: despite the limit it must be that of the oldest one."""
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
