"""Checks the broker: its topics, and the lag of each consumer."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from deploy.cli.services import manifests
from shared.chassis.base.findings import Finding, Words, broken, named, not_checked, ok, warning
from shared.chassis.consumer.consumer_log import group_name
from shared.chassis.consumer.doctor_checks import lag
from shared.chassis.kafka import cluster
from shared.chassis.kafka.client import Kafka
from shared.contracts.topics import TOPICS, Topic

FOR_EVER: Final = "-1"
MIGRATE: Final = Words("run `huying migrate`", "运行 `huying migrate`")


class TopicState(NamedTuple):
    """The state of a topic at the broker. `retention` is its `retention.ms`; None if the broker does not tell it."""

    partitions: Sequence[Mapping[str, Any]]
    brokers: int
    retention: str | None


async def topics(kafka: Kafka) -> list[Finding]:
    """A finding for each topic: whether it exists, with the right partitions, replicas and retention."""
    async with cluster.asking(kafka) as admin:
        existing = set(await admin.list_topics())
        names = [topic.name for topic in TOPICS if topic.name in existing]
        described = {topic["topic"]: topic["partitions"] for topic in await admin.describe_topics(names)}
        brokers = len((await admin.describe_cluster())["brokers"])
        retention = await _retention(admin, names)
    states = {name: TopicState(parts, brokers, retention.get(name)) for name, parts in described.items()}
    return named("topics", [judged(topic, states.get(topic.name)) for topic in TOPICS])


async def _retention(admin: AIOKafkaAdminClient, names: Sequence[str]) -> Mapping[str, str]:
    """The `retention.ms` of each topic; topics for which the broker does not tell it are left out."""
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, {"retention.ms": ""}) for name in names]
    try:
        answers = await admin.describe_configs(resources)
    except (KafkaError, NotImplementedError):  # an old or small broker, or one that does not let us ask
        return {}
    return {
        name: str(entry[1])
        for answer in answers
        for error, _, _, name, entries in answer.resources
        for entry in entries
        if not error and entry[0] == "retention.ms"
    }


def judged(topic: Topic, state: TopicState | None) -> Finding:
    """The finding that follows from the state of a topic."""
    if state is None:
        return broken(Words(f"topic {topic.name}", f"主题 {topic.name}"), Words("is missing", "不存在"), MIGRATE)
    count = len(state.partitions)
    subject = Words(f"topic {topic.name}, {count} partitions", f"主题 {topic.name}（{count} 个分区）")
    if count < topic.partitions:
        problem = Words(
            f"{topic.partitions} are needed: it was not created by `huying migrate`",
            f"需要 {topic.partitions} 个分区：由他人建立",
        )
        step = Words(
            "the facts of one demand would be in different partitions: stop all processes, delete the topic, then"
            " run `huying migrate`",
            "同一诉求会落入别的分区；停止全部进程后删除该主题，再运行 `huying migrate`",
        )
        return broken(subject, problem, step)
    under_replicated = [
        part for part in state.partitions if len(part.get("isr") or ()) < len(part.get("replicas") or ())
    ]
    if under_replicated:
        problem = Words(
            f"{len(under_replicated)} of them lack a copy on one of their brokers",
            f"{len(under_replicated)} 个分区缺少副本",
        )
        return warning(subject, problem, Words("check whether a broker is down", "是否有 broker 不可用"))
    copies = min((len(part.get("replicas") or ()) for part in state.partitions), default=0)
    if copies == 1 and state.brokers > 1:
        problem = Words(
            f"has only one copy, although there are {state.brokers} brokers",
            f"{state.brokers} 个 broker 上只有一个副本",
        )
        step = Words(
            "if that broker is lost, records are lost: reassign the partitions to three brokers",
            "broker 故障会丢失消息：请把分区重新分配到三个 broker",
        )
        return warning(subject, problem, step)
    if state.retention not in (None, FOR_EVER):
        problem = Words(f"keeps records for {state.retention} ms only", f"消息只保留 {state.retention} 毫秒")
        step = Words(
            "set retention.ms=-1; otherwise views cannot be rebuilt", "请设置 retention.ms=-1，否则无法重建统计"
        )
        return warning(subject, problem, step)
    return ok(subject)


async def readers(kafka: Kafka, generations: Mapping[str, int]) -> list[Finding]:
    """The lag of each service's consumer; `generations` are the current generations of their consumer groups."""
    listeners = {service.name: service.listener for service in manifests()}
    findings = await asyncio.gather(
        *(
            _lag(kafka, spec.consumer, group_name(spec.consumer, generations.get(name, 0)), spec.topics)
            for name, spec in listeners.items()
        )
    )
    return named("readers", findings)


async def _lag(kafka: Kafka, reader: str, group: str, topics: Sequence[str]) -> Finding:
    try:
        return await lag(kafka, reader, group, topics)
    except KafkaError as fault:
        subject = Words(f"reader {reader}", f"消费者 {reader}")
        cause = Words(f"the broker does not return its offsets: {fault!r}", f"Kafka 未告知其位置：{fault!r}")
        return not_checked(
            subject,
            cause,
            Words("check whether this user has permission for the consumer group", "请确认本用户有该消费组的权限"),
        )
