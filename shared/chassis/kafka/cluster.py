"""Asks the broker which cluster it is and where its partitions end, and creates missing topics."""

import contextlib
from collections.abc import AsyncIterator, Collection
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAlreadyExistsError, for_code

from shared.chassis.kafka.cancellation import pause
from shared.chassis.kafka.client import Kafka
from shared.chassis.kafka.log_identity import LogIdentity, identity_of
from shared.chassis.kafka.refusals import refusal_of
from shared.contracts.topics import TOPICS

log = structlog.get_logger()
LOOK: Final = 2.0


class BrokerReplaced(RuntimeError):
    """The broker is another cluster than before, or a topic was created again: everything must be read again."""


@contextlib.asynccontextmanager
async def asking(kafka: Kafka, patience_ms: int = 5000) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client; raises `KafkaError` if no broker can be reached, `BrokerRefused` if one refuses it."""
    admin = AIOKafkaAdminClient(**kafka.access(), request_timeout_ms=patience_ms)
    try:
        await admin.start()
    except KafkaConnectionError as fault:
        raise await refusal_of(kafka) or fault from fault
    try:
        yield admin
    finally:
        await admin.close()


async def cluster_id(kafka: Kafka) -> str:
    """The id of the cluster; raises `KafkaError` if it cannot be reached."""
    return (await identity(kafka)).cluster_id


async def identity(kafka: Kafka) -> LogIdentity:
    """The ids of the cluster and of its topics; raises `KafkaError` if it cannot be reached."""
    async with asking(kafka) as admin:
        return await identity_of(admin)


async def account_of(kafka: Kafka) -> tuple[LogIdentity, dict[str, dict[str, int]]]:
    """The ids of the cluster and of its topics, and by topic and partition the offset after the last record."""
    async with asking(kafka) as admin, AIOKafkaConsumer(**kafka.access(), request_timeout_ms=5000) as consumer:
        log_identity = await identity_of(admin)
        partitions = [
            TopicPartition(topic["topic"], partition["partition"])
            for topic in await admin.describe_topics([topic.name for topic in TOPICS])
            for partition in topic["partitions"]
        ]
        end_offsets: dict[str, dict[str, int]] = {}
        for partition, end in (await consumer.end_offsets(partitions)).items():
            end_offsets.setdefault(partition.topic, {})[str(partition.partition)] = end
        return log_identity, end_offsets


async def wait_for_cluster(kafka: Kafka) -> LogIdentity:
    """Wait until the broker answers; returns the ids of the cluster and of its topics."""
    while True:
        try:
            return await identity(kafka)
        except (KafkaError, OSError) as fault:
            log.warning("waiting for the broker", bootstrap=kafka.servers, cause=repr(fault))
            await pause(1)


async def watch(kafka: Kafka, expected: LogIdentity) -> None:
    """Run until the cluster or a topic has another id than in `known`, then raise `BrokerReplaced`.

    While the broker is away, it only tries again.
    """
    while True:
        with contextlib.suppress(KafkaError, OSError):
            async with asking(kafka) as admin:
                while not (difference := (await identity_of(admin)).differs(expected)):
                    await pause(LOOK)
                raise BrokerReplaced(difference)
        await pause(LOOK)


async def create_topics(kafka: Kafka, replication: int = 1) -> None:
    """Create the topics that are missing."""
    async with asking(kafka, patience_ms=40_000) as admin:
        if missing := _missing(await admin.list_topics(), replication):
            answer: Any = await admin.create_topics(missing)
            for name, code, *_ in answer.topic_errors:
                if code and for_code(code) is not TopicAlreadyExistsError:
                    raise for_code(code)(name)


def _missing(existing: Collection[str], replication: int) -> list[NewTopic]:
    configs = {"retention.ms": "-1"}
    if replication > 1:
        # Then an acknowledged record survives the loss of one broker; with three brokers, one may restart meanwhile.
        configs["min.insync.replicas"] = "2"
    missing = (topic for topic in TOPICS if topic.name not in existing)
    return [NewTopic(topic.name, topic.partitions, replication, topic_configs=configs) for topic in missing]
