"""Reads topics with aiokafka, a batch a poll; offsets are committed after the database."""

import contextlib
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError, RebalanceInProgressError

from shared.chassis.reading import Reading
from shared.chassis.record import Record

log = structlog.get_logger()


async def read_batches(reading: "Reading[Any, Any]", bootstrap: str, instance: str, batch_size: int) -> None:
    """Read until cancelled, or until the reading says stop."""
    consumer = AIOKafkaConsumer(
        *reading.topics,
        bootstrap_servers=bootstrap,
        group_id=reading.name,
        group_instance_id=f"{reading.name}-{instance}" if instance else None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=10_000,
        heartbeat_interval_ms=3_000,
        max_partition_fetch_bytes=4_194_304,
    )
    await consumer.start()
    try:
        while True:
            found = await consumer.getmany(timeout_ms=500, max_records=batch_size)
            records = [
                Record(m.topic, m.partition, m.offset, m.key, tuple(m.headers), m.value)
                for messages in found.values()
                for m in messages
            ]
            if records and not await reading.take(records):
                return
            if records:
                # A refused commit costs a second reading, which changes nothing.
                with contextlib.suppress(CommitFailedError, RebalanceInProgressError, IllegalStateError):
                    await consumer.commit()
    except KafkaError as fault:
        log.warning("reader lost the broker", reader=reading.name, cause=repr(fault))
        raise
    finally:
        with contextlib.suppress(KafkaError):
            await consumer.stop()
