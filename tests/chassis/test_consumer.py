"""A reader whose group stands still before a backlog is found out by the broker's account, and by no other sign."""

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
from shared.chassis.consumer.consumer_log import beyond
from shared.chassis.consumer.delivery import Delivery, TooMuchPoison
from shared.chassis.consumer.lag import Backlog, Place, group_lag
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
    consumer.look({ONE: Place(0, 7)})
    clock.at += STUCK_AFTER
    assert consumer.stuck() is None
    clock.at += 1
    assert f"{DEMAND_EVENTS.name}/1 stands at 0 for 61 s" in str(consumer.stuck())


def test_the_lag_is_measured_by_the_name_of_the_service(consumer: Consumer):
    consumer.look({ONE: Place(3, 7), TWO: Place(1, 2)})
    assert REGISTRY.get_sample_value("huying_reader_lag_records", {"service": "reporting"}) == 5
    assert REGISTRY.get_sample_value("huying_reader_lag_records", {"service": consumer.name}) is None


def test_a_reader_says_how_far_it_is_behind_and_how_long_the_slowest_partition_stands(consumer: Consumer, clock: Clock):
    assert consumer.reading() is None
    consumer.look({ONE: Place(3, 7), TWO: Place(1, 2)})
    clock.at += 20
    consumer.look({ONE: Place(3, 7), TWO: Place(2, 9)})
    assert consumer.reading() == (11, 20)
    consumer.look({ONE: Place(7, 7), TWO: Place(9, 9)})
    assert consumer.reading() == (0, 0)


def test_a_reader_that_is_slow_is_not_stuck(consumer: Consumer, clock: Clock):
    for committed in range(10):
        consumer.look({ONE: Place(committed, 1000)})
        clock.at += STUCK_AFTER - 1
    assert consumer.stuck() is None


def test_a_reader_that_has_read_everything_is_not_stuck(consumer: Consumer, clock: Clock):
    consumer.look({ONE: Place(6, 7)})
    consumer.look({ONE: Place(7, 7)})
    clock.at += 10 * STUCK_AFTER
    assert consumer.stuck() is None
    consumer.look({ONE: Place(7, 8)})
    assert consumer.stuck() is None


def test_one_partition_that_stands_is_not_hidden_by_another_that_moves(consumer: Consumer, clock: Clock):
    for committed in range(4):
        consumer.look({ONE: Place(3, 7), TWO: Place(committed, 1000)})
        clock.at += STUCK_AFTER / 2
    assert f"{DEMAND_EVENTS.name}/1 " in str(consumer.stuck())


@pytest.fixture
def looking_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "LOOK", 0.1)


def unexpected() -> None:
    raise AssertionError("nothing was delivered")


@dataclass
class Slow:
    """Ends each batch that was delivered to it when it is told to."""

    begun: asyncio.Queue[asyncio.Event] = field(default_factory=asyncio.Queue)
    done: list[str] = field(default_factory=list)

    async def deliver(self, records: Sequence[Record]) -> None:
        written = asyncio.Event()
        self.begun.put_nowait(written)
        await written.wait()

    def batch(self, name: str, size: int, consumer: Consumer) -> asyncio.Task[bool]:
        (one,) = Log().records(*SUBMITTED)
        return asyncio.create_task(consumer.process([one] * size, lambda: self.done.append(name)))


@pytest.fixture
def slow(consumer: Consumer) -> Slow:
    consumer.delivery = slow = Slow()  # type: ignore[assignment]
    return slow


async def test_of_a_backlog_one_batch_is_read_while_the_one_before_is_written(consumer: Consumer, slow: Slow):
    assert await slow.batch("first", BACKLOG, consumer)
    second = slow.batch("second", BACKLOG, consumer)
    first_written, second_written = await slow.begun.get(), await slow.begun.get()
    second_written.set()
    await asyncio.wait([second], timeout=0.2)
    assert (second.done(), slow.done) == (False, [])
    first_written.set()
    assert await second
    third = slow.batch("third", 1, consumer)
    (await slow.begun.get()).set()
    assert await third
    assert slow.done == ["first", "second", "third"]


async def test_a_batch_that_was_let_go_is_no_reason_to_stop(consumer: Consumer, slow: Slow):
    """A reader that loses its broker lets go of what is under way; a supervisor starts its process again."""
    assert await slow.batch("first", BACKLOG, consumer)
    await slow.begun.get()
    await consumer.end()
    assert not consumer.fatal.is_set()
    again = slow.batch("again", 1, consumer)
    (await slow.begun.get()).set()
    assert await again
    assert slow.done == ["again"]


