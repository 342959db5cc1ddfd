"""A topic that was deleted and created again gets all facts again, and is read from its beginning."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.chassis.aggregates.repository import Repositories, Repository
from shared.chassis.base.settings import ProcessSettings
from shared.chassis.consumer import consumer as consumers
from shared.chassis.consumer import consumer_log
from shared.chassis.consumer.consumer import Consumer
from shared.chassis.consumer.lag import Offsets
from shared.chassis.database.lease import Lease
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.kafka import cluster
from shared.chassis.kafka.client import Kafka
from shared.chassis.kafka.cluster import BrokerReplaced, asking, create_topics
from shared.chassis.kafka.log_identity import LogIdentity, identity_of
from shared.chassis.process.components import Worker, relay_components, worker_components
from shared.chassis.process.run import Components
from shared.chassis.relay import relay as relays
from shared.chassis.relay import relay_cursor
from shared.chassis.relay.leased_producer import LeasedProducer
from shared.chassis.relay.relay_cursor import Begin, Shard
from shared.contracts.demand.rules import demand_rules
from shared.contracts.demand.state import Service
from shared.contracts.topics import DEMAND_EVENTS
from tests import story
from tests.chassis.conftest import RecordedFacts, envelope
from tests.chassis.test_relay import append_paused
from tests.conftest import KAFKA, Server
from tests.eventually import ended, eventually

OLD, NEW = LogIdentity("cluster", {"topic": "1"}), LogIdentity("cluster", {"topic": "2"})
NAMELESS = LogIdentity("cluster", {})
ENDS = {"topic": {"3": 7}}


@pytest.fixture
async def intake(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database, "intake", size=4) as pool:
        yield pool


@asynccontextmanager
async def supervised(build: Callable[[], Awaitable[Components]]) -> AsyncIterator[list[str]]:
    """A process that is restarted when it ends because everything must be read again."""
    causes: list[str] = []

    async def life() -> None:
        while True:
            parts = await build()
            tasks = [asyncio.create_task(part) for part in parts.running]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    with pytest.raises(BrokerReplaced) as raised:
                        task.result()
                    causes.append(str(raised.value))
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks, timeout=10)
                for close in parts.closing:
                    await close()

    living = asyncio.create_task(life())
    try:
        yield causes
    finally:
        await ended(living, within=40)


def settings(database: str, broker: Server) -> ProcessSettings:
    return ProcessSettings.model_validate({"DATABASE_URL": database, "KAFKA_BOOTSTRAP_SERVERS": broker.url})


async def recreate(broker: Server) -> None:
    async with asking(Kafka(broker.url)) as admin:
        await admin.delete_topics([DEMAND_EVENTS.name])
        await eventually(lambda: topics_of(admin), lambda topics: KAFKA is False or DEMAND_EVENTS.name not in topics)


async def topics_of(admin: AIOKafkaAdminClient) -> Mapping[str, str]:
    return (await identity_of(admin)).topics


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the embedded broker, who lost a topic notices it soon: the product waits 15 s for an acknowledgement."""
    if KAFKA:
        return

    def producer(lease: Lease, **settings: Any) -> LeasedProducer:
        return LeasedProducer(lease, **settings | {"request_timeout_ms": 3_000})

    monkeypatch.setattr(relays, "LeasedProducer", producer)
    monkeypatch.setattr(consumers, "LOOK", 1.0)


@pytest.mark.kafka
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("by_faust", [True, False], ids=["Faust", "aiokafka"])
async def test_facts_recorded_while_a_topic_is_recreated_reach_its_readers(
    database: str, intake: Pool, pool: Pool, own_broker: Server, by_faust: bool
):
    process_settings = settings(database, own_broker)
    repository: Any = Repository("demand_facts", demand_rules(Service.REPORTING), RecordedFacts())
    worker = Worker(Repositories.of(repository), by_faust)

    async def reader() -> Components:
        return await worker_components(
            process_settings, worker, await open_pool(database, "reporting"), "reporting-projector"
        )

    async def relay() -> Components:
        return await relay_components(process_settings, "intake", await open_pool(database, "intake"), "intake-relay")

    def numbered(n: int, key: UUID) -> Any:
        return envelope(story.SUBMISSION.model_copy(update={"number": f"NH21-{n:06d}-X"}), 1, key)

    keys = [uuid4() for _ in range(60)]
    before, between, behind = keys[:50], keys[50:55], keys[55:]

    async def read() -> int:
        return await pool.fetchval("SELECT count(*) FROM demand_facts WHERE id = ANY($1)", keys)

    async with supervised(reader), supervised(relay):
        await append_paused(intake, [numbered(n, key) for n, key in enumerate(before)])
        await eventually(read, lambda n: n == len(before), within=60)
        await recreate(own_broker)
        await append_paused(intake, [numbered(n, key) for n, key in enumerate(between, 50)])
        await create_topics(Kafka(own_broker.url))
        await append_paused(intake, [numbered(n, key) for n, key in enumerate(behind, 55)])
        await eventually(read, lambda n: n == len(keys), within=90)


