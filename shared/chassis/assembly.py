"""Puts processes together from what a service says it is made of."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter

from shared.chassis import broker, faust_reader, kafka_reader, relay
from shared.chassis.database import PASSING, Pool
from shared.chassis.delivery import Delivery
from shared.chassis.http import Check, web_app
from shared.chassis.ledger import Ledger
from shared.chassis.process import Parts
from shared.chassis.reading import Reading
from shared.chassis.settings import ProcessSettings

Task = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Api:
    """The HTTP side of a service."""

    routers: Sequence[APIRouter]


@dataclass(frozen=True, slots=True)
class Worker:
    """The listening side of a service: a reader for its ledger, its relay, and its other tasks."""

    service: str
    ledger: Ledger[Any, Any]
    topics: tuple[str, ...]
    by_faust: bool
    relays: bool = True
    tasks: Sequence[Task] = ()


def database_ready(service: str, pool: Pool) -> Check:
    """Whether the service's schema can be read."""

    async def check() -> str | None:
        try:
            async with pool.acquire(timeout=2) as db:
                await db.fetchval("SELECT 1 FROM schema_migrations LIMIT 1")
        except PASSING as fault:
            return f"{service}: the database does not answer: {fault!r}"
        return None

    return check


def api_parts(title: str, apis: Mapping[str, tuple[Api, Pool]], port: int) -> Parts:
    """One web server for the APIs of one service, or of all under one origin."""
    checks = [database_ready(service, pool) for service, (_, pool) in apis.items()]
    routers = [router for api, _ in apis.values() for router in api.routers]
    web = web_app(title, routers, ready=checks)
    return Parts(ready=checks, closing=[pool.close for _, pool in apis.values()], web=web, port=port)


async def worker_parts(settings: ProcessSettings, worker: Worker, pool: Pool) -> Parts:
    """A reader, the relays and the tasks of one service."""
    bootstrap = settings.kafka_bootstrap_servers
    cluster = await broker.wait_for_cluster(bootstrap)
    delivery = Delivery(pool, worker.ledger, cluster, settings.dead_letter_limit)
    reading = Reading(delivery, worker.topics, f"{worker.service}-{'worker' if worker.by_faust else 'reader'}")

    async def stuck() -> str | None:
        return reading.stuck()

    return Parts(
        running=[
            _reader(settings, worker, reading),
            reading.watch(bootstrap),
            broker.watch(bootstrap, cluster),
            *relays(settings, worker, pool),
            *(task() for task in worker.tasks),
        ],
        ready=[database_ready(worker.service, pool)],
        alive=[stuck],
        closing=[pool.close],
    )


def relays(settings: ProcessSettings, worker: Worker, pool: Pool) -> list[Coroutine[Any, Any, None]]:
    """The service's relays, when it tells anything."""
    if not worker.relays:
        return []
    shards = relay.running(worker.service, pool, settings.kafka_bootstrap_servers, settings.relay_shards)
    return [part for shard in shards for part in (shard.run(), shard.gauge())]


def _reader(settings: ProcessSettings, worker: Worker, reading: Reading[Any, Any]) -> Coroutine[Any, Any, None]:
    bootstrap, instance = settings.kafka_bootstrap_servers, settings.instance
    if not worker.by_faust:
        return kafka_reader.read_batches(reading, bootstrap, instance, settings.batch_size)
    app = faust_reader.faust_app(reading.name, bootstrap, instance)
    faust_reader.listen(app, reading, settings.batch_size)
    return faust_reader.run(app)
