"""Replays topics from their beginning, without a consumer group: it commits no offsets and affects no consumer."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.chassis.consumer import fetched
from shared.chassis.consumer.record import Record
from shared.chassis.kafka.client import Kafka

Offsets = Mapping[TopicPartition, int]
"""By partition the offset of the next record."""


@asynccontextmanager
async def replaying(kafka: Kafka, partitions: Sequence[TopicPartition], batch_size: int) -> "AsyncIterator[Replay]":
    """A replay at the first record of each partition; raises `KafkaError` while the broker is away."""
    fetched.install()
    client = AIOKafkaConsumer(
        **kafka.access(), enable_auto_commit=False, auto_offset_reset="earliest", max_partition_fetch_bytes=4_194_304
    )
    await client.start()
    try:
        client.assign(list(partitions))
        replay = Replay(client, batch_size)
        replay.go_to(await replay.beginning())
        yield replay
    finally:
        await client.stop()


@dataclass(slots=True)
class Replay:
    """Has a position in each partition, and reads on from it."""

    client: AIOKafkaConsumer
    batch_size: int

    async def beginning(self) -> Offsets:
        """The offset of the first record of each partition that the broker still has."""
        return dict(await self.client.beginning_offsets(list(self.client.assignment())))

    async def positions(self) -> Offsets:
        """The offset of the next record of each partition."""
        return {partition: await self.client.position(partition) for partition in self.client.assignment()}

    def go_to(self, offsets: Offsets) -> None:
        """Continue from these offsets."""
        for partition, offset in offsets.items():
            self.client.seek(partition, offset)

    async def left(self, ends: Offsets) -> int:
        """How many records are left before `ends`."""
        positions = await self.positions()
        return sum(max(0, end - positions[partition]) for partition, end in ends.items())

    async def batches(self, ends: Offsets) -> AsyncIterator[list[Record]]:
        """All records before `ends`, in batches as the broker gives them; the position is `ends` afterwards."""
        positions = await self.positions()
        unread = {partition for partition, end in ends.items() if positions[partition] < end}
        while unread:
            by_partition = await self.client.getmany(*unread, timeout_ms=500, max_records=self.batch_size)
            batch = []
            for partition, messages in by_partition.items():
                end = ends[partition]
                batch += [
                    Record(m.topic, m.partition, m.offset, m.key, tuple(m.headers), m.value)
                    for m in messages
                    if m.offset < end
                ]
                if messages and messages[-1].offset >= end:
                    self.client.seek(partition, end)
            for partition in list(unread):
                if await self.client.position(partition) >= ends[partition]:
                    unread.remove(partition)
            if batch:
                yield batch
