"""Both readers commit an offset after the database has what lies before it, and never ahead of it."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.errors import KafkaError

from shared.chassis import faust_reader, kafka_reader
from shared.chassis.backlog import Place, account
from shared.chassis.broker import asking
from shared.chassis.kafka import Kafka
from shared.chassis.reading import Reading
from shared.chassis.record import Record
from shared.contracts.topics import PROJECT_EVENTS
from tests.conftest import Server
from tests.eventually import ended, eventually

pytestmark = pytest.mark.kafka
PLACE = TopicPartition(PROJECT_EVENTS.name, 5)
Reader = Callable[["Reading[Any, Any]", str], Coroutine[Any, Any, None]]


@dataclass
class Held:
    """A database that has begun with a batch and does not commit before it is let go."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    free: asyncio.Event = field(default_factory=asyncio.Event)
    taken: list[int] = field(default_factory=list)

    async def deliver(self, records: Sequence[Record]) -> None:
        self.begun.set()
        await self.free.wait()
        self.taken += [record.offset for record in records if record.partition == PLACE.partition]


def by_faust(reading: "Reading[Any, Any]", bootstrap: str) -> Coroutine[Any, Any, None]:
    return faust_reader.run(faust_reader.faust_app(reading, Kafka(bootstrap), "", 100))


def by_aiokafka(reading: "Reading[Any, Any]", bootstrap: str) -> Coroutine[Any, Any, None]:
    return kafka_reader.read_batches(reading, Kafka(bootstrap), "", 100)


async def stands(broker: Server, reading: "Reading[Any, Any]") -> Place:
    with suppress(KafkaError):
        async with account(Kafka(broker.url), reading.name, reading.topics) as asked:
            return (await asked.backlog())[PLACE]
    return Place(-1, -1)


@pytest.mark.parametrize("read", [by_faust, by_aiokafka], ids=["Faust", "aiokafka"])
async def test_an_offset_is_committed_after_the_database(broker: Server, read: Reader):
    held = Held()
    reading: Reading[Any, Any] = Reading(held, (PROJECT_EVENTS.name,), f"reader-{uuid4()}")  # type: ignore[arg-type]
    async with AIOKafkaProducer(bootstrap_servers=broker.url) as producer:
        for _ in range(5):
            told = await producer.send_and_wait(PROJECT_EVENTS.name, b"{}", partition=PLACE.partition)
    running = asyncio.create_task(read(reading, broker.url))
    try:
        await asyncio.wait_for(held.begun.wait(), 60)
        with pytest.raises(AssertionError, match="still"):  # longer than the interval in which Faust commits
            await eventually(lambda: stands(broker, reading), lambda place: place.committed > 0, within=3)
        held.free.set()
        await eventually(lambda: stands(broker, reading), lambda place: place.committed == place.end, within=30)
        assert held.taken[-1] == told.offset
    finally:
        held.free.set()
        await ended(running)


async def test_a_reader_that_came_before_its_topic_reads_it_soon(broker: Server):
    """As after a restart of the broker, which takes groups in before it knows its topics again. aiokafka's own reader
    waits for its topic before it joins; Faust's does not."""
    held, topic = Held(), f"later-{uuid4()}"
    held.free.set()
    reading: Reading[Any, Any] = Reading(held, (topic,), f"reader-{uuid4()}")  # type: ignore[arg-type]
    running = asyncio.create_task(by_faust(reading, broker.url))
    try:
        async with asking(Kafka(broker.url)) as admin:
            groups = admin.list_consumer_groups
            await eventually(groups, lambda known: reading.name in {name for name, *_ in known}, within=30)
            await asyncio.sleep(3)  # by then it has its empty share
            await admin.create_topics([NewTopic(topic, 1, 1)])
        async with AIOKafkaProducer(bootstrap_servers=broker.url) as producer:
            await producer.send_and_wait(topic, b"{}")
        await asyncio.wait_for(held.begun.wait(), 30)
    finally:
        await ended(running)