@pytest.mark.kafka
@pytest.mark.skipif(not KAFKA, reason="the embedded broker gives its topics no ids")
async def test_apache_kafka_gives_a_recreated_topic_another_id(own_broker: Server):
    async with asking(Kafka(own_broker.url)) as admin:
        # The broker learns of a new topic a moment later; before that the topic has no id to compare.
        first = await eventually(lambda: identity_of(admin), lambda found: DEMAND_EVENTS.name in found.topics)
        await recreate(own_broker)
        assert (await identity_of(admin)).differs(first) is None, "it may come back as it was"
        await create_topics(Kafka(own_broker.url))
        await eventually(lambda: topics_of(admin), lambda topics: DEMAND_EVENTS.name in topics)
        second = await identity_of(admin)
    assert f"topic {DEMAND_EVENTS.name} was deleted and made again" in str(second.differs(first))
    assert second.differs(second) is None


def test_another_cluster_is_another_log():
    assert LogIdentity("another", {}).differs(NAMELESS) == "cluster cluster is gone, another is here"


@pytest.mark.parametrize(
    ("now", "ends", "because"),
    [
        (OLD, ENDS, None),
        (NEW, ENDS, "topic topic was deleted and made again"),
        (NAMELESS, ENDS, None),
        (OLD, {"topic": {"3": 8, "4": 1}}, None),
        (OLD, {"topic": {"3": 6}}, "topic/3 ends at 6, before the offset that it had acknowledged (7)"),
        (OLD, {}, None),
    ],
)
@pytest.mark.parametrize("shards", [1, 2], ids=["one shard", "after another number of shards"])
async def test_a_cursor_is_valid_only_for_the_same_topics(
    intake: Pool, now: LogIdentity, ends: relay_cursor.Ends, because: str | None, shards: int
):
    lease: Lease = Lease(intake, "relay-0")
    await lease.take()
    async with intake.acquire() as db:
        await relay_cursor.move(db, OLD, Shard(), 5, 5, ENDS, lease)
        position = await relay_cursor.begin(db, now, ends, Shard(0, shards))
    if because:
        assert (position.position, position.ends) == (0, {})
        assert because in str(position.because)
    else:
        assert position == Begin(5, ENDS if shards == 1 else {})


async def test_a_journal_is_sent_again_only_if_another_cluster_had_it(intake: Pool):
    lease: Lease = Lease(intake, "relay-0")
    await lease.take()
    async with intake.acquire() as db:
        assert await relay_cursor.begin(db, OLD, {}, Shard()) == Begin(0, {}), "the first start is no reason to warn"
        await relay_cursor.move(db, OLD, Shard(), 5, 5, ENDS, lease)
        another = await relay_cursor.begin(db, LogIdentity("another", {}), {}, Shard())
    assert another == Begin(0, {}, "cluster another is new")


async def test_a_cursor_of_the_previous_version_is_kept(intake: Pool):
    await intake.execute("INSERT INTO relay_cursor (cluster_id, shards, shard, position) VALUES ('cluster', 1, 0, 5)")
    async with intake.acquire() as db:
        assert await relay_cursor.begin(db, NEW, {}, Shard()) == Begin(5, {})


async def test_a_reader_begins_again_once_for_a_recreated_topic(pool: Pool):
    async def generations(*known: LogIdentity) -> list[int]:
        async with pool.acquire() as db:
            return [await consumer_log.generation_of(db, identity, "reader") for identity in known]

    another = LogIdentity("another", {"topic": "9"})
    assert await generations(NAMELESS, OLD, OLD, NAMELESS, NEW, NEW, another, NEW) == [0, 0, 0, 0, 1, 1, 0, 1]
    assert consumer_log.group_name("reader", 0) == "reader", "what the version before has committed counts"
    assert len({consumer_log.group_name("reader", n) for n in range(3)}) == 3
    assert len({consumer_log.log_name("cluster", n) for n in range(3)}) == 3


@pytest.mark.kafka
async def test_a_reader_that_starts_after_the_end_of_a_partition_begins_again_once(pool: Pool, broker: Server):
    kafka, reader, partition = Kafka(broker.url), f"reader-{uuid4()}", TopicPartition(DEMAND_EVENTS.name, 3)
    identity = await cluster.wait_for_cluster(kafka)
    assert await consumer_log.begin(pool, kafka, identity, reader, (partition.topic,)) == 0
    async with AIOKafkaConsumer(
        bootstrap_servers=broker.url, group_id=reader, enable_auto_commit=False
    ) as kafka_consumer:
        kafka_consumer.assign([partition])
        (end,) = (await kafka_consumer.end_offsets([partition])).values()
        await kafka_consumer.commit({partition: end + 1000})
    for _ in range(2):
        assert await consumer_log.begin(pool, kafka, identity, reader, (partition.topic,)) == 1


def test_a_reader_whose_partition_became_shorter_stops_to_begin_again():
    consumer: Consumer = Consumer(None, ("topic",), "reader", "reporting")  # type: ignore[arg-type]
    partition = TopicPartition("topic", 3)
    for end in (7, 6, 7, 8, 5):
        consumer.look({partition: Offsets(7, end)})
        assert not consumer.fatal.is_set(), "a leader that changes may know less for a moment"
    consumer.look({partition: Offsets(7, 5)})
    assert str(consumer.fault) == "topic/3 ends at 5, before the committed offset (7)"
    assert isinstance(consumer.fault, BrokerReplaced)
