"""Facts are sent in batches of a partition: in their order, to the partition of their key, however large they are."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.producer.message_accumulator import MessageBatch

from shared.chassis.kafka.client import Kafka
from shared.chassis.kafka.cluster import asking
from shared.chassis.relay import batches
from shared.contracts.envelope import Envelope
from shared.contracts.topics import DEMAND_EVENTS, TOPIC_OF
from tests import story
from tests.chassis.conftest import envelope
from tests.conftest import Server

pytestmark = pytest.mark.kafka
LARGEST_BATCH = 20_000


@pytest.fixture
async def topic(broker: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """A topic of this test instead of that of demands, whose readers could not handle these facts."""
    name = f"batches-{uuid4()}"
    async with asking(Kafka(broker.url)) as admin:
        await admin.create_topics([NewTopic(name, DEMAND_EVENTS.partitions, 1)])
    monkeypatch.setitem(TOPIC_OF, DEMAND_EVENTS.carries, name)
    return name


@pytest.fixture
async def producer(broker: Server, topic: str) -> AsyncIterator[AIOKafkaProducer]:
    async with AIOKafkaProducer(
        bootstrap_servers=broker.url, acks="all", enable_idempotence=True, max_batch_size=LARGEST_BATCH
    ) as kafka_producer:
        yield kafka_producer


def of_size(key: UUID, sequence: int, characters: int) -> Envelope:
    return envelope(story.SUBMISSION, sequence, key)._replace(data="x" * characters)


async def read_before(broker: Server, ends: Mapping[TopicPartition, int], count: int) -> Sequence[ConsumerRecord]:
    """The last records of each partition, at most this many."""
    async with AIOKafkaConsumer(bootstrap_servers=broker.url) as consumer, asyncio.timeout(60):
        consumer.assign(list(ends))
        records: list[ConsumerRecord] = []
        for partition, end in ends.items():
            consumer.seek(partition, max(end - count, 0))
            while await consumer.position(partition) < end:
                records += (await consumer.getmany(partition, timeout_ms=1000)).get(partition, [])
        return records


async def test_facts_of_one_demand_keep_their_order_over_many_batches(producer: AIOKafkaProducer, broker: Server):
    keys = [uuid4() for _ in range(5)]
    sizes = (10, 12_000, 12_000, 300_000, 10, 15_000, 10, 10)
    facts = [of_size(key, n, size) for n, size in enumerate(sizes, 1) for key in keys]
    ends = await batches.send(producer, facts)
    records = await read_before(broker, ends, len(facts))
    for key in keys:
        records_of_key = [record for record in records if record.key == str(key).encode()]
        assert [len(record.value) for record in records_of_key] == list(sizes)
        assert [dict(record.headers)["ce_sequence"] for record in records_of_key] == [
            b"%d" % n for n in range(1, len(sizes) + 1)
        ]
        last = records_of_key[-1]
        assert last.offset < ends[TopicPartition(last.topic, last.partition)]
    assert max(record.offset + 1 for record in records) in ends.values()


async def test_a_fact_goes_to_the_partition_to_which_kafka_sends_its_key(producer: AIOKafkaProducer, topic: str):
    for key in [uuid4() for _ in range(20)]:
        metadata = await producer.send_and_wait(topic, b"{}", key=str(key).encode())
        assert list(await batches.send(producer, [of_size(key, 1, 10)])) == [metadata.topic_partition]


async def test_a_batch_that_was_acknowledged_before_has_no_end_offset(
    producer: AIOKafkaProducer, monkeypatch: pytest.MonkeyPatch
):
    """The broker answers a repetition with a duplicate sequence, and the producer then gives -1 as the offset."""
    original = MessageBatch.done

    def repeated(self: MessageBatch, base_offset: int, *more: Any) -> None:
        original(self, -1, *more)

    monkeypatch.setattr(MessageBatch, "done", repeated)
    key = uuid4()
    assert await batches.send(producer, [of_size(key, 1, 10), of_size(key, 2, 10)]) == {}
