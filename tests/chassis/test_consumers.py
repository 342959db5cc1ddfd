"""Both readers commit an offset only after everything before it is in the database."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.consumer import fetcher
from aiokafka.errors import KafkaError
from aiokafka.record.memory_records import MemoryRecords

from shared.chassis.aggregates.repository import Repositories
from shared.chassis.consumer import aiokafka_consumer, faust_consumer
from shared.chassis.consumer.consumer import Consumer
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.consumer.lag import Offsets, group_lag
from shared.chassis.consumer.record import Record
from shared.chassis.database.pool import Pool
from shared.chassis.kafka.client import Kafka
from shared.chassis.kafka.cluster import asking
from shared.contracts.topics import PROJECT_EVENTS
from tests import story
from tests.chassis import batches
from tests.chassis.conftest import envelope
from tests.conftest import Server
from tests.eventually import ended, eventually

pytestmark = pytest.mark.kafka
PLACE = TopicPartition(PROJECT_EVENTS.name, 5)
Reader = Callable[["Consumer", str], Coroutine[Any, Any, None]]


@pytest.fixture(autouse=True)
def as_aiokafka_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reset what one reader sets for the whole process, so that each test begins like a new process."""
    monkeypatch.setattr(fetcher, "MemoryRecords", MemoryRecords)


