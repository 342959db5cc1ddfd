"""How far a group of readers is behind its topics, by the broker's own account."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.chassis.kafka.client import Kafka


@dataclass(frozen=True, slots=True)
class Place:
    """A partition: the next offset that the group has committed, and the next one to be written."""

    committed: int
    end: int


Backlog = Mapping[TopicPartition, Place]


class Reading(NamedTuple):
    """How far a reader is behind: records, and for how many seconds the slowest partition with a backlog stands."""

    lag: int
    standing_seconds: float


@asynccontextmanager
async def group_lag(kafka: Kafka, group: str, topics: Sequence[str]) -> "AsyncIterator[GroupLag]":
    """The broker's account of a group; raises `KafkaError` while the broker is away."""
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
    """Asks the broker over connections that are open."""

    admin: AIOKafkaAdminClient
    consumer: AIOKafkaConsumer
    group: str
    topics: Sequence[str]

    async def backlog(self) -> Backlog:
        """Every partition of the topics, whoever reads it; raises `KafkaError` while the broker is away."""
        places = [
            TopicPartition(topic["topic"], partition["partition"])
            for topic in await self.admin.describe_topics(list(self.topics))
            for partition in topic["partitions"]
        ]
        committed = {
            place: known.offset for place, known in (await self.admin.list_consumer_group_offsets(self.group)).items()
        }
        fresh = [place for place in places if committed.get(place, -1) < 0]
        begin = await self.consumer.beginning_offsets(fresh) if fresh else {}
        ends = await self.consumer.end_offsets(places)
        return {place: Place(begin.get(place, committed.get(place, 0)), end) for place, end in ends.items()}
