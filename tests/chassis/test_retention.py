"""Temporary rows are removed after their time; rows that a rebuild or a repeated command needs never are."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from deploy.cli.services import manifest, manifests
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.process.manifest import ServiceManifest
from shared.chassis.work.retention import AT_ONCE, Expired, Retention
from tests.keys import KEYS
from tests.packs import nanhai

NOW = datetime(2026, 11, 1, tzinfo=UTC)
NEVER = {"journal", "demand", "demand_facts", "fact", "note_seen", "parked", "timer", "progress", "relay_cursor",
         "lease", "reader_log", "submission", "sighting", "update_received", "intent", "vault", "vault_key",
         "wording"}  # fmt: skip
OLD, YOUNG = NOW - timedelta(days=400), NOW - timedelta(minutes=5)


def pruning_of(service: ServiceManifest[Any], dsn: str, pool: Pool) -> Retention:
    """The pruning that the service's worker runs."""
    worker = service.worker(service.settings.model_validate(KEYS | {"DATABASE_URL": dsn}), pool)
    (pruning,) = (task.__self__ for task in worker.tasks if isinstance(getattr(task, "__self__", None), Retention))
    return Retention(pool, pruning.spent, clock=lambda: NOW)


ROWS: dict[str, tuple[str, str, tuple[datetime, ...]]] = {
    "routing": ("command_answer", "VALUES ($1, '', '{}', $2)", (OLD, YOUNG)),
    "intake": ("conversation", "VALUES ('c', 'x', $1, $2)", (OLD, YOUNG)),
    "feedback": ("intent_reached", "VALUES ($1, '', $2)", (OLD, YOUNG)),
    "reporting": ("owed", "SELECT 'nanhai', $2, length($1::uuid::text) - 36", (OLD, YOUNG)),
}


@pytest.mark.parametrize("service", manifests(), ids=lambda one: str(one.name))
async def test_a_service_prunes_expired_rows_and_nothing_else(service: ServiceManifest[Any], database: str):
    async with await open_pool(database, service.name) as pool:
        pruning = pruning_of(service, database, pool)
        assert not {spent.table for spent in pruning.spent} & NEVER
        if service.name in ROWS:
            table, row, times = ROWS[service.name]
            for n, at in enumerate(times):
                await pool.execute(f"INSERT INTO {table} {row}", UUID(int=n), at)
        for n, redriven in enumerate((OLD, YOUNG, None)):
            await pool.execute(
                """INSERT INTO dead_letter (topic, partition, "offset", cluster_id, record, cause, happened_at,
                redriven_at) VALUES ('t', 0, $1, 'c', '', 'x', $2, $3)""",
                n, OLD, redriven,
            )  # fmt: skip
        assert await pruning.prune() == (2 if service.name in ROWS else 1)
        assert await pruning.prune() == 0
        rows = await pool.fetch("SELECT redriven_at FROM dead_letter ORDER BY id")
        assert [row["redriven_at"] for row in rows] == [YOUNG, None]


async def test_wrong_codes_are_removed_when_they_no_longer_count(database: str):
    intake = manifest("intake")
    async with await open_pool(database, "intake") as pool:
        for n, at in enumerate((OLD, NOW - timedelta(minutes=16), YOUNG)):
            await pool.execute("INSERT INTO wrong_code VALUES ($1, 3, $2)", UUID(int=n), at)
        assert await pruning_of(intake, database, pool).prune() == 2


async def test_counters_are_pruned_only_if_they_are_zero(database: str):
    reporting = manifest("reporting")
    async with await open_pool(database, "reporting") as pool:
        for table in ("cohort_sum", "flow_sum"):
            for at in (OLD, YOUNG):
                for measure, n in (("status:routed", 0), ("status:resolved", 3), ("status:declined", -1)):
                    await pool.execute(
                        f"INSERT INTO {table} VALUES ('nanhai', 'month', $1, 'all', '', $2, $3)",
                        nanhai().local_month(at), measure, n,
                    )  # fmt: skip
        assert await pruning_of(reporting, database, pool).prune() == 2
        assert await pool.fetchval("SELECT count(*) FROM cohort_sum WHERE n <> 0") == 4


@pytest.fixture
async def old_answers(database: str) -> Any:
    """Routing's table of answers, with more old rows than are removed at once."""
    async with await open_pool(database, "routing") as pool:
        await pool.execute(
            "INSERT INTO said SELECT gen_random_uuid(), 'x', '{}', $1 FROM generate_series(1, $2::int)",
            OLD,
            AT_ONCE + 5,
        )
        yield pool


async def test_many_rows_are_removed_in_several_batches(old_answers: Pool):
    answers = Expired("said", "said_at < $1", timedelta(days=1))
    assert await Retention(old_answers, (answers,), clock=lambda: NOW).prune() == AT_ONCE + 5
    assert await old_answers.fetchval("SELECT count(*) FROM said") == 0


async def test_a_locked_row_is_left_for_later(old_answers: Pool):
    answers = Retention(old_answers, (Expired("said", "said_at < $1", timedelta(days=1)),), clock=lambda: NOW)
    async with old_answers.acquire() as db, db.transaction():
        await db.execute("UPDATE said SET said_at = $1 WHERE cause = (SELECT min(cause::text)::uuid FROM said)", NOW)
        assert await answers.prune() == AT_ONCE + 4
    assert await answers.prune() == 0
    assert await old_answers.fetchval("SELECT count(*) FROM said") == 1


async def test_the_page_on_retention_names_every_table_and_setting(database: str):
    page = (Path(__file__).parents[2] / "docs/operating/retention.md").read_text("utf-8")
    named = set(re.findall(r"`(\w+)`", page))
    async with await open_pool(database, "intake") as pool:
        rows = await pool.fetch(
            "SELECT DISTINCT relname FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text = ANY($1)",
            [service.name for service in manifests()],
        )
    assert {row["relname"] for row in rows} - named == set(), "say how long these are kept"
    settings = {
        f"HUYING_{name.upper()}"
        for service_manifest in manifests()
        for name in service_manifest.settings.model_fields
        if name.startswith("keep_")
    }
    assert settings - named == set()
