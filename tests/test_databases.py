"""A used database equals the template when the next test gets it, or it is dropped."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.conftest import TEMPLATE
from tests.databases import Databases, on

PROGRAMME = """
    INSERT INTO intake.programme (id, channel, idempotency_key, title, opened_at)
    VALUES (gen_random_uuid(), 'main', 'k', '民声热线', now())
"""


@pytest.fixture
async def databases_unused(databases: Databases) -> AsyncIterator[Databases]:
    """Databases that no test has used yet."""
    new = Databases(databases.url, TEMPLATE)
    await new.look()
    yield new
    await new.close()


async def used(lent: Databases, *statements: str) -> str:
    """Run these statements in a fresh database and return its name."""
    async with lent.fresh() as dsn:
        db = await asyncpg.connect(dsn)
        for statement in statements:
            await db.execute(statement)
        await db.close()
    return dsn.rpartition("/")[2]


async def test_rows_and_positions_of_the_test_before_are_gone(databases_unused: Databases):
    name = await used(databases_unused, PROGRAMME, "SELECT nextval('intake.journal_position_seq')")
    async with databases_unused.fresh() as dsn:
        assert dsn.endswith(name), "it is used again"
        db = await asyncpg.connect(dsn)
        assert await db.fetchval("SELECT count(*) FROM intake.programme") == 0
        assert await db.fetchval("SELECT nextval('intake.journal_position_seq')") == 1
        await db.close()


LARGE = """
    INSERT INTO intake.programme (id, channel, idempotency_key, title, opened_at)
    SELECT gen_random_uuid(), 'main', 'k' || n, repeat('民声热线', 20), now() FROM generate_series(1, 2000) AS n
"""


async def test_a_large_table_is_small_again_and_has_no_statistics(databases_unused: Databases):
    name = await used(databases_unused, LARGE, "ANALYZE intake.programme")
    async with databases_unused.fresh() as dsn:
        assert dsn.endswith(name), "it is used again"
        db = await asyncpg.connect(dsn)
        assert await db.fetchval("SELECT pg_relation_size('intake.programme')") == 0
        assert await db.fetchval("SELECT reltuples FROM pg_class WHERE oid = 'intake.programme'::regclass") == -1
        await db.close()


async def test_a_small_table_has_no_statistics_either(databases_unused: Databases):
    name = await used(databases_unused, PROGRAMME, "ANALYZE intake.programme")
    async with databases_unused.fresh() as dsn:
        assert dsn.endswith(name), "it is used again"
        db = await asyncpg.connect(dsn)
        assert await db.fetchval("SELECT reltuples FROM pg_class WHERE oid = 'intake.programme'::regclass") == -1
        await db.close()


async def test_a_database_is_reused_after_the_server_was_away(databases_unused: Databases):
    await used(databases_unused, PROGRAMME)
    db = await asyncpg.connect(databases_unused.url)
    await db.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 't%'")
    await db.close()
    for _ in range(2):
        async with databases_unused.fresh() as dsn:
            db = await asyncpg.connect(dsn)
            assert await db.fetchval("SELECT count(*) FROM intake.programme") == 0
            await db.execute(PROGRAMME)
            await db.close()


KEPT = """
    SELECT concat(
        to_regclass('intake.left_behind'),
        (SELECT string_agg(t::text, ',') FROM intake.relay_lease AS t),
        (SELECT string_agg(t::text, ',') FROM feedback.sender_lease AS t),
        (SELECT string_agg(t::text, ',' ORDER BY t::text) FROM intake.schema_migrations AS t)
    )
"""


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE intake.left_behind (id integer PRIMARY KEY)",
        "CREATE TEMPORARY TABLE programme (id integer PRIMARY KEY, title text)",
        "UPDATE intake.relay_lease SET epoch = epoch + 1",
        "DELETE FROM intake.schema_migrations",
        "TRUNCATE feedback.sender_lease",
    ],
)
async def test_tables_of_the_test_are_gone_and_rows_of_migrations_are_as_they_were(
    databases_unused: Databases, change: str
):
    before = await asyncpg.connect(on(databases_unused.url, TEMPLATE))
    kept = await before.fetchval(KEPT)
    await before.close()
    name = await used(databases_unused, change)
    async with databases_unused.fresh() as dsn:
        assert dsn.endswith(name), "it is used again"
        db = await asyncpg.connect(dsn)
        assert await db.fetchval(KEPT) == kept
        await db.close()


@pytest.mark.parametrize(
    "change",
    [
        "DROP TABLE intake.sighting",
        "ALTER TABLE intake.programme DROP COLUMN closed_at",
        "CREATE INDEX ON intake.programme (title)",
        "DROP INDEX intake.journal_position",
        "ALTER TABLE intake.programme ADD CONSTRAINT c CHECK (title <> '')",
        "CREATE FUNCTION intake.f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "GRANT SELECT ON intake.programme TO PUBLIC",
        "ALTER TABLE intake.programme SET (fillfactor = 50)",
        "CREATE SCHEMA other",
    ],
)
async def test_a_database_that_differs_from_the_template_is_dropped(databases_unused: Databases, change: str):
    name = await used(databases_unused, change)
    async with databases_unused.fresh() as dsn:
        assert not dsn.endswith(name)
    db = await asyncpg.connect(databases_unused.url)
    assert not await db.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name)
    await db.close()


async def test_settings_of_a_database_do_not_outlive_the_test(databases_unused: Databases):
    async with databases_unused.fresh() as dsn:
        name = dsn.rpartition("/")[2]
        db = await asyncpg.connect(on(databases_unused.url, TEMPLATE))
        await db.execute(f"ALTER DATABASE {name} SET work_mem = '1MB'")
        await db.close()
    async with databases_unused.fresh() as dsn:
        assert not dsn.endswith(name)


async def test_open_connections_are_terminated(databases_unused: Databases):
    async with databases_unused.fresh() as dsn:
        name, db = dsn.rpartition("/")[2], await asyncpg.connect(dsn)
        transaction = db.transaction()
        await transaction.start()
        await db.execute("LOCK TABLE intake.programme")
    async with databases_unused.fresh() as again:
        assert again.endswith(name)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await db.fetchval("SELECT 1")
        db.terminate()


async def test_two_tests_at_once_get_different_databases(databases_unused: Databases):
    async with databases_unused.fresh() as first, databases_unused.fresh() as second:
        assert first != second


async def test_a_pool_keeps_its_connection_for_the_next_test_and_none_of_its_settings(databases_unused: Databases):
    pids, settings = [], []
    for _ in range(2):
        async with databases_unused.fresh() as dsn:
            pool = await databases_unused.pool(dsn, "intake")
            async with pool.acquire() as db:
                pids.append(await db.fetchval("SELECT pg_backend_pid()"))
                settings.append(await db.fetchval("SHOW lock_timeout"))
                await db.execute("SET lock_timeout = '7s'")
    assert (pids[0] == pids[1], settings) == (True, ["0", "0"])


async def test_a_pool_that_a_test_leaves_in_use_or_closed_is_replaced(databases_unused: Databases):
    pools = []
    for leave in ("in use", "closed", "well"):
        async with databases_unused.fresh() as dsn:
            pools.append(await databases_unused.pool(dsn, "intake"))
            if leave == "in use":
                await pools[-1].acquire()
            else:
                assert await pools[-1].fetchval("SELECT current_user") == "huying_intake"
            if leave == "closed":
                await pools[-1].close()
    assert len({id(pool) for pool in pools}) == 3