@dataclass
class Held:
    """A delivery that begins a batch and does not commit until the test releases it."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    free: asyncio.Event = field(default_factory=asyncio.Event)
    taken: list[int] = field(default_factory=list)

    async def deliver(self, records: Sequence[Record]) -> None:
        self.begun.set()
        await self.free.wait()
        self.taken += [record.offset for record in records if record.partition == PLACE.partition]


def by_faust(consumer: "Consumer", bootstrap: str) -> Coroutine[Any, Any, None]:
    return faust_consumer.run(faust_consumer.faust_app(consumer, Kafka(bootstrap), "", 100), consumer)


def by_aiokafka(consumer: "Consumer", bootstrap: str) -> Coroutine[Any, Any, None]:
    return aiokafka_consumer.read_batches(consumer, Kafka(bootstrap), "", 100)


async def committed(broker: Server, consumer: "Consumer") -> Offsets:
    with suppress(KafkaError):
        async with group_lag(Kafka(broker.url), consumer.name, consumer.topics) as client:
            return (await client.backlog())[PLACE]
    return Offsets(-1, -1)


@pytest.mark.parametrize("read", [by_faust, by_aiokafka], ids=["Faust", "aiokafka"])
async def test_an_offset_is_committed_after_the_database(broker: Server, read: Reader):
    held = Held()
    consumer: Consumer = Consumer(held, (PROJECT_EVENTS.name,), f"reader-{uuid4()}", "reporting")  # type: ignore[arg-type]
    async with AIOKafkaProducer(bootstrap_servers=broker.url) as producer:
        for _ in range(5):
            metadata = await producer.send_and_wait(PROJECT_EVENTS.name, b"{}", partition=PLACE.partition)
    task = asyncio.create_task(read(consumer, broker.url))
    try:
        await asyncio.wait_for(held.begun.wait(), 60)
        with pytest.raises(AssertionError, match="still"):  # longer than the interval in which Faust commits
            await eventually(lambda: committed(broker, consumer), lambda place: place.committed > 0, within=3)
        held.free.set()
        await eventually(lambda: committed(broker, consumer), lambda place: place.committed == place.end)
        assert held.taken[-1] == metadata.offset
    finally:
        held.free.set()
        await ended(task)


def strange() -> list[dict[str, Any]]:
    """Records that each have ended a reader or blocked it for ever in the past."""
    whole = envelope(story.SUBMISSION, 1)
    headers = dict(whole.headers())
    fields = {"key": str(whole.key).encode(), "value": whole.data.encode()}
    return [
        fields | {"headers": [*(headers | {"ce_source": b"/services/reporting", "ce_type": None}).items()]},
        {"key": None, "value": None, "headers": []},
        fields | {"headers": [(name, None) for name in headers]},
        fields | {"headers": [*(headers | {"ce_sequence": b"9" * 5000}).items()]},
        fields | {"headers": [*(headers | {"ce_id": b"\x00", "ce_type": b"\xff\x00"}).items()], "value": b"\x00"},
    ]


@pytest.mark.parametrize("read", [by_faust, by_aiokafka], ids=["Faust", "aiokafka"])
async def test_no_record_on_a_topic_ends_a_reader(broker: Server, read: Reader, delivery: Delivery, pool: Pool):
    name, delivery.limit = f"reader-{uuid4()}", 1000
    (repository,) = delivery.repositories.by_stream.values()
    rules = replace(repository.rules, stream=PROJECT_EVENTS.carries)  # a topic that no other test fills with demands
    delivery.repositories = Repositories.of(replace(repository, rules=rules))
    consumer = Consumer(delivery, (PROJECT_EVENTS.name,), name, "reporting")
    numbers = (f"NH21-{random.randrange(10**6):06d}-X" for _ in range(4))  # the topic has records of other readers too
    first, before, lost, behind = (
        envelope(story.SUBMISSION.model_copy(update={"number": number}), 1, uuid4()) for number in numbers
    )
    unpacked = [batches.batch([first, before]), batches.batch([lost], codec=batches.ZSTD)]
    for raw in (batches.plain(strange()), *unpacked, batches.batch([behind], b"cafe")):
        offset = await batches.produce(broker.url, PROJECT_EVENTS.name, PLACE.partition, raw)
    task = asyncio.create_task(read(consumer, broker.url))
    try:
        versions = "SELECT count(*) FROM demand_facts WHERE id = ANY($1)"
        await eventually(
            lambda: pool.fetchval(versions, [first.key, before.key, behind.key]), lambda n: n == 3, within=60
        )
        await eventually(lambda: committed(broker, consumer), lambda place: place.committed > offset)
        aside = await pool.fetchval('SELECT count(*) FROM dead_letter WHERE "offset" >= $1', offset - 10)
        assert aside >= len(strange()) + 1, "and one for the batch that cannot be unpacked"
    finally:
        await ended(task)


class Broken:
    """A delivery that raises an unforeseen fault after the first batch."""

    def __init__(self) -> None:
        self.taken: list[int] = []

    async def deliver(self, records: Sequence[Record]) -> None:
        if self.taken:
            raise ZeroDivisionError
        self.taken += [record.offset for record in records]


@pytest.mark.parametrize("read", [by_faust, by_aiokafka], ids=["Faust", "aiokafka"])
async def test_an_unforeseen_fault_ends_the_reader_and_nothing_after_it_is_acknowledged(broker: Server, read: Reader):
    broken = Broken()
    consumer: Consumer = Consumer(broken, (PROJECT_EVENTS.name,), f"reader-{uuid4()}", "reporting")  # type: ignore[arg-type]
    task = asyncio.create_task(read(consumer, broker.url))
    async with AIOKafkaProducer(bootstrap_servers=broker.url) as producer:
        await producer.send_and_wait(PROJECT_EVENTS.name, b"{}", partition=PLACE.partition)
        await eventually(lambda: asyncio.sleep(0, broken.taken), bool, within=60)
        await eventually(lambda: committed(broker, consumer), lambda place: place.committed == place.end)
        for _ in range(3):
            metadata = await producer.send_and_wait(PROJECT_EVENTS.name, b"{}", partition=PLACE.partition)
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(task, 60)
    assert (await committed(broker, consumer)).committed == metadata.offset - 2


@pytest.mark.parametrize("fault", [ZeroDivisionError(), asyncio.CancelledError()], ids=["a fault", "a cancellation"])
async def test_a_fault_of_a_faust_agent_outside_of_a_delivery_ends_the_reader_too(
    broker: Server, fault: BaseException, monkeypatch: pytest.MonkeyPatch
):
    held = Held()
    held.free.set()
    consumer: Consumer = Consumer(held, (PROJECT_EVENTS.name,), f"reader-{uuid4()}", "reporting")  # type: ignore[arg-type]

    def failing(_: object) -> Record:
        raise fault

    monkeypatch.setattr(faust_consumer, "_record", failing)
    async with AIOKafkaProducer(bootstrap_servers=broker.url) as producer:
        await producer.send_and_wait(PROJECT_EVENTS.name, b"{}", partition=PLACE.partition)
    with pytest.raises((ZeroDivisionError, RuntimeError)):
        await asyncio.wait_for(by_faust(consumer, broker.url), 60)
    assert held.taken == []
    place = await committed(broker, consumer)
    assert place.committed < place.end


async def test_a_reader_that_started_before_its_topic_existed_reads_it_soon(broker: Server):
    """As after a restart of the broker, which accepts groups before it has loaded its topics. aiokafka's reader
    waits for its topic before it joins; Faust's does not."""
    held, topic = Held(), f"later-{uuid4()}"
    held.free.set()
    consumer: Consumer = Consumer(held, (topic,), f"reader-{uuid4()}", "reporting")  # type: ignore[arg-type]
    task = asyncio.create_task(by_faust(consumer, broker.url))
    try:
        async with asking(Kafka(broker.url)) as admin:
            groups = admin.list_consumer_groups
            await eventually(groups, lambda known: consumer.name in {name for name, *_ in known})
            await asyncio.sleep(3)  # by then it has joined without partitions
            await admin.create_topics([NewTopic(topic, 1, 1)])
        async with AIOKafkaProducer(bootstrap_servers=broker.url) as producer:
            await producer.send_and_wait(topic, b"{}")
        await asyncio.wait_for(held.begun.wait(), 60)
    finally:
        await ended(task)
