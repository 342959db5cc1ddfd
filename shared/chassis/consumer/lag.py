"""The lag of a consumer group, from the offsets that the broker knows."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.chassis.kafka.client import Kafka


@dataclass(frozen=True, slots=True)
class Offsets:
    """The offsets of a partition: the one that the group has committed, and the end (the next one to be written)."""

    committed: int
    end: int


Backlog = Mapping[TopicPartition, Offsets]


class LagReading(NamedTuple):
    """The lag of a consumer in records, and for how many seconds its slowest partition has had no commit."""

    lag: int
    standing_seconds: float


@asynccontextmanager
async def group_lag(kafka: Kafka, group: str, topics: Sequence[str]) -> "AsyncIterator[GroupLag]":
    """Open connections to ask the broker about a group; raises `KafkaError` while the broker is away."""
    admin = AIOKafkaAdminClient(**kafka.access(), request_timeout_ms=5000)
    consumer = AIOKafkaConsumer(**kafka.access(), request_timeout_ms=5000)
    try:
        await admin.start()
        await consumer.start()
        yield GroupLag(admin, consumer, group, topics)
    finally:
        await consumer.stop()
        await admin.close()


@dataclass(frozen=True, slots=True)
class GroupLag:
    """Asks the broker about a group, over open connections."""

    admin: AIOKafkaAdminClient
    consumer: AIOKafkaConsumer
    group: str
    topics: Sequence[str]

    async def backlog(self) -> Backlog:
        """The offsets of all partitions of the topics, of all members; raises `KafkaError` while the broker is away."""
        partitions = [
            TopicPartition(topic["topic"], partition["partition"])
            for topic in await self.admin.describe_topics(list(self.topics))
            for partition in topic["partitions"]
        ]
        stored = await self.admin.list_consumer_group_offsets(self.group)
        committed = {partition: metadata.offset for partition, metadata in stored.items()}
        uncommitted = [partition for partition in partitions if committed.get(partition, -1) < 0]
        begin = await self.consumer.beginning_offsets(uncommitted) if uncommitted else {}
        end_offsets = await self.consumer.end_offsets(partitions)
        return {
            partition: Offsets(begin.get(partition, committed.get(partition, 0)), end)
            for partition, end in end_offsets.items()
        }
