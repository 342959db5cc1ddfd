"""Looks at the broker: its topics, and how far each reader is behind."""

import asyncio
from collections.abc import Mapping

from deploy.cli.services import manifests
from shared.chassis.base.findings import Finding, broken, ok, warning
from shared.chassis.consumer.consumer_log import group_name
from shared.chassis.consumer.doctor_checks import lag
from shared.chassis.kafka import cluster
from shared.chassis.kafka.client import Kafka
from shared.contracts.topics import TOPICS


async def topics(kafka: Kafka) -> list[Finding]:
    """Whether every topic is there with its partitions, and each of those on all of its brokers."""
    async with cluster.asking(kafka) as admin:
        known = set(await admin.list_topics())
        described = await admin.describe_topics([topic.name for topic in TOPICS if topic.name in known])
    findings = [
        broken(f"topic {topic.name}", "is missing: run `huying migrate`") for topic in TOPICS if topic.name not in known
    ]
    partitions = {topic["topic"]: topic["partitions"] for topic in described}
    for topic in TOPICS:
        if topic.name in partitions:
            findings.append(_topic(topic.name, topic.partitions, partitions[topic.name]))
    return findings


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
    listeners = {service.name: service.listener for service in manifests()}
    return list(
        await asyncio.gather(
            *(
                lag(kafka, spec.consumer, group_name(spec.consumer, generations.get(name, 0)), spec.topics)
                for name, spec in listeners.items()
            )
        )
    )
