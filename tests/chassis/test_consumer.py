"""A reader that makes no progress on a backlog is recognised by the lag that the broker reports."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata
from prometheus_client import REGISTRY

from shared.chassis.consumer import consumer as rooms
from shared.chassis.consumer.aiokafka_consumer import _Offsets
from shared.chassis.consumer.consumer import BACKLOG, STUCK_AFTER, Consumer
from shared.chassis.consumer.consumer_log import shortened_partition
from shared.chassis.consumer.delivery import Delivery, TooMuchPoison
from shared.chassis.consumer.lag import Backlog, Offsets, group_lag
from shared.chassis.consumer.record import Record
from shared.chassis.kafka.client import Kafka
from shared.contracts.topics import DEMAND_EVENTS
from tests.chassis.conftest import Log, envelope
from tests.conftest import Server
from tests.eventually import ended, eventually
from tests.story import SUBMISSION, SUBMITTED

ONE, TWO = TopicPartition(DEMAND_EVENTS.name, 1), TopicPartition(DEMAND_EVENTS.name, 2)


@dataclass
class Clock:
    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def consumer(delivery: Delivery, clock: Clock) -> Consumer:
    return Consumer(delivery, (DEMAND_EVENTS.name,), f"reader-{uuid4()}", "reporting", clock=clock)


def test_a_reader_that_never_committed_is_stuck_after_a_minute(consumer: Consumer, clock: Clock):
    consumer.look({ONE: Offsets(0, 7)})
    clock.at += STUCK_AFTER
    assert consumer.stuck() is None
    clock.at += 1
    assert f"{DEMAND_EVENTS.name}/1 has not moved from offset 0 for 61 s" in str(consumer.stuck())


def test_the_lag_is_measured_by_the_name_of_the_service(consumer: Consumer):
    consumer.look({ONE: Offsets(3, 7), TWO: Offsets(1, 2)})
    assert REGISTRY.get_sample_value("huying_reader_lag_records", {"service": "reporting"}) == 5
    assert REGISTRY.get_sample_value("huying_reader_lag_records", {"service": consumer.name}) is None


def test_a_reader_reports_its_lag_and_how_long_the_slowest_partition_has_stood_still(consumer: Consumer, clock: Clock):
    assert consumer.reading() is None
    consumer.look({ONE: Offsets(3, 7), TWO: Offsets(1, 2)})
    clock.at += 20
    consumer.look({ONE: Offsets(3, 7), TWO: Offsets(2, 9)})
    assert consumer.reading() == (11, 20)
    consumer.look({ONE: Offsets(7, 7), TWO: Offsets(9, 9)})
    assert consumer.reading() == (0, 0)


def test_a_reader_that_is_slow_is_not_stuck(consumer: Consumer, clock: Clock):
    for committed in range(10):
        consumer.look({ONE: Offsets(committed, 1000)})
        clock.at += STUCK_AFTER - 1
    assert consumer.stuck() is None


def test_a_reader_that_has_read_everything_is_not_stuck(consumer: Consumer, clock: Clock):
    consumer.look({ONE: Offsets(6, 7)})
    consumer.look({ONE: Offsets(7, 7)})
    clock.at += 10 * STUCK_AFTER
    assert consumer.stuck() is None
    consumer.look({ONE: Offsets(7, 8)})
    assert consumer.stuck() is None


def test_a_partition_that_stands_still_is_not_hidden_by_one_that_moves(consumer: Consumer, clock: Clock):
    for committed in range(4):
        consumer.look({ONE: Offsets(3, 7), TWO: Offsets(committed, 1000)})
        clock.at += STUCK_AFTER / 2
    assert f"{DEMAND_EVENTS.name}/1 " in str(consumer.stuck())


@pytest.fixture
def looking_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "LOOK", 0.1)


def unexpected() -> None:
    raise AssertionError("nothing was delivered")


@dataclass
class Slow:
    """A delivery that ends each batch only when the test says so."""

    begun: asyncio.Queue[asyncio.Event] = field(default_factory=asyncio.Queue)
    done: list[str] = field(default_factory=list)

    async def deliver(self, records: Sequence[Record]) -> None:
        written = asyncio.Event()
        self.begun.put_nowait(written)
        await written.wait()

    def batch(self, name: str, size: int, consumer: Consumer) -> asyncio.Task[bool]:
        (record,) = Log().records(*SUBMITTED)
        return asyncio.create_task(consumer.process([record] * size, lambda: self.done.append(name)))


@pytest.fixture
def slow(consumer: Consumer) -> Slow:
    consumer.delivery = slow = Slow()  # type: ignore[assignment]
    return slow


async def test_in_a_backlog_the_next_batch_is_read_while_the_previous_one_is_written(consumer: Consumer, slow: Slow):
    assert await slow.batch("first", BACKLOG, consumer)
    second_batch = slow.batch("second", BACKLOG, consumer)
    first_written, second_written = await slow.begun.get(), await slow.begun.get()
    second_written.set()
    await asyncio.wait([second_batch], timeout=0.2)
    assert (second_batch.done(), slow.done) == (False, [])
    first_written.set()
    assert await second_batch
    third = slow.batch("third", 1, consumer)
    (await slow.begun.get()).set()
    assert await third
    assert slow.done == ["first", "second", "third"]


async def test_an_abandoned_batch_is_no_reason_to_stop(consumer: Consumer, slow: Slow):
    """A reader that loses its broker abandons the batches in progress; a supervisor restarts its process."""
    assert await slow.batch("first", BACKLOG, consumer)
    await slow.begun.get()
    await consumer.end()
    assert not consumer.fatal.is_set()
    next_batch = slow.batch("again", 1, consumer)
    (await slow.begun.get()).set()
    assert await next_batch
    assert slow.done == ["again"]


async def test_the_reader_waits_for_a_small_batch(consumer: Consumer, slow: Slow):
    processing = slow.batch("it", BACKLOG - 1, consumer)
    written = await slow.begun.get()
    await asyncio.wait([processing], timeout=0.2)
    assert not processing.done()
    written.set()
    assert await processing
    assert slow.done == ["it"]


@pytest.mark.usefixtures("looking_often")
async def test_a_reader_that_gets_too_much_poison_ends_its_process(consumer: Consumer, log: Log):
    poison = [log.record(envelope(SUBMISSION, 1), value=b"{") for _ in range(9)]
    watching = asyncio.create_task(consumer.watch(Kafka("127.0.0.1:9")))
    assert not await consumer.process(poison, unexpected)
    assert not await consumer.process(log.records(*SUBMITTED), unexpected)
    with pytest.raises(TooMuchPoison):
        await asyncio.wait_for(watching, 60)


async def reported_lag(broker: Server, consumer: Consumer) -> Backlog:
    """The lag of the group; nothing while a newly started broker is still loading its groups."""
    with suppress(KafkaError):
        async with group_lag(Kafka(broker.url), consumer.name, consumer.topics) as client:
            return await client.backlog()
    return {}


@pytest.mark.kafka
@pytest.mark.usefixtures("looking_often")
async def test_the_reported_lag_includes_partitions_that_nobody_reads(broker: Server, consumer: Consumer, clock: Clock):
    async with AIOKafkaProducer(bootstrap_servers=broker.url) as producer:
        end = (await producer.send_and_wait(DEMAND_EVENTS.name, b"{}", partition=3)).offset + 1
    partition = TopicPartition(DEMAND_EVENTS.name, 3)
    lags = await eventually(lambda: reported_lag(broker, consumer), bool)
    assert len(lags) == DEMAND_EVENTS.partitions
    assert (lags[partition].committed < end, lags[partition].end) == (True, end)

    watching = asyncio.create_task(consumer.watch(Kafka(broker.url)))

    async def said() -> str:
        clock.at += STUCK_AFTER
        return str(consumer.stuck())

    await eventually(said, lambda words: f"{DEMAND_EVENTS.name}/" in words)
    async with AIOKafkaConsumer(
        bootstrap_servers=broker.url, group_id=consumer.name, enable_auto_commit=False
    ) as kafka_consumer:
        kafka_consumer.assign(list(lags))
        await kafka_consumer.commit({partition: lag.end for partition, lag in lags.items()})
    await eventually(said, lambda words: words == "None")
    await ended(watching)


@pytest.mark.kafka
async def test_the_lag_of_a_reader_that_goes_on_during_the_measurement_is_never_negative(
    broker: Server, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
):
    await eventually(lambda: reported_lag(broker, consumer), bool)
    async with (
        AIOKafkaProducer(bootstrap_servers=broker.url) as producer,
        AIOKafkaConsumer(bootstrap_servers=broker.url, group_id=consumer.name, enable_auto_commit=False) as reader,
        group_lag(Kafka(broker.url), consumer.name, consumer.topics) as client,
    ):
        reader.assign([ONE])
        committed = client.admin.list_consumer_group_offsets

        async def meanwhile(group: str) -> dict[TopicPartition, OffsetAndMetadata]:
            metadata = await producer.send_and_wait(ONE.topic, b"{}", partition=ONE.partition)
            await reader.commit({ONE: metadata.offset + 1})
            return await committed(group)

        monkeypatch.setattr(client.admin, "list_consumer_group_offsets", meanwhile)
        backlog = await client.backlog()
    assert backlog[ONE].committed > 0
    assert shortened_partition(backlog) is None


@pytest.mark.kafka
async def test_a_partition_that_was_lost_meanwhile_does_not_prevent_commits_of_the_others(
    broker: Server, consumer: Consumer
):
    before = await eventually(lambda: reported_lag(broker, consumer), bool)
    async with AIOKafkaConsumer(
        bootstrap_servers=broker.url, group_id=consumer.name, enable_auto_commit=False
    ) as kafka_consumer:
        kafka_consumer.assign([ONE])
        offsets = _Offsets(kafka_consumer, {ONE: before[ONE].end + 7, TWO: before[TWO].end + 7})
        await offsets.commit()
    after = await eventually(lambda: reported_lag(broker, consumer), bool)
    assert after[ONE].committed == before[ONE].end + 7
    assert after[TWO].committed == before[TWO].committed
