"""The doctor's checks of the consumer of any service: dead letters, parked facts, and lag."""

import asyncio
from collections.abc import Sequence
from typing import Final

from aiokafka import TopicPartition

from shared.chassis.base.findings import (
    COUNTED_UP_TO,
    Finding,
    Words,
    broken,
    counted,
    figure,
    ok,
    seconds_ago,
    warning,
)
from shared.chassis.consumer.dead_letters import backlog
from shared.chassis.consumer.inbox import Parked, parked_backlog
from shared.chassis.consumer.lag import Backlog, group_lag
from shared.chassis.database.pool import Connection
from shared.chassis.kafka.client import Kafka

LOOK_AGAIN_AFTER: Final = 3.0
"""Seconds between two looks at a consumer that is behind."""
PARKED_FOR_A_MOMENT: Final = 60.0
"""Seconds that a fact may be parked before it is reported."""


async def dead_letters(db: Connection, service: str) -> Sequence[Finding]:
    """A warning with the number of records that the service could not handle; empty if there are none."""
    count, seconds = await backlog(db)
    if not count:
        return []
    oldest = seconds_ago(seconds)
    problem = Words(
        f"{counted(count, 'dead letter', 'dead letters')}, the oldest {oldest.en}",
        f"{figure(count)} 条死信（无法处理的消息），最早的在{oldest.zh}",
    )
    step = Words(
        f"`huying dead-letters list` shows the causes; `huying dead-letters redrive {service} ID` handles one again",
        f"运行 `huying dead-letters list` 查看原因，处理后用 `huying dead-letters redrive {service} 编号` 重试",
    )
    return [warning(Words(service, service), problem, step)]


async def parked(db: Connection, service: str) -> Sequence[Finding]:
    """A warning for each stream with a fact that has been parked for more than a minute; empty if there are none."""
    streams = await parked_backlog(db)
    return [_parked(service, stream) for stream in streams if stream.seconds > PARKED_FOR_A_MOMENT]


def _parked(service: str, parked: Parked) -> Finding:
    stream, oldest = parked.stream, seconds_ago(parked.seconds)
    waiting = parked.aggregates
    most = waiting if parked.facts >= COUNTED_UP_TO else COUNTED_UP_TO
    problem = Words(
        f"{counted(waiting, f'{stream} is', f'{stream}s are', most)} parked, the oldest {oldest.en}",
        f"{figure(waiting, most)} 件（{stream}）暂存等待，最早的在{oldest.zh}",
    )
    step = Words(
        "an earlier fact is missing or is a dead letter, or a newer version wrote a fact that this version does not"
        " know: handle dead letters first, then upgrade this service",
        "前一条事实缺失或成了死信，或由更新的版本写入：先处理死信，再升级本服务",
    )
    return warning(Words(service, service), problem, step)


async def lag(kafka: Kafka, reader: str, group: str, topics: Sequence[str]) -> Finding:
    """The lag of a consumer, and whether it goes down; `group` is the name of its current consumer group. Raises
    `KafkaError` while the broker is away."""
    async with group_lag(kafka, group, topics) as offsets:
        first = await offsets.backlog()
        if not behind(first):
            return judged(reader, first, first)
        await asyncio.sleep(LOOK_AGAIN_AFTER)
        return judged(reader, first, await offsets.backlog())


def judged(reader: str, first: Backlog, later: Backlog) -> Finding:
    """The finding that follows from two looks at the offsets of a consumer."""
    subject = Words(f"reader {reader}", f"消费者 {reader}")
    beyond = [partition for partition, place in later.items() if place.committed > place.end]
    if beyond:
        place = _named(beyond[0])
        problem = Words(
            f"stands behind the end of {place}: the topic was deleted and made again, and what was told since may be"
            " unread",
            f"位置超出 {place} 的末尾：主题曾被删除重建，其后的消息可能未读",
        )
        return broken(subject, problem, Words("restart the workers and relays", "请重启各 worker 和 relay"))
    count = behind(later)
    if not count:
        return ok(Words(f"{subject.en} has read everything", f"{subject.zh} 已读完全部消息"))
    stalled = [p for p, place in later.items() if place.committed < place.end and place == first.get(p)]
    if stalled:
        place = _named(stalled[0])
        problem = Words(f"is {count:,} facts behind and {place} does not move", f"落后 {count:,} 条，{place} 没有推进")
        return warning(subject, problem, Words("check whether its process runs", "请查看对应进程是否存活"))
    return ok(Words(f"{subject.en} is {count:,} facts behind and moves", f"{subject.zh} 落后 {count:,} 条，正在推进"))


def behind(backlog: Backlog) -> int:
    """The number of records that are not committed yet."""
    return sum(max(0, place.end - place.committed) for place in backlog.values())


def _named(partition: TopicPartition) -> str:
    return f"{partition.topic}/{partition.partition}"