async def test_a_small_batch_is_waited_for(consumer: Consumer, slow: Slow):
    taking = slow.batch("it", BACKLOG - 1, consumer)
    written = await slow.begun.get()
    await asyncio.wait([taking], timeout=0.2)
    assert not taking.done()
    written.set()
    assert await taking
    assert slow.done == ["it"]


@pytest.mark.usefixtures("looking_often")
async def test_a_reader_that_is_poisoned_ends_its_process(consumer: Consumer, log: Log):
    poison = [log.record(envelope(SUBMISSION, 1), value=b"{") for _ in range(9)]
    watching = asyncio.create_task(consumer.watch(Kafka("127.0.0.1:9")))
    assert not await consumer.process(poison, unexpected)
    assert not await consumer.process(log.records(*SUBMITTED), unexpected)
    with pytest.raises(TooMuchPoison):
        await asyncio.wait_for(watching, 60)


async def told(broker: Server, consumer: Consumer) -> Backlog:
    """The account; nothing while a broker that has just started looks for its groups."""
    with suppress(KafkaError):
        async with group_lag(Kafka(broker.url), consumer.name, consumer.topics) as asked:
            return await asked.backlog()
    return {}


@pytest.mark.kafka
@pytest.mark.usefixtures("looking_often")
async def test_the_brokers_account_tells_of_partitions_that_nobody_reads(
    broker: Server, consumer: Consumer, clock: Clock
):
    async with AIOKafkaProducer(bootstrap_servers=broker.url) as producer:
        end = (await producer.send_and_wait(DEMAND_EVENTS.name, b"{}", partition=3)).offset + 1
    place = TopicPartition(DEMAND_EVENTS.name, 3)
    found = await eventually(lambda: told(broker, consumer), bool)
    assert len(found) == DEMAND_EVENTS.partitions
    assert (found[place].committed < end, found[place].end) == (True, end)

    watching = asyncio.create_task(consumer.watch(Kafka(broker.url)))

    async def said() -> str:
        clock.at += STUCK_AFTER
        return str(consumer.stuck())

    await eventually(said, lambda words: f"{DEMAND_EVENTS.name}/" in words)
    async with AIOKafkaConsumer(bootstrap_servers=broker.url, group_id=consumer.name, enable_auto_commit=False) as one:
        one.assign(list(found))
        await one.commit({place: known.end for place, known in found.items()})
    await eventually(said, lambda words: words == "None")
    await ended(watching)


@pytest.mark.kafka
async def test_a_reader_that_goes_on_while_it_is_looked_at_stands_beyond_no_end(
    broker: Server, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
):
    await eventually(lambda: told(broker, consumer), bool)
    async with (
        AIOKafkaProducer(bootstrap_servers=broker.url) as producer,
        AIOKafkaConsumer(bootstrap_servers=broker.url, group_id=consumer.name, enable_auto_commit=False) as reader,
        group_lag(Kafka(broker.url), consumer.name, consumer.topics) as asked,
    ):
        reader.assign([ONE])
        committed = asked.admin.list_consumer_group_offsets

        async def meanwhile(group: str) -> dict[TopicPartition, OffsetAndMetadata]:
            sent = await producer.send_and_wait(ONE.topic, b"{}", partition=ONE.partition)
            await reader.commit({ONE: sent.offset + 1})
            return await committed(group)

        monkeypatch.setattr(asked.admin, "list_consumer_group_offsets", meanwhile)
        backlog = await asked.backlog()
    assert backlog[ONE].committed > 0
    assert beyond(backlog) is None


@pytest.mark.kafka
async def test_a_partition_that_was_lost_meanwhile_keeps_no_other_from_being_committed(
    broker: Server, consumer: Consumer
):
    before = await eventually(lambda: told(broker, consumer), bool)
    async with AIOKafkaConsumer(bootstrap_servers=broker.url, group_id=consumer.name, enable_auto_commit=False) as one:
        one.assign([ONE])
        offsets = _Offsets(one, {ONE: before[ONE].end + 7, TWO: before[TWO].end + 7})
        await offsets.commit()
    after = await eventually(lambda: told(broker, consumer), bool)
    assert after[ONE].committed == before[ONE].end + 7
    assert after[TWO].committed == before[TWO].committed
