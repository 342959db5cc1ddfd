"""With which log a service's reader has begun, and how often it had to begin again.

Offsets that a group has committed belong to a topic as it was then. In a topic that was made again they lie behind
records that nobody has read, or beyond its end. A reader that must begin again does so as another group, which has
committed nothing; it drops what it has applied before.
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
from shared.chassis.kafka.log_identity import LogIdentity, made_anew

log = structlog.get_logger()
LOOK: float = 1.0


def group_name(reader: str, generation: int) -> str:
    """The group that reads."""
    return reader if not generation else f"{reader}-{generation}"


def log_name(cluster_id: str, generation: int) -> str:
    """What tells the offsets of one log from those of another: dead letters are known by it."""
    return cluster_id if not generation else f"{cluster_id}.{generation}"


def beyond(backlog: Backlog) -> str | None:
    """In words, which partition ends before what its group has committed."""
    for place, standing in backlog.items():
        if standing.committed > standing.end:
            return (
                f"{place.topic}/{place.partition} ends at {standing.end}, before what was read ({standing.committed})"
            )
    return None


async def begin(pool: Pool, kafka: Kafka, identity: LogIdentity, reader: str, topics: Sequence[str]) -> int:
    """The generation with which this reader reads, as soon as the database and the broker say so."""
    while True:
        try:
            async with pool.acquire(timeout=5) as db:
                generation = await generation_of(db, identity, reader)
                async with group_lag(kafka, group_name(reader, generation), topics) as lag:
                    because = beyond(await lag.backlog())
                if not because:
                    return generation
                await _again(db, identity.cluster_id, generation, reader, because)
        except (*PASSING, KafkaError) as fault:
            log.warning("reader waits", group=reader, cause=repr(fault))
            end_if_asked()
            await asyncio.sleep(LOOK)


async def known_generation(db: Connection, cluster_id: str) -> int:
    """How often this service's reader had to begin again with this cluster, as far as it has noted."""
    known: int | None = await db.fetchval("SELECT generation FROM reader_log WHERE cluster_id = $1", cluster_id)
    return known or 0


async def generation_of(db: Connection, identity: LogIdentity, reader: str) -> int:
    """How often this reader had to begin again with this cluster; once more where a topic was made anew."""
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
        if because := made_anew(orjson.loads(row["topics"]), identity.topics):
            await _again(db, identity.cluster_id, row["generation"], reader, because)
        await db.execute(
            "UPDATE reader_log SET topics = topics || $2::jsonb WHERE cluster_id = $1", identity.cluster_id, topics
        )
        return int(row["generation"]) + bool(because)


async def _again(db: Connection, cluster_id: str, generation: int, reader: str, because: str) -> None:
    """Begin again, unless another process of this reader has said so already."""
    log.warning("the reader begins again at the start", group=reader, cause=because)
    await db.execute(
        "UPDATE reader_log SET generation = generation + 1, since = now() WHERE (cluster_id, generation) = ($1, $2)",
        cluster_id,
        generation,
    )
