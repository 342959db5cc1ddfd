"""A process registers its state in the database, and removes it when it ends regularly."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from deploy.cli.services import manifests
from shared.chassis.base.checks import Check
from shared.chassis.base.clock import now
from shared.chassis.base.findings import Severity
from shared.chassis.base.settings import ProcessSettings
from shared.chassis.consumer.lag import LagReading
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.process import registration
from shared.chassis.process.doctor_checks import RegisteredProcess, registered
from shared.chassis.process.registration import ProcessCondition, ProcessName, Registration, words_of
from shared.chassis.process.reporter import Reporter
from tests.eventually import eventually

WORKER = ProcessName("routing-worker", "0", "host-a", "http://10.0.0.7:9090", "1.2.3")


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database, "routing") as pool:
        yield pool


def says(words: str | None) -> Check:
    async def check() -> str | None:
        return words

    return check


async def rows(pool: Pool) -> Sequence[RegisteredProcess]:
    async with pool.acquire() as db:
        return await registered(db)


async def test_a_process_registers_its_place_state_and_lag(pool: Pool):
    condition = ProcessCondition([says("no broker")], [says(None), says("stands at 7")], lambda: LagReading(12, 61.5))
    await Registration(pool, WORKER, condition).beat()
    (row,) = await rows(pool)
    assert (row.name, row.instance, row.host, row.health, row.version) == (
        "routing-worker", "0", "host-a", "http://10.0.0.7:9090", "1.2.3",
    )  # fmt: skip
    assert (row.not_alive, row.not_ready, row.lag, row.standing_seconds) == ("stands at 7", "no broker", 12, 61.5)
    assert not row.is_silent


async def test_a_restarted_process_replaces_its_earlier_row(pool: Pool):
    await Registration(pool, WORKER, ProcessCondition([], [says("stands")])).beat()
    await Registration(pool, replace(WORKER, started_at=now()), ProcessCondition()).beat()
    (row,) = await rows(pool)
    assert (row.not_alive, row.lag) == ("", None)


async def running(pool: Pool, process: ProcessName, database: str) -> "asyncio.Task[None]":
    own_pool = await open_pool(database, "routing", size=1)
    task = asyncio.create_task(Registration(own_pool, process, ProcessCondition()).run())
    await eventually(lambda: rows(pool), lambda found: process.instance in {row.instance for row in found}, within=30)
    return task


async def test_a_process_that_ends_regularly_removes_its_row(pool: Pool, database: str):
    task = await running(pool, WORKER, database)
    task.cancel()
    await asyncio.wait([task])
    assert await rows(pool) == []


async def test_a_process_that_ends_late_keeps_the_row_of_its_successor(pool: Pool, database: str):
    task = await running(pool, WORKER, database)
    await Registration(pool, replace(WORKER, started_at=now()), ProcessCondition()).beat()
    task.cancel()
    await asyncio.wait([task])
    assert len(await rows(pool)) == 1


async def test_a_killed_process_is_removed_after_an_hour_if_another_of_its_name_runs(pool: Pool):
    for instance in ("0", "1"):
        await Registration(pool, replace(WORKER, instance=instance), ProcessCondition()).beat()
    await Registration(pool, replace(WORKER, name="routing-api"), ProcessCondition()).beat()
    await pool.execute("UPDATE process SET seen_at = seen_at - interval '61 minutes' WHERE instance = '0'")
    await Registration(pool, replace(WORKER, instance="1"), ProcessCondition()).beat()
    assert [row.full_name for row in await rows(pool)] == ["routing-api 0", "routing-worker 1"]


async def test_a_wrong_clock_is_shown_by_comparison_with_the_database(pool: Pool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(registration, "now", lambda: now() + timedelta(hours=1))
    await Registration(pool, WORKER, ProcessCondition()).beat()
    (row,) = await rows(pool)
    assert 3540 < row.skew_seconds < 3660
    assert not row.is_silent, "how long ago is by the clock of the database"


async def test_a_process_without_such_a_table_works_all_the_same(pool: Pool, database: str):
    await pool.execute("ALTER TABLE process RENAME TO elsewhere")
    own_pool = await open_pool(database, "routing", size=1)
    task = asyncio.create_task(Registration(own_pool, WORKER, ProcessCondition()).run())
    done, _ = await asyncio.wait([task], timeout=1)
    assert not done
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled(), "it neither hangs nor fails at its end"


async def test_a_table_that_is_missing_before_a_migration_is_a_finding(pool: Pool):
    (routing,) = (service for service in manifests() if service.name == "routing")
    await pool.execute("ALTER TABLE process RENAME TO process_kept")
    try:
        report = await Reporter(routing, pool).report()
    finally:
        await pool.execute("ALTER TABLE process_kept RENAME TO process")
    broken = {finding.check: finding for finding in report.findings if finding.severity is Severity.BROKEN}
    assert "another version" in broken["processes"].wrong.en
    assert "huying migrate" in broken["processes"].step.en
    assert report.processes == ()


async def test_checks_that_hang_are_reported_like_any_other(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(registration, "CHECKS_WITHIN", 0.01)

    async def hangs() -> str | None:
        await asyncio.Event().wait()
        return None

    assert "its own checks took longer" in await words_of([hangs])


@pytest.mark.parametrize(
    ("changes", "instance", "health"),
    [
        ({"instance": "7", "health_port": 9090}, "7", "http://127.0.0.1:9090"),
        ({"health_port": 9090}, "this-host:9090", "http://127.0.0.1:9090"),
        ({"health_port": 9090, "host": "0.0.0.0"}, "this-host:9090", "http://10.1.2.3:9090"),
        ({"health_port": 9090, "host": "fd00::7"}, "this-host:9090", "http://[fd00::7]:9090"),
        ({}, "this-host", ""),
    ],
)
def test_the_name_of_a_process_is_its_instance_or_its_host(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], instance: str, health: str
):
    monkeypatch.setattr("socket.gethostname", lambda: "this-host")
    monkeypatch.setattr("socket.gethostbyname", lambda _: "10.1.2.3")
    settings = ProcessSettings.model_validate({"DATABASE_URL": "postgresql://x"} | changes)
    process = ProcessName.of("routing-worker", settings)
    assert (process.instance, process.health) == (instance, health)
