"""Builds the components of a process (API, worker or relay) from the declarations of a service."""

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from fastapi import APIRouter

from shared.chassis.aggregates.repository import Repositories
from shared.chassis.base.checks import Check
from shared.chassis.base.settings import ProcessSettings
from shared.chassis.consumer import aiokafka_consumer, consumer_log, resuming
from shared.chassis.consumer.consumer import Consumer
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.database import pool_gauges
from shared.chassis.database.pool import PASSING, Pool, open_pool
from shared.chassis.http.app import WORDLESS, web_app
from shared.chassis.http.openapi import ApiText
from shared.chassis.http.probe_headers import DEPLOYMENT
from shared.chassis.http.problem_details import Nowhere
from shared.chassis.kafka import cluster
from shared.chassis.process import service_gauges
from shared.chassis.process.run import Components
from shared.chassis.relay import relay
from shared.chassis.work.periodic import every
from shared.chassis.work.table_gauges import TableGauge, TableGauges
from shared.contracts.topics import TOPIC_OF

Task = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Api:
    """The HTTP side of a service: its routers, further readiness checks, background tasks, and its 404 page for
    browsers (`nowhere`)."""

    routers: Sequence[APIRouter]
    words: ApiText = WORDLESS
    ready: Sequence[Check] = ()
    tasks: Sequence[Task] = ()
    nowhere: Nowhere | None = None


@dataclass(frozen=True, slots=True)
class Worker:
    """The worker of a service: a consumer for its repositories, and other tasks. The tasks `first` run to their end
    before the consumer starts."""

    repositories: Repositories
    by_faust: bool
    tasks: Sequence[Task] = ()
    first: Sequence[Task] = ()
    gauges: Sequence[TableGauge] = ()
    """Gauges of the service's own tables, in addition to those that every service has."""

    @property
    def service(self) -> str:
        """The name of the service."""
        return self.repositories.service

    @property
    def consumer(self) -> str:
        """The name of its consumer, from which the name of the consumer group is made."""
        return f"{self.service}-{'worker' if self.by_faust else 'reader'}"

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that carry the streams of its repositories."""
        return tuple(TOPIC_OF[stream] for stream in self.repositories.by_stream)


def database_ready(service: str, pool: Pool) -> Check:
    """A check that fails while the service's schema cannot be read."""

    async def check() -> str | None:
        try:
            async with pool.acquire(timeout=2) as db:
                await db.fetchval("SELECT 1 FROM schema_migrations LIMIT 1")
        except PASSING as fault:
            return f"{service}: the database does not answer: {fault!r}"
        return None

    return check


def api_components(
    title: str,
    introduction: str,
    apis: Mapping[str, tuple[Api, Pool]],
    port: int,
    deployment: str = "",
    more: Sequence[APIRouter] = (),
) -> Components:
    """A web server with the APIs of one or more services; its probes name the deployment. `more` are routers that
    belong to no service."""
    checks = [check for service, (api, pool) in apis.items() for check in (database_ready(service, pool), *api.ready)]
    routers = [*(router for api, _ in apis.values() for router in api.routers), *more]
    for service, (_, pool) in apis.items():
        pool_gauges.watch(pool, service)
    words = api_texts(introduction, (api for api, _ in apis.values()))
    headers = {DEPLOYMENT: deployment} if deployment else None
    nowhere = next((api.nowhere for api, _ in apis.values() if api.nowhere), None)
    web = web_app(title, routers, checks, words=words, headers=headers, nowhere=nowhere)
    running = [task() for api, _ in apis.values() for task in api.tasks]
    return Components(
        running=running, ready=checks, closing=[pool.close for _, pool in apis.values()], web=web, port=port
    )


def api_texts(introduction: str, apis: Iterable[Api]) -> ApiText:
    """The texts of the OpenAPI document, merged from all APIs."""
    return reduce(or_, (api.words for api in apis), ApiText(introduction))


async def worker_components(settings: ProcessSettings, worker: Worker, pool: Pool, process: str) -> Components:
    """The consumer and the tasks of one service, with its relays unless they run in a process of their own. `process`
    is the name of the process, such as `NAME-worker`."""
    kafka = settings.kafka
    identity = await cluster.wait_for_cluster(kafka)
    for task in worker.first:
        await task()
    generation = await consumer_log.begin(pool, kafka, identity, worker.consumer, worker.topics)
    log_name = consumer_log.log_name(identity.cluster_id, generation)
    delivery = Delivery(pool, worker.repositories, log_name, settings.dead_letter_limit)
    consumer = Consumer(delivery, worker.topics, consumer_log.group_name(worker.consumer, generation), worker.service)

    pool_gauges.watch(pool, worker.service)
    questions = (*service_gauges.gauges_of_service(worker.service, settings.relay_shards), *worker.gauges)
    figures = TableGauges(worker.service, pool, questions, _holder(settings, process))
    parked = resuming.Resuming(pool, worker.repositories, log_name)

    async def stuck() -> str | None:
        return consumer.stuck()

    inside = await _relays(settings, worker.service, process) if settings.relay_inside else Components()
    return Components(
        running=[
            _reading(settings, worker, consumer),
            consumer.watch(kafka),
            cluster.watch(kafka, identity),
            every(resuming.EVERY, parked.resume, "parked facts", resuming.LATER),
            figures.run(),
            *inside.running,
            *(task() for task in worker.tasks),
        ],
        ready=[database_ready(worker.service, pool), relay.sending(worker.service, pool, settings.relay_shards)],
        alive=[stuck],
        closing=[pool.close, *inside.closing],
        reading=consumer.reading,
    )


async def relay_components(settings: ProcessSettings, service: str, pool: Pool, process: str) -> Components:
    """The relays of one service, for a process of their own."""
    identity = await cluster.wait_for_cluster(settings.kafka)
    pool_gauges.watch(pool, service)
    components = await _relays(settings, service, process)
    components.running.append(cluster.watch(settings.kafka, identity))
    components.ready += [database_ready(service, pool), relay.sending(service, pool, settings.relay_shards)]
    components.closing.append(pool.close)
    return components


async def _relays(settings: ProcessSettings, service: str, process: str) -> Components:
    """One relay for each shard. Each relay keeps a connection of its own while it runs; the leases and gauges of all
    share two more."""
    pool = await open_pool(settings.database_url, service, size=settings.relay_shards + 2)
    pool_gauges.watch(pool, service, "relay")
    shards = relay.running(service, pool, settings.kafka, settings.relay_shards, _holder(settings, process))
    running = [part for shard in shards for part in (shard.run(), shard.gauge())]
    return Components(running=running, closing=[pool.close])


def _holder(settings: ProcessSettings, process: str) -> str:
    """The fixed name of this process as a holder of leases, or empty."""
    return f"{process}-{settings.instance}" if settings.instance else ""


def _reading(settings: ProcessSettings, worker: Worker, consumer: Consumer) -> Coroutine[Any, Any, None]:
    kafka, instance = settings.kafka, settings.instance
    if not worker.by_faust:
        return aiokafka_consumer.read_batches(consumer, kafka, instance, settings.batch_size)
    from shared.chassis.consumer import faust_consumer

    return faust_consumer.run(faust_consumer.faust_app(consumer, kafka, instance, settings.batch_size), consumer)
