"""Remembers which topics a service's consumer has read, and starts it again from the beginning of replaced topics.

Committed offsets belong to one topic id. If a topic is deleted and created again, the old offsets point behind records
that nobody has read, or beyond its end. The consumer then reads from the beginning as a new group, whose name ends in
the next generation number, and drops the facts that it has applied before.
"""

import asyncio
from collections.abc import Sequence

import orjson
import structlog
from aiokafka.errors import KafkaError

from shared.chassis.consumer.lag import Backlog, group_lag
from shared.chassis.database.pool import PASSING, Connection, Pool
from shared.chassis.kafka.cancellation import end_if_asked
from shared.chassis.kafka.client import Kafka
from shared.chassis.kafka.log_identity import LogIdentity, recreated_topic

log = structlog.get_logger()
LOOK: float = 1.0


def group_name(reader: str, generation: int) -> str:
    """The name of the consumer group of this generation."""
    return reader if not generation else f"{reader}-{generation}"


def log_name(cluster_id: str, generation: int) -> str:
    """The name of a cluster and generation: offsets are unique within it, and dead letters are stored with it."""
    return cluster_id if not generation else f"{cluster_id}.{generation}"


def shortened_partition(backlog: Backlog) -> str | None:
    """Describes a partition that ends before the committed offset of its group; None if there is none."""
    for partition, offsets in backlog.items():
        if offsets.committed > offsets.end:
            place = f"{partition.topic}/{partition.partition}"
            return f"{place} ends at {offsets.end}, before the committed offset ({offsets.committed})"
    return None


async def begin(pool: Pool, kafka: Kafka, identity: LogIdentity, reader: str, topics: Sequence[str]) -> int:
    """The generation with which this consumer must read; waits until the database and the broker answer."""
    while True:
        try:
            async with pool.acquire(timeout=5) as db:
                generation = await generation_of(db, identity, reader)
                async with group_lag(kafka, group_name(reader, generation), topics) as lag:
                    because = shortened_partition(await lag.backlog())
                if not because:
                    return generation
                await _start_next(db, identity.cluster_id, generation, reader, because)
        except (*PASSING, KafkaError) as fault:
            log.warning("reader waits", group=reader, cause=repr(fault))
            end_if_asked()
            await asyncio.sleep(LOOK)


async def known_generation(db: Connection, cluster_id: str) -> int:
    """The stored generation of this service's consumer with this cluster; 0 if there is none."""
    generation: int | None = await db.fetchval("SELECT generation FROM reader_log WHERE cluster_id = $1", cluster_id)
    return generation or 0


async def generation_of(db: Connection, identity: LogIdentity, reader: str) -> int:
    """The generation of this consumer with this cluster; one higher than before if a topic was created again."""
    topics = orjson.dumps(dict(identity.topics)).decode()
    async with db.transaction():
        await db.execute(
            "INSERT INTO reader_log (cluster_id, topics) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            identity.cluster_id,
            topics,
        )
        row = await db.fetchrow(
            "SELECT topics, generation FROM reader_log WHERE cluster_id = $1 FOR UPDATE", identity.cluster_id
        )
        assert row
        if because := recreated_topic(orjson.loads(row["topics"]), identity.topics):
            await _start_next(db, identity.cluster_id, row["generation"], reader, because)
        await db.execute(
            "UPDATE reader_log SET topics = topics || $2::jsonb WHERE cluster_id = $1", identity.cluster_id, topics
        )
        return int(row["generation"]) + bool(because)


async def _start_next(db: Connection, cluster_id: str, generation: int, reader: str, because: str) -> None:
    """Store the next generation, unless another process of this consumer has done so already."""
    log.warning("the consumer starts again from the beginning of the topic", group=reader, cause=because)
    await db.execute(
        "UPDATE reader_log SET generation = generation + 1, since = now() WHERE (cluster_id, generation) = ($1, $2)",
        cluster_id,
        generation,
    )
