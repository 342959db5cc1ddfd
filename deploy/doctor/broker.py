"""Looks at the broker: its topics, and how far each reader is behind."""

import asyncio
from collections.abc import Mapping
from typing import Final

from aiokafka import TopicPartition

from deploy.doctor.finding import Finding, broken, ok, warning
from shared.chassis.consumer import consumer_log
from shared.chassis.consumer import lag as backlog
from shared.chassis.consumer.lag import Backlog
from shared.chassis.kafka import cluster
from shared.chassis.kafka.client import Kafka
from shared.contracts.topics import DEMAND_EVENTS, TOPICS

READERS: Final[Mapping[str, str]] = {
    "intake": "intake-reader",
    "routing": "routing-worker",
    "feedback": "feedback-worker",
    "reporting": "reporting-reader",
}
"""The reader of each service; a test compares it with what the services say."""
LOOK_AGAIN_AFTER: Final = 3.0


async def topics(kafka: Kafka) -> list[Finding]:
    """Whether every topic is there with its partitions, and each of those on all of its brokers."""
    async with cluster.asking(kafka) as admin:
        known = set(await admin.list_topics())
        described = await admin.describe_topics([topic.name for topic in TOPICS if topic.name in known])
    found = [
        broken(f"topic {topic.name}", "is missing: run `huying migrate`") for topic in TOPICS if topic.name not in known
    ]
    partitions = {topic["topic"]: topic["partitions"] for topic in described}
    for topic in TOPICS:
        if topic.name in partitions:
            found.append(_topic(topic.name, topic.partitions, partitions[topic.name]))
    return found


def _topic(name: str, wanted: int, partitions: list[Mapping[str, object]]) -> Finding:
    what = f"topic {name}, {len(partitions)} partitions"
    if len(partitions) < wanted:
        return broken(what, f"{wanted} are needed: somebody else made it; a key would be in another partition")
    behind = [part for part in partitions if len(part.get("isr") or ()) < len(part.get("replicas") or ())]  # type: ignore[arg-type]
    if behind:
        return warning(what, f"{len(behind)} of them lack a copy on one of their brokers")
    return ok(what)


async def readers(kafka: Kafka, generations: Mapping[str, int]) -> list[Finding]:
    """How far each service's reader is behind, and whether it moves; `generations` say which group it is by now."""
    return list(await asyncio.gather(*(_reader(kafka, service, generations.get(service, 0)) for service in READERS)))


async def _reader(kafka: Kafka, service: str, generation: int) -> Finding:
    group = consumer_log.group_name(READERS[service], generation)
    async with backlog.group_lag(kafka, group, [DEMAND_EVENTS.name]) as account:
        first = await account.backlog()
        if not _lag(first):
            return reader(service, first, first)
        await asyncio.sleep(LOOK_AGAIN_AFTER)
        return reader(service, first, await account.backlog())


def reader(service: str, first: Backlog, again: Backlog) -> Finding:
    """What two looks at the places of a reader say."""
    what = f"reader {READERS[service]}"
    beyond = [place for place, found in again.items() if found.committed > found.end]
    if beyond:
        return broken(
            what,
            f"stands behind the end of {_named(beyond[0])}: the topic was deleted and made again, and what was told"
            " since may be unread; start the workers and relays again",
        )
    lag = _lag(again)
    if not lag:
        return ok(f"{what} has read everything")
    standing = [p for p, found in again.items() if found.committed < found.end and found == first.get(p)]
    if standing:
        return warning(what, f"is {lag:,} facts behind and {_named(standing[0])} does not move: is its process alive?")
    return ok(f"{what} is {lag:,} facts behind and moves")


def _lag(found: Backlog) -> int:
    return sum(max(0, place.end - place.committed) for place in found.values())


def _named(place: TopicPartition) -> str:
    return f"{place.topic}/{place.partition}"
