"""Measures parts of the product on the same servers and facts."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import perf_counter, process_time
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer

from deploy.cli.services import manifest
from services.reporting import app as reporting
from services.reporting.rebuild.tables import DERIVED
from services.reporting.settings import ReportingSettings
from shared.chassis.consumer import aiokafka_consumer, faust_consumer
from shared.chassis.consumer.consumer import Consumer
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.database.pool import open_pool
from shared.chassis.kafka.client import Kafka
from shared.chassis.kafka.cluster import cluster_id
from shared.chassis.relay.relay import Relay
from shared.contracts.envelope import Envelope
from tests.bench.rig import Rig
from tests.eventually import ended
from tests.keys import KEYS

_BEHIND = "SELECT (SELECT max(position) FROM journal) IS DISTINCT FROM (SELECT max(position) FROM relay_cursor)"


async def relay(service: str, rig: Rig, count: int) -> float:
    """Run the relay of a service until the broker has everything; facts/s. It ends when its cursor is there too, or
    the next relay would send the same again."""
    pool = await open_pool(rig.dsn, service, size=2)
    counting_relay = _Counted(service, pool, Kafka(rig.bootstrap))
    started = perf_counter()
    task = asyncio.create_task(counting_relay.run())
    while counting_relay.sent < count:
        await asyncio.sleep(0.005)
    seconds = perf_counter() - started
    while await pool.fetchval(_BEHIND):
        await asyncio.sleep(0.05)
    await ended(task)
    await pool.close()
    return count / seconds


async def rebuild(rig: Rig, count: int) -> float:
    """Reporting's views built from the whole log, and rebuilt beside them; facts/s of the rebuild. Both must be
    equal."""
    await _empty(rig)
    await reader("reporting", rig, count, "reporting-reader")
    servers = {"DATABASE_URL": rig.dsn, "KAFKA_BOOTSTRAP_SERVERS": rig.bootstrap}
    settings = ReportingSettings.model_validate(KEYS | servers)
    done = await reporting.rebuilding(settings, lambda zh, en: None).run(accept=False)
    if not done.replaced:
        raise RuntimeError(f"the views that were rebuilt differ from those before: {done}")
    return done.records / done.seconds


async def _empty(rig: Rig) -> None:
    db = await asyncpg.connect(rig.dsn)
    await db.execute(f"TRUNCATE {', '.join(f'reporting.{table}' for table in DERIVED)}")
    await db.close()


async def reader(service: str, rig: Rig, count: int, group: str = "") -> float:
    """Run the reader of a service from its first commit to its last; facts/s."""
    async with listening(service, rig, group or f"bench-{service}") as timed:
        while timed.seen < count:
            await asyncio.sleep(0.02)
    return timed.seen / (timed.last - timed.first)


@asynccontextmanager
async def listening(service: str, rig: Rig, group: str) -> "AsyncIterator[Timed]":
    """The reader of a service, in this consumer group."""
    service_manifest = manifest(service)
    environment = KEYS | {"DATABASE_URL": rig.dsn, "KAFKA_BOOTSTRAP_SERVERS": rig.bootstrap}
    settings = service_manifest.settings.model_validate(environment)
    pool = await open_pool(rig.dsn, service, size=4)
    worker = service_manifest.worker(settings, pool)
    timed = Timed(pool, worker.repositories, await cluster_id(Kafka(rig.bootstrap)))
    consumer = Consumer(timed, worker.topics, group, service)
    if worker.by_faust:
        app = faust_consumer.faust_app(consumer, Kafka(rig.bootstrap), "", settings.batch_size)
        running = faust_consumer.run(app, consumer)
    else:
        running = aiokafka_consumer.read_batches(consumer, Kafka(rig.bootstrap), "", settings.batch_size)
    task = asyncio.create_task(running)
    try:
        yield timed
    finally:
        await ended(task)
        await pool.close()


class Timed(Delivery):
    """A delivery that records its start, its end, the number of records and the processor time."""

    seen = 0
    first = last = 0.0
    cpu = 0.0
    _cpu_before = 0.0

    async def deliver(self, records: Any) -> None:
        """Deliver the records, and note the time of both clocks."""
        self.first, self._cpu_before = self.first or perf_counter(), self._cpu_before or process_time()
        await super().deliver(records)
        self.last, self.cpu = perf_counter(), process_time() - self._cpu_before
        self.seen += len(records)


class _Counted(Relay):
    """A relay that counts acknowledged facts."""

    sent = 0

    async def _send(
        self, producer: AIOKafkaProducer, envelopes: Sequence[Envelope], ends: dict[str, dict[str, int]]
    ) -> None:
        await super()._send(producer, envelopes, ends)
        self.sent += len(envelopes)
