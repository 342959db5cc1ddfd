"""Relays run inside their worker or apart from it, and never take the connections of others."""

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
from tests.chassis.conftest import Log, Remembered, envelope
from tests.conftest import Server
from tests.eventually import ended, eventually
from tests.journals import append

pytestmark = pytest.mark.kafka
SHARDS = 8


def settings(database: str, broker: Server, **more: Any) -> ProcessSettings:
    told = {"DATABASE_URL": database, "KAFKA_BOOTSTRAP_SERVERS": broker.url, "relay_shards": SHARDS}
    return ProcessSettings.model_validate(told | more)


@pytest.fixture
async def few(database: str) -> AsyncIterator[Pool]:
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


async def test_relays_leave_a_connection_to_their_worker(database: str, broker: Server, few: Pool):
    repository: Any = Repository("demand_facts", demand_rules(Service.REPORTING), Remembered())
    worker = Worker(Repositories.of(repository), by_faust=False)
    async with running(await worker_components(settings(database, broker), worker, few, PROCESS)):
        await eventually(lambda: held(few), lambda n: n == SHARDS)


async def test_a_worker_runs_without_relays_where_they_run_apart(database: str, broker: Server, few: Pool):
    repository: Any = Repository("demand_facts", demand_rules(Service.REPORTING), Remembered())
    worker = Worker(Repositories.of(repository), by_faust=False)
    inside = await worker_components(settings(database, broker), worker, few, PROCESS)
    apart = await worker_components(settings(database, broker, relay_inside=False), worker, few, PROCESS)
    assert len(inside.running) - len(apart.running) == 2 * SHARDS, "each relay has its gauge"
    for part in (*inside.running, *apart.running):
        part.close()


async def unready(parts: Components) -> str:
    """What its probe says; nothing where it is ready."""
    return "; ".join(filter(None, [await check() for check in parts.ready]))


async def test_a_worker_and_relays_alone_are_not_ready_where_nobody_sends_their_journal_or_their_database_is_gone(
    database: str, broker: Server, few: Pool
):
    repository: Any = Repository("demand_facts", demand_rules(Service.REPORTING), Remembered())
    given = settings(database, broker, relay_inside=False)
    worker = await worker_components(given, Worker(Repositories.of(repository), by_faust=False), few, PROCESS)
    relays = await relay_components(given, "reporting", few, PROCESS)
    assert [await unready(parts) for parts in (worker, relays)] == ["", ""]
    async with few.acquire() as db:
        await append(db, [envelope(story.SUBMISSION, 1)])
        await db.execute("UPDATE journal SET recorded_at = now() - interval '1 hour'")
    for parts in (worker, relays):
        assert "nobody sends shard 0 of the journal" in await unready(parts)
    await few.execute("DELETE FROM journal")
    few.terminate()
    for parts in (worker, relays):
        assert "reporting: the database does not answer" in await unready(parts)
    for part in (*worker.running, *relays.running):
        part.close()


async def test_a_web_process_is_not_ready_without_the_database_of_each_of_its_services(database: str, few: Pool):
    async with await open_pool(database, "intake", size=1) as intake:
        parts = api_components("all", "", {"intake": (Api([]), intake), "reporting": (Api([]), few)}, port=0)
        assert parts.web
        async with httpx.AsyncClient(transport=httpx.ASGITransport(parts.web), base_url="http://all") as client:
            assert (await client.get("/readyz")).status_code == 200
            few.terminate()
            answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert "reporting: the database does not answer" in answer.text
        assert "intake" not in answer.text
        assert await unready(parts)


async def test_a_worker_whose_reader_is_stuck_is_not_alive_and_one_that_begins_again_reads_as_another_group(
    database: str, broker: Server, few: Pool, monkeypatch: pytest.MonkeyPatch
):
    repository: Any = Repository("demand_facts", demand_rules(Service.REPORTING), Remembered())
    worker = Worker(Repositories.of(repository), by_faust=False)

    async def life() -> list[str | None]:
        parts = await worker_components(settings(database, broker, relay_inside=False), worker, few, PROCESS)
        for part in parts.running:
            part.close()
        return [await check() for check in parts.alive]

    assert await life() == [None]
    monkeypatch.setattr(Consumer, "stuck", lambda consumer: f"{consumer.name} stands")
    assert await life() == ["reporting-reader stands"]
    await few.execute("UPDATE reader_log SET generation = 2")
    assert await life() == ["reporting-reader-2 stands"]


async def test_relays_alone_say_that_they_are_ready_and_end_when_the_broker_is_another(
    database: str, broker: Server, few: Pool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(brokers, "LOOK", 0.05)
    parts = await relay_components(settings(database, broker), "reporting", few, "reporting-relay")
    assert [await check() for check in parts.ready] == [None, None]
    async with running(parts) as tasks:
        await eventually(lambda: held(few), lambda n: n == SHARDS)

        async def another(_: object) -> LogIdentity:
            return LogIdentity("another", {})

        monkeypatch.setattr(brokers, "identity_of", another)
        done, _ = await asyncio.wait(tasks, timeout=60, return_when=asyncio.FIRST_COMPLETED)
        assert [type(task.exception()) for task in done] == [brokers.BrokerReplaced]


async def test_a_worker_applies_what_the_version_before_parked(database: str, broker: Server, few: Pool):
    parked = Log().records(*story.SUBMITTED)[0].pack()
    await few.execute("INSERT INTO parked (stream, aggregateid, sequence, record) VALUES ('demand', $1, 1, $2)",
                      story.ID, parked)  # fmt: skip
    repository: Any = Repository("demand_facts", demand_rules(Service.REPORTING), Remembered())
    worker = Worker(Repositories.of(repository), by_faust=False)
    async with await open_pool(database, "reporting") as pool:
        parts = await worker_components(settings(database, broker), worker, pool, PROCESS)
        async with running(parts):
            await eventually(lambda: few.fetchval("SELECT version FROM demand_facts"), lambda n: n == 1)
            assert await few.fetchval("SELECT count(*) FROM parked") == 0
