"""Relays run inside their worker or as a separate process, and never use up the worker's connections."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from shared.chassis.aggregates.repository import Repositories, Repository
from shared.chassis.base.settings import ProcessSettings
from shared.chassis.consumer.consumer import Consumer
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.kafka import cluster as brokers
from shared.chassis.kafka.log_identity import LogIdentity
from shared.chassis.process.components import Api, Worker, api_components, relay_components, worker_components
from shared.chassis.process.run import Components
from shared.contracts.demand.rules import demand_rules
from shared.contracts.demand.state import Service
from tests import story
from tests.chassis.conftest import Log, RecordedFacts, envelope
from tests.conftest import Server
from tests.eventually import ended, eventually
from tests.journals import append

pytestmark = pytest.mark.kafka
SHARDS = 8


def settings(database: str, broker: Server, **more: Any) -> ProcessSettings:
    values = {"DATABASE_URL": database, "KAFKA_BOOTSTRAP_SERVERS": broker.url, "relay_shards": SHARDS}
    return ProcessSettings.model_validate(values | more)


@pytest.fixture
async def small_pool(database: str) -> AsyncIterator[Pool]:
    """A pool with one connection."""
    async with await open_pool(database, "reporting", size=1) as pool:
        yield pool


PROCESS = "reporting-projector"


@asynccontextmanager
async def running(parts: Components) -> AsyncIterator[Sequence["asyncio.Task[None]"]]:
    tasks = [asyncio.create_task(part) for part in parts.running]
    try:
        yield tasks
    finally:
        with contextlib.suppress(brokers.BrokerReplaced):
            await ended(*tasks)
        for close in parts.closing:
            await close()


async def held(pool: Pool) -> int:
    async with pool.acquire(timeout=5) as db:
        return int(await db.fetchval("SELECT count(*) FROM lease WHERE name LIKE 'relay-%' AND expires_at > now()"))


async def test_relays_leave_a_connection_for_their_worker(database: str, broker: Server, small_pool: Pool):
    repository: Any = Repository("demand_facts", demand_rules(Service.REPORTING), RecordedFacts())
    worker = Worker(Repositories.of(repository), by_faust=False)
    async with running(await worker_components(settings(database, broker), worker, small_pool, PROCESS)):
        await eventually(lambda: held(small_pool), lambda n: n == SHARDS)


async def test_a_worker_runs_without_relays_if_they_run_separately(database: str, broker: Server, small_pool: Pool):
    repository: Any = Repository("demand_facts", demand_rules(Service.REPORTING), RecordedFacts())
    worker = Worker(Repositories.of(repository), by_faust=False)
    inside = await worker_components(settings(database, broker), worker, small_pool, PROCESS)
    separate = await worker_components(settings(database, broker, relay_inside=False), worker, small_pool, PROCESS)
    assert len(inside.running) - len(separate.running) == 2 * SHARDS, "each relay has its gauge"
    for part in (*inside.running, *separate.running):
        part.close()


async def unready(parts: Components) -> str:
    """The reasons that its readiness probe gives; none if it is ready."""
    return "; ".join(filter(None, [await check() for check in parts.ready]))


async def test_a_worker_and_relays_are_not_ready_without_a_sender_of_their_journal_or_a_database(
    database: str, broker: Server, small_pool: Pool
):
    repository: Any = Repository("demand_facts", demand_rules(Service.REPORTING), RecordedFacts())
    process_settings = settings(database, broker, relay_inside=False)
    worker = await worker_components(
        process_settings, Worker(Repositories.of(repository), by_faust=False), small_pool, PROCESS
    )
    relays = await relay_components(process_settings, "reporting", small_pool, PROCESS)
    assert [await unready(parts) for parts in (worker, relays)] == ["", ""]
    async with small_pool.acquire() as db:
        await append(db, [envelope(story.SUBMISSION, 1)])
        await db.execute("UPDATE journal SET recorded_at = now() - interval '1 hour'")
    for parts in (worker, relays):
        assert "no process sends shard 0 of the journal" in await unready(parts)
    await small_pool.execute("DELETE FROM journal")
    small_pool.terminate()
    for parts in (worker, relays):
        assert "reporting: the database does not answer" in await unready(parts)
    for part in (*worker.running, *relays.running):
        part.close()


async def test_a_web_process_is_not_ready_without_the_database_of_each_of_its_services(database: str, small_pool: Pool):
    async with await open_pool(database, "intake", size=1) as intake:
        parts = api_components("all", "", {"intake": (Api([]), intake), "reporting": (Api([]), small_pool)}, port=0)
        assert parts.web
        async with httpx.AsyncClient(transport=httpx.ASGITransport(parts.web), base_url="http://all") as client:
            assert (await client.get("/readyz")).status_code == 200
            small_pool.terminate()
            answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert "reporting: the database does not answer" in answer.text
        assert "intake" not in answer.text
        assert await unready(parts)


async def test_a_worker_with_a_stuck_reader_is_not_alive_and_a_reader_that_begins_again_uses_another_group(
    database: str, broker: Server, small_pool: Pool, monkeypatch: pytest.MonkeyPatch
):
    repository: Any = Repository("demand_facts", demand_rules(Service.REPORTING), RecordedFacts())
    worker = Worker(Repositories.of(repository), by_faust=False)

    async def life() -> list[str | None]:
        parts = await worker_components(settings(database, broker, relay_inside=False), worker, small_pool, PROCESS)
        for part in parts.running:
            part.close()
        return [await check() for check in parts.alive]

    assert await life() == [None]
    monkeypatch.setattr(Consumer, "stuck", lambda consumer: f"{consumer.name} stands")
    assert await life() == ["reporting-reader stands"]
    await small_pool.execute("UPDATE reader_log SET generation = 2")
    assert await life() == ["reporting-reader-2 stands"]


async def test_relays_say_that_they_are_ready_and_end_when_the_broker_was_replaced(
    database: str, broker: Server, small_pool: Pool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(brokers, "LOOK", 0.05)
    parts = await relay_components(settings(database, broker), "reporting", small_pool, "reporting-relay")
    assert [await check() for check in parts.ready] == [None, None]
    async with running(parts) as tasks:
        await eventually(lambda: held(small_pool), lambda n: n == SHARDS)

        async def another(_: object) -> LogIdentity:
            return LogIdentity("another", {})

        monkeypatch.setattr(brokers, "identity_of", another)
        ended_tasks, _ = await asyncio.wait(tasks, timeout=60, return_when=asyncio.FIRST_COMPLETED)
        assert [type(task.exception()) for task in ended_tasks] == [brokers.BrokerReplaced]


async def test_a_worker_applies_records_that_the_previous_version_parked(
    database: str, broker: Server, small_pool: Pool
):
    parked = Log().records(*story.SUBMITTED)[0].pack()
    await small_pool.execute("INSERT INTO parked (stream, aggregateid, sequence, record) VALUES ('demand', $1, 1, $2)",
                      story.ID, parked)  # fmt: skip
    repository: Any = Repository("demand_facts", demand_rules(Service.REPORTING), RecordedFacts())
    worker = Worker(Repositories.of(repository), by_faust=False)
    async with await open_pool(database, "reporting") as pool:
        parts = await worker_components(settings(database, broker), worker, pool, PROCESS)
        async with running(parts):
            await eventually(lambda: small_pool.fetchval("SELECT version FROM demand_facts"), lambda n: n == 1)
            assert await small_pool.fetchval("SELECT count(*) FROM parked") == 0
