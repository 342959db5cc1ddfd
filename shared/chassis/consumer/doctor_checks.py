"""What `huying doctor` asks about the consumer of any service: dead letters, parked records, and its lag."""

import asyncio
from collections.abc import Sequence
from typing import Final

from aiokafka import TopicPartition

from shared.chassis.base.findings import Finding, ago, broken, counted, ok, warning
from shared.chassis.consumer.lag import Backlog, group_lag
from shared.chassis.database.pool import Connection
from shared.chassis.kafka.client import Kafka

LOOK_AGAIN_AFTER: Final = 3.0
"""Seconds between two looks at a reader that is behind."""


async def dead_letters(db: Connection, service: str) -> Sequence[Finding]:
    """Records that the service could not handle; nothing where there are none."""
    row = await db.fetchrow("SELECT count(*), min(happened_at) AS oldest FROM dead_letter WHERE redriven_at IS NULL")
    assert row
    if not row["count"]:
        return []
    words = f"{counted(row['count'], 'dead letter', 'dead letters')}, the oldest {ago(row['oldest'])}"
    return [warning(service, f"{words}: `huying dead-letters list` says why")]


async def parked(db: Connection, service: str) -> Sequence[Finding]:
    """Facts that have waited over a minute for the one before them, or for a version of the service that knows them, by
    the stream that they belong to; nothing where there are none."""
    rows = await db.fetch(
        """
        SELECT stream, count(DISTINCT aggregateid) AS waiting, min(since) AS oldest FROM parked
        WHERE since < now() - interval '1 minute' GROUP BY stream ORDER BY stream
        """
    )
    return [warning(service, _parked(row["stream"], row["waiting"], ago(row["oldest"]))) for row in rows]


def _parked(stream: str, waiting: int, oldest: str) -> str:
    words = f"{counted(waiting, f'{stream} is', f'{stream}s are')} parked, the oldest {oldest}"
    why = "an earlier fact is missing or a dead letter, or a newer service told what this version does not know"
    return f"{words}: {why}"


async def lag(kafka: Kafka, reader: str, group: str, topics: Sequence[str]) -> Finding:
    """How far a reader is behind, and whether it moves; `group` is the consumer group that it is by now. Raises
    `KafkaError` while the broker is away."""
    async with group_lag(kafka, group, topics) as account:
        first = await account.backlog()
        if not _behind(first):
            return judged(reader, first, first)
        await asyncio.sleep(LOOK_AGAIN_AFTER)
        return judged(reader, first, await account.backlog())


def judged(reader: str, first: Backlog, again: Backlog) -> Finding:
    """What two looks at the offsets of a reader say."""
    what = f"reader {reader}"
    beyond = [partition for partition, place in again.items() if place.committed > place.end]
    if beyond:
        return broken(
            what,
            f"stands behind the end of {_named(beyond[0])}: the topic was deleted and made again, and what was told"
            " since may be unread; start the workers and relays again",
        )
    behind = _behind(again)
    if not behind:
        return ok(f"{what} has read everything")
    standing = [p for p, place in again.items() if place.committed < place.end and place == first.get(p)]
    if standing:
        words = f"is {behind:,} facts behind and {_named(standing[0])} does not move: is its process alive?"
        return warning(what, words)
    return ok(f"{what} is {behind:,} facts behind and moves")


def _behind(found: Backlog) -> int:
    return sum(max(0, place.end - place.committed) for place in found.values())


def _named(partition: TopicPartition) -> str:
    return f"{partition.topic}/{partition.partition}"
