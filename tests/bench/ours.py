"""The product's own parts on the same servers and the same facts."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import perf_counter, process_time
from typing import Any, Final

import asyncpg
from aiokafka import AIOKafkaProducer

from deploy.cli.processes import SERVICES
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

VIEWS: Final = ("demand_facts", "fact", "cohort", "flow", "owed")
BESIDE: Final = ("cohort_sum", "flow_sum", "note_seen", "parked", "progress")


async def relay(service: str, rig: Rig, count: int) -> float:
    """The relay of a service, until the broker has everything; facts/s."""
    pool = await open_pool(rig.dsn, service, size=2)
    counted = _Counted(service, pool, Kafka(rig.bootstrap))
    started = perf_counter()
    task = asyncio.create_task(counted.run())
    while counted.sent < count:
        await asyncio.sleep(0.005)
    seconds = perf_counter() - started
    await ended(task)
    await pool.close()
    return count / seconds


async def rebuild(rig: Rig, count: int) -> float:
    """Reporting's views folded from the whole log, emptied, folded again; facts/s. Both must come out the same."""
    await _empty(rig)
    await reader("reporting", rig, count, "bench-build")
    before = await _views(rig)
    await _empty(rig)
    rate = await reader("reporting", rig, count, "bench-rebuild")
    if await _views(rig) != before:
        raise RuntimeError("the views that were rebuilt differ from those before")
    return rate


async def _empty(rig: Rig) -> None:
    db = await asyncpg.connect(rig.dsn)
    await db.execute(f"TRUNCATE {', '.join(f'reporting.{table}' for table in (*VIEWS, *BESIDE))}")
    await db.close()


async def _views(rig: Rig) -> Sequence[str]:
    """Each view in one word."""
    db = await asyncpg.connect(rig.dsn)
    summed = "SELECT md5(coalesce(string_agg(row::text, ',' ORDER BY row::text), '')) FROM reporting.{} AS row"
    found = [str(await db.fetchval(summed.format(view))) for view in VIEWS]
    await db.close()
    return found


async def reader(service: str, rig: Rig, count: int, name: str = "bench") -> float:
    """The listener of a service, from its first commit to its last; facts/s."""
    async with listening(service, rig, name) as timed:
        while timed.seen < count:
            await asyncio.sleep(0.02)
    return timed.seen / (timed.last - timed.first)


@asynccontextmanager
async def listening(service: str, rig: Rig, name: str) -> "AsyncIterator[Timed]":
    """The listener of a service, in the group of that name."""
    (found,) = (one for one in SERVICES if one.name == service)
    told = KEYS | {"DATABASE_URL": rig.dsn, "KAFKA_BOOTSTRAP_SERVERS": rig.bootstrap}
    settings = found.settings.model_validate(told)
    pool = await open_pool(rig.dsn, service, size=4)
    worker = found.worker(settings, pool)
    timed = Timed(pool, worker.repositories, await cluster_id(Kafka(rig.bootstrap)))
    reading = Consumer(timed, worker.topics, f"{name}-{service}")
    if worker.by_faust:
        app = faust_consumer.faust_app(reading, Kafka(rig.bootstrap), "", settings.batch_size)
        running = faust_consumer.run(app, reading)
    else:
        running = aiokafka_consumer.read_batches(reading, Kafka(rig.bootstrap), "", settings.batch_size)
    task = asyncio.create_task(running)
    try:
        yield timed
    finally:
        await ended(task)
        await pool.close()


class Timed(Delivery):
    """A delivery that remembers when it began and ended, how much it took, and at what cost."""

    seen = 0
    first = last = 0.0
    cpu = 0.0
    _cpu_before = 0.0

    async def deliver(self, records: Any) -> None:
        """Take them, and note the time of both clocks."""
        self.first, self._cpu_before = self.first or perf_counter(), self._cpu_before or process_time()
        await super().deliver(records)
        self.last, self.cpu = perf_counter(), process_time() - self._cpu_before
        self.seen += len(records)


class _Counted(Relay):
    """A relay that counts what the broker has acknowledged."""

    sent = 0

    async def _send(
        self, producer: AIOKafkaProducer, told: Sequence[Envelope], ends: dict[str, dict[str, int]]
    ) -> None:
        await super()._send(producer, told, ends)
        self.sent += len(told)
