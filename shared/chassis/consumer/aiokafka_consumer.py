"""Reads topics with aiokafka, one batch for each poll; offsets are committed after the database transaction."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError, RebalanceInProgressError

from shared.chassis.consumer import fetched
from shared.chassis.consumer.consumer import Consumer
from shared.chassis.consumer.record import Record
from shared.chassis.kafka.cancellation import asked_to_end
from shared.chassis.kafka.client import METADATA_MAX_AGE_MS, Kafka

log = structlog.get_logger()
COMMIT_EVERY: Final = 1.0


async def read_batches(consumer: "Consumer", kafka: Kafka, instance: str, batch_size: int) -> None:
    """Read until cancelled; raises the fault for which the consumer must stop."""
    fetched.install()
    kafka_client = AIOKafkaConsumer(
        *consumer.topics,
        **kafka.access(),
        group_id=consumer.name,
        group_instance_id=f"{consumer.name}-{instance}" if instance else None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=10_000,
        heartbeat_interval_ms=3_000,
        metadata_max_age_ms=METADATA_MAX_AGE_MS,
        max_partition_fetch_bytes=4_194_304,
    )
    offsets = _Offsets(kafka_client)
    try:
        await kafka_client.start()
        while not asked_to_end():
            batches = await kafka_client.getmany(timeout_ms=500, max_records=batch_size)
            records = [
                Record(m.topic, m.partition, m.offset, m.key, tuple(m.headers), m.value)
                for messages in batches.values()
                for m in messages
            ]
            next_offsets = {partition: messages[-1].offset + 1 for partition, messages in batches.items() if messages}
            if records and not await consumer.process(records, partial(offsets.done.update, next_offsets)):
                await consumer.until_fatal()
            await offsets.commit_now_and_then()
    except KafkaError as fault:
        log.warning("consumer lost its connection to the broker", group=consumer.name, cause=repr(fault))
        raise
    finally:
        await consumer.end()
        with contextlib.suppress(KafkaError):
            await offsets.commit()
            await kafka_client.stop()


@dataclass(slots=True)
class _Offsets:
    """The offsets that the group has handled, committed once a second.

    Fewer commits are safe: after a crash the records of the last second are read again and dropped, because the
    database knows that they were applied.
    """

    kafka_client: AIOKafkaConsumer
    done: dict[TopicPartition, int] = field(default_factory=dict)
    committed_at: float = 0.0

    async def commit_now_and_then(self) -> None:
        """Commit if the last commit is longer ago than `COMMIT_EVERY` seconds."""
        if self.done and asyncio.get_running_loop().time() - self.committed_at > COMMIT_EVERY:
            await self.commit()

    async def commit(self) -> None:
        """Commit the offsets of the partitions that are still assigned to this process."""
        assigned = self.kafka_client.assignment()
        offsets = {partition: offset for partition, offset in self.done.items() if partition in assigned}
        self.done.clear()
        self.committed_at = asyncio.get_running_loop().time()
        # A refused commit is harmless: the records are read again and dropped.
        with contextlib.suppress(CommitFailedError, RebalanceInProgressError, IllegalStateError):
            if offsets:
                await self.kafka_client.commit(offsets)
