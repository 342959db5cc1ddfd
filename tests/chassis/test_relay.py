"""The relay sends every fact of a journal, in the order of each demand, through restarts and new brokers."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError
from aiokafka.protocol.produce import ProduceRequest

from shared.chassis.database.pool import Connection, Pool, open_pool
from shared.chassis.kafka.client import Kafka
from shared.chassis.relay import relay as relays
from shared.chassis.relay.gaps import GapTracker
from shared.chassis.relay.relay import LogCut, Relay
from shared.chassis.relay.relay_cursor import Shard, backlog
from shared.contracts.envelope import Envelope, read
from shared.contracts.topics import DEMAND_EVENTS
from tests import story
from tests.chassis.conftest import envelope
from tests.conftest import Server
from tests.eventually import ended, eventually
from tests.journals import append

pytestmark = pytest.mark.kafka
BATCHES = 20
ALL_IN_SYNC = -1
"""The value of `acks` that requires all in-sync replicas."""


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database, "intake", size=24) as opened:
        yield opened


@asynccontextmanager
async def relaying(pool: Pool, broker: Server, shard: Shard | None = None) -> AsyncIterator[Relay]:
    relay = Relay("intake", pool, Kafka(broker.url), shard or Shard())
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        await ended(task)


@asynccontextmanager
async def received(broker: Server) -> AsyncIterator[list[Envelope]]:
    """Collects all facts that are sent from now on."""
    envelopes: list[Envelope] = []
    # A broker may not know its new topics yet; the client asks again after this time.
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.url, metadata_max_age_ms=1000)
    await consumer.start()
    places = [TopicPartition(DEMAND_EVENTS.name, n) for n in range(DEMAND_EVENTS.partitions)]
    consumer.assign(places)
    await consumer.seek_to_end(*places)
    for place in places:
        await consumer.position(place)

    async def hear() -> None:
        async for record in consumer:
            envelopes.append(read("demand", record.key, record.headers, record.value))

    task = asyncio.create_task(hear())
    try:
        yield envelopes
    finally:
        await ended(task)
        await consumer.stop()


async def append_paused(pool: Pool, envelopes: Sequence[Envelope], pause: float = 0) -> None:
    async with pool.acquire() as db, db.transaction():
        await append(db, envelopes)
        await asyncio.sleep(pause)


async def until(envelopes: list[Envelope], keys: set[UUID], count: int) -> list[Envelope]:
    async def mine() -> list[Envelope]:
        return [fact for fact in envelopes if fact.key in keys]

    return await eventually(mine, lambda found: len(found) >= count)


def distinct(envelopes: list[Envelope], keys: set[UUID]) -> Callable[[], Awaitable[set[UUID]]]:
    async def found() -> set[UUID]:
        return {fact.key for fact in envelopes} & keys

    return found


@pytest.mark.parametrize("ticks", range(5))
async def test_a_relay_that_is_woken_while_it_is_cancelled_ends(pool: Pool, ticks: int):
    relay, unsent = Relay("intake", pool, Kafka("127.0.0.1:1")), GapTracker(Shard(), 0)

    async def wait_on_and_on() -> None:
        while True:
            await relay._wait(unsent)
            relay._wake.clear()

    task = asyncio.create_task(wait_on_and_on())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    relay._wake.set()
    for _ in range(ticks):
        await asyncio.sleep(0)
    await ended(task)
    assert task.cancelled()


async def test_nothing_is_lost_where_transactions_commit_out_of_order(pool: Pool, broker: Server):
    keys = [uuid4() for _ in range(200)]
    delays = random.Random(7)

    async def writer(keys_of_writer: Sequence[UUID]) -> None:
        for key in keys_of_writer:
            for n, fact in enumerate(story.RESOLVED, 1):
                await append_paused(pool, [envelope(fact, n, key)], delays.random() * 0.01)

    async with received(broker) as received_facts, relaying(pool, broker):
        await asyncio.gather(*(writer(keys[n::16]) for n in range(16)))
        facts = await until(received_facts, set(keys), 200 * len(story.RESOLVED))
    assert len({received_fact.id for received_fact in facts}) == 200 * len(story.RESOLVED)
    for key in keys:
        assert [received_fact.sequence for received_fact in facts if received_fact.key == key] == [1, 2, 3, 4]


async def test_a_journal_that_grows_is_not_read_from_its_beginning(pool: Pool, broker: Server):
    keys = [uuid4() for _ in range(10 * BATCHES)]
    async with received(broker) as received_facts, relaying(pool, broker):
        for start in range(0, len(keys), 10):
            await append_paused(pool, [envelope(story.SUBMISSION, 1, key) for key in keys[start : start + 10]])
            await until(received_facts, set(keys), start + 10)

    async def searched() -> tuple[int, int]:
        # The statistics of a connection are published when it ends, or a second later.
        async with pool.acquire() as db:
            sql = "SELECT idx_scan, seq_tup_read FROM pg_stat_user_tables WHERE schemaname = 'intake' AND relname = $1"
            return tuple(await db.fetchrow(sql, "journal"))

    looked_up, read_through = await eventually(searched, lambda found: found[0] >= BATCHES)
    assert read_through == 0, looked_up


async def test_a_gap_is_kept_until_its_transaction_has_ended_even_if_that_began_later(pool: Pool):
    early, late, unsent = uuid4(), uuid4(), GapTracker(Shard(), 0)
    async with pool.acquire() as relay, pool.acquire() as slow:
        taking = slow.transaction()
        async with pool.acquire() as quick, quick.transaction():
            await quick.execute("SELECT pg_current_xact_id()")
            await taking.start()
            await append(slow, [envelope(story.SUBMISSION, 1, late)])
            await append(quick, [envelope(story.SUBMISSION, 1, early)])
        seen = [await looked(unsent, relay) for _ in range(3)]
        await taking.commit()
        seen.append(await looked(unsent, relay))
    assert seen == [([early], 0), ([], 0), ([], 0), ([late], 2)]
    assert unsent.gaps == {}


async def looked(unsent: GapTracker, db: Connection) -> tuple[list[UUID], int]:
    """The newly found rows, and the position up to which all were found."""
    return [row["aggregateid"] for row in await unsent.read(db)], unsent.settled


async def test_a_gap_is_kept_although_its_transaction_has_written_nothing_yet(pool: Pool):
    """A position is assigned before its row is written; the transaction must already have its id then."""
    first, early, late, unsent = uuid4(), uuid4(), uuid4(), GapTracker(Shard(), 0)
    # The sequence logs the first of many positions at once, which gives the transaction an id.
    await append_paused(pool, [envelope(story.SUBMISSION, 1, first)])
    async with pool.acquire() as relay, pool.acquire() as locking_db:
        assert await looked(unsent, relay) == ([first], 1)
        await locking_db.execute(
            """
            CREATE FUNCTION wait_at_the_gate() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NEW; END $$
            """
        )
        await locking_db.execute(
            "CREATE TRIGGER gate BEFORE INSERT ON journal FOR EACH ROW"
            f" WHEN (NEW.aggregateid = '{late}') EXECUTE FUNCTION wait_at_the_gate()"
        )
        await locking_db.execute("SELECT pg_advisory_lock(1)")
        writing = asyncio.create_task(append_paused(pool, [envelope(story.SUBMISSION, 1, late)]))
        waiting_locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        await eventually(lambda: locking_db.fetchval(waiting_locks), lambda count: count == 1)
        await append_paused(pool, [envelope(story.SUBMISSION, 1, early)])
        seen = [await looked(unsent, relay) for _ in range(3)]
        await locking_db.execute("SELECT pg_advisory_unlock(1)")
        await writing
        seen.append(await looked(unsent, relay))
    assert seen == [([early], 1), ([], 1), ([], 1), ([late], 3)]


async def test_a_slow_transaction_delays_no_other_and_is_not_lost(pool: Pool, broker: Server):
    slow, quick, undone = uuid4(), uuid4(), uuid4()
    async with received(broker) as received_facts, relaying(pool, broker), pool.acquire() as db:
        late = db.transaction()
        await late.start()
        await append(db, [envelope(story.SUBMISSION, 1, slow)])
        with contextlib.suppress(ZeroDivisionError):
            async with pool.acquire() as connection, connection.transaction():
                await append(connection, [envelope(story.SUBMISSION, 1, undone)])
                raise ZeroDivisionError
        await append_paused(pool, [envelope(story.SUBMISSION, 1, quick)])
        await until(received_facts, {quick}, 1)
        assert await pool.fetchval("SELECT position FROM relay_cursor") == 0, "so that a restart looks for it again"
        await late.commit()
        await until(received_facts, {slow}, 1)
        await eventually(lambda: pool.fetchval("SELECT position FROM relay_cursor"), lambda settled: settled == 3)
    assert [fact.key for fact in received_facts if fact.key in (slow, quick, undone)] == [quick, slow]


async def test_the_cursor_stays_before_a_gap_however_much_after_it_was_sent(
    pool: Pool, broker: Server, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(relays, "SETTLE", 0)  # the cursor follows each page before the next one is read
    slow, quick, later = uuid4(), uuid4(), uuid4()
    async with received(broker) as received_facts, pool.acquire() as db:
        async with relaying(pool, broker), db.transaction():
            await append(db, [envelope(story.SUBMISSION, 1, slow)])
            for key in (quick, later):
                await append_paused(pool, [envelope(story.SUBMISSION, 1, key)])
                await until(received_facts, {key}, 1)
            assert await pool.fetchval("SELECT position FROM relay_cursor") == 0
        async with relaying(pool, broker):
            await until(received_facts, {slow}, 1)
            await eventually(lambda: pool.fetchval("SELECT position FROM relay_cursor"), lambda settled: settled == 3)


async def test_a_relay_that_ends_before_a_slow_commit_finds_it_after_its_start(pool: Pool, broker: Server):
    slow, quick = uuid4(), uuid4()
    async with received(broker) as received_facts, pool.acquire() as db:
        async with relaying(pool, broker), db.transaction():
            await append(db, [envelope(story.SUBMISSION, 1, slow)])
            await append_paused(pool, [envelope(story.SUBMISSION, 1, quick)])
            await until(received_facts, {quick}, 1)
        async with relaying(pool, broker):
            await until(received_facts, {slow}, 1)


async def test_a_restarted_relay_goes_on_where_it_was(pool: Pool, broker: Server):
    first_key, second_key = uuid4(), uuid4()
    async with received(broker) as received_facts:
        async with relaying(pool, broker):
            await append_paused(pool, [envelope(story.SUBMISSION, 1, first_key)])
            await until(received_facts, {first_key}, 1)
            async with pool.acquire() as db:
                await eventually(lambda: db.fetchval("SELECT sum(sent) FROM relay_cursor"), lambda sent: sent == 1)
        async with relaying(pool, broker):
            await append_paused(pool, [envelope(story.SUBMISSION, 1, second_key)])
            await until(received_facts, {second_key}, 1)
    assert [fact.key for fact in received_facts if fact.key in (first_key, second_key)] == [first_key, second_key]


async def test_facts_that_could_not_be_sent_are_sent_again(pool: Pool, broker: Server, monkeypatch: pytest.MonkeyPatch):
    key, send, tries = uuid4(), Relay._send, 0

    async def failing_twice(relay: Relay, producer: Any, told: Sequence[Envelope], ends: Any) -> None:
        nonlocal tries
        tries += bool(told)
        if told and tries <= 2:
            raise KafkaTimeoutError
        await send(relay, producer, told, ends)

    monkeypatch.setattr(Relay, "_send", failing_twice)
    async with received(broker) as received_facts, relaying(pool, broker):
        await append_paused(pool, [envelope(fact, n, key) for n, fact in enumerate(story.ROUTED, 1)])
        facts = await until(received_facts, {key}, len(story.ROUTED))
    assert [told.sequence for told in facts] == [n for n, _ in enumerate(story.ROUTED, 1)]
    assert tries == 3


async def test_a_cancelled_relay_does_not_wait_for_responses(
    pool: Pool, broker: Server, monkeypatch: pytest.MonkeyPatch
):
    requested, send = asyncio.Event(), AIOKafkaClient.send

    async def silent(self: AIOKafkaClient, node: int, request: Any, **more: Any) -> Any:
        if not isinstance(request, ProduceRequest):
            return await send(self, node, request, **more)
        requested.set()
        raise KafkaConnectionError("the connection was lost")

    monkeypatch.setattr(AIOKafkaClient, "send", silent)
    await append_paused(pool, [envelope(story.SUBMISSION, 1, uuid4())])
    task = asyncio.create_task(Relay("intake", pool, Kafka(broker.url)).run())
    await asyncio.wait_for(requested.wait(), 60)
    await ended(task)


def test_a_partition_that_assigns_an_offset_twice_is_another_log():
    ends: dict[str, int] = {}
    for end in (7, 8):
        relays._move_end(ends, "3", end)
    for end in (8, 3):
        with pytest.raises(LogCut, match=f"partition 3 has acknowledged offset {end - 1} after 7"):
            relays._move_end(ends, "3", end)
    assert ends == {"3": 8}


@pytest.mark.parametrize("lost", ["the request", "its answer"])
async def test_each_fact_arrives_once_and_in_order_although_requests_or_responses_are_lost(
    pool: Pool, broker: Server, monkeypatch: pytest.MonkeyPatch, lost: str
):
    key, send, requests = uuid4(), AIOKafkaClient.send, []

    async def losing(self: AIOKafkaClient, node: int, request: Any, **more: Any) -> Any:
        if not isinstance(request, ProduceRequest):
            return await send(self, node, request, **more)
        requests.append(request.required_acks)
        if len(requests) > 1:
            return await send(self, node, request, **more)
        if lost == "its answer":
            await send(self, node, request, **more)
        if not request.required_acks:
            return None  # a request without acknowledgement has no response to lose
        raise KafkaConnectionError("the connection was lost")

    monkeypatch.setattr(AIOKafkaClient, "send", losing)
    async with received(broker) as received_facts, relaying(pool, broker):
        await append_paused(pool, [envelope(fact, n, key) for n, fact in enumerate(story.ROUTED, 1)])
        await until(received_facts, {key}, len(story.ROUTED))
        await append_paused(pool, [envelope(fact, n, key) for n, fact in enumerate(story.RESOLVED[2:], 3)])
        await until(received_facts, {key}, len(story.RESOLVED))
    assert [received_fact.sequence for received_fact in received_facts if received_fact.key == key] == [
        n for n, _ in enumerate(story.RESOLVED, 1)
    ]
    assert set(requests) == {ALL_IN_SYNC}


async def test_an_unknown_broker_gets_all_facts_from_the_beginning(pool: Pool, broker: Server):
    key = uuid4()
    await append_paused(pool, [envelope(story.SUBMISSION, 1, key)])
    async with received(broker) as received_facts:
        for times in (1, 2):
            async with pool.acquire() as db:
                await db.execute("UPDATE relay_cursor SET cluster_id = 'the one that was lost'")
            async with relaying(pool, broker):
                await until(received_facts, {key}, times)


async def test_a_second_relay_of_a_shard_waits_and_takes_over_when_the_first_has_ended(pool: Pool, broker: Server):
    first, second = uuid4(), uuid4()
    epochs = "SELECT epoch FROM lease WHERE expires_at > now()"
    async with received(broker) as received_facts, contextlib.AsyncExitStack() as stack:
        async with relaying(pool, broker):
            await eventually(lambda: pool.fetchval(epochs), lambda epoch: epoch == 1)
            await stack.enter_async_context(relaying(pool, broker))
            await append_paused(pool, [envelope(story.SUBMISSION, 1, first)])
            await until(received_facts, {first}, 1)
            await eventually(lambda: pool.fetchval("SELECT position FROM relay_cursor"), lambda at: at == 1)
            assert await pool.fetchval(epochs) == 1
        await eventually(lambda: pool.fetchval(epochs), lambda epoch: epoch == 2)
        await append_paused(pool, [envelope(story.SUBMISSION, 1, second)])
        await until(received_facts, {second}, 1)
    assert [fact.key for fact in received_facts if fact.key in (first, second)] == [first, second]


async def test_every_fact_is_sent_when_the_number_of_shards_changes(pool: Pool, broker: Server):
    keys = [uuid4() for _ in range(24)]
    halves = [Shard(n, 2) for n in range(2)]
    async with received(broker) as received_facts:
        await append_paused(pool, [envelope(story.SUBMISSION, 1, key) for key in keys[:12]])
        async with relaying(pool, broker, halves[0]):
            await eventually(lambda: pool.fetchval("SELECT max(position) FROM relay_cursor"), lambda at: at == 12)
        # The other half was never sent; a single shard must find its missing facts.
        await append_paused(pool, [envelope(story.SUBMISSION, 1, key) for key in keys[12:]])
        async with relaying(pool, broker):
            await until(received_facts, set(keys), len(keys))
            facts = await eventually(distinct(received_facts, set(keys)), lambda facts: len(facts) == len(keys))
    assert facts == set(keys)


async def test_more_shards_start_at_the_position_of_the_single_one(pool: Pool, broker: Server):
    first, second = uuid4(), uuid4()
    async with received(broker) as received_facts:
        await append_paused(pool, [envelope(story.SUBMISSION, 1, first)])
        async with relaying(pool, broker):
            await eventually(lambda: pool.fetchval("SELECT max(position) FROM relay_cursor"), lambda at: at == 1)
        await append_paused(pool, [envelope(story.SUBMISSION, 1, second)])
        async with relaying(pool, broker, Shard(0, 2)), relaying(pool, broker, Shard(1, 2)):
            await until(received_facts, {second}, 1)
    assert [told.key for told in received_facts if told.key in (first, second)] == [first, second]


async def test_the_backlog_is_measured_while_nothing_can_be_sent(pool: Pool):
    relay = Relay("intake", pool, Kafka("127.0.0.1:1"))
    async with pool.acquire() as db:
        assert await backlog(db, relay.shard) == 0
        await append_paused(pool, [envelope(story.SUBMISSION, 1, uuid4())])
        assert await eventually(lambda: backlog(db, relay.shard), lambda age: age > 0) < 60


async def test_a_relay_ends_although_a_client_that_was_starting_swallowed_the_cancellation(
    pool: Pool, broker: Server, monkeypatch: pytest.MonkeyPatch
):
    starting, start = asyncio.Event(), AIOKafkaProducer.start

    async def deaf(self: AIOKafkaProducer) -> None:
        starting.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await start(self)

    monkeypatch.setattr(AIOKafkaProducer, "start", deaf)
    task = asyncio.create_task(Relay("intake", pool, Kafka(broker.url)).run())
    await starting.wait()
    await ended(task)
