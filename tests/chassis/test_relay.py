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
"""How a request says that every replica in sync must have it before it is acknowledged."""


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database, "intake", size=24) as found:
        yield found


@asynccontextmanager
async def relaying(pool: Pool, broker: Server, shard: Shard | None = None) -> AsyncIterator[Relay]:
    relay = Relay("intake", pool, Kafka(broker.url), shard or Shard())
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        await ended(task)


@asynccontextmanager
async def listening(broker: Server) -> AsyncIterator[list[Envelope]]:
    """Everything that is told from now on."""
    envelopes: list[Envelope] = []
    # A broker that has just made its topics may not know them yet; it is asked again after this time.
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


async def tell(pool: Pool, envelopes: Sequence[Envelope], pause: float = 0) -> None:
    async with pool.acquire() as db, db.transaction():
        await append(db, envelopes)
        await asyncio.sleep(pause)


async def until(envelopes: list[Envelope], keys: set[UUID], count: int) -> list[Envelope]:
    async def mine() -> list[Envelope]:
        return [told for told in envelopes if told.key in keys]

    return await eventually(mine, lambda found: len(found) >= count)


def distinct(envelopes: list[Envelope], keys: set[UUID]) -> Callable[[], Awaitable[set[UUID]]]:
    async def found() -> set[UUID]:
        return {told.key for told in envelopes} & keys

    return found


@pytest.mark.parametrize("ticks", range(5))
async def test_a_relay_that_is_woken_as_it_is_told_to_end_ends(pool: Pool, ticks: int):
    relay, unsent = Relay("intake", pool, Kafka("127.0.0.1:1")), GapTracker(Shard(), 0)

    async def wait_on_and_on() -> None:
        while True:
            await relay._wait(unsent)
            relay._wake.clear()

    waiting = asyncio.create_task(wait_on_and_on())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    relay._wake.set()
    for _ in range(ticks):
        await asyncio.sleep(0)
    await ended(waiting)
    assert waiting.cancelled()


async def test_nothing_is_lost_where_transactions_commit_out_of_order(pool: Pool, broker: Server):
    keys = [uuid4() for _ in range(200)]
    delays = random.Random(7)

    async def writer(mine: Sequence[UUID]) -> None:
        for key in mine:
            for n, fact in enumerate(story.RESOLVED, 1):
                await tell(pool, [envelope(fact, n, key)], delays.random() * 0.01)

    async with listening(broker) as heard, relaying(pool, broker):
        await asyncio.gather(*(writer(keys[n::16]) for n in range(16)))
        found = await until(heard, set(keys), 200 * len(story.RESOLVED))
    assert len({told.id for told in found}) == 200 * len(story.RESOLVED)
    for key in keys:
        assert [told.sequence for told in found if told.key == key] == [1, 2, 3, 4]


async def test_a_journal_that_grows_is_not_read_from_its_beginning(pool: Pool, broker: Server):
    keys = [uuid4() for _ in range(10 * BATCHES)]
    async with listening(broker) as heard, relaying(pool, broker):
        for start in range(0, len(keys), 10):
            await tell(pool, [envelope(story.SUBMISSION, 1, key) for key in keys[start : start + 10]])
            await until(heard, set(keys), start + 10)

    async def searched() -> tuple[int, int]:
        # What a connection has read is told when it ends, or a second later.
        async with pool.acquire() as db:
            sql = "SELECT idx_scan, seq_tup_read FROM pg_stat_user_tables WHERE schemaname = 'intake' AND relname = $1"
            return tuple(await db.fetchrow(sql, "journal"))

    looked_up, read_through = await eventually(searched, lambda found: found[0] >= BATCHES)
    assert read_through == 0, looked_up


async def test_a_gap_is_looked_for_until_who_took_it_has_ended_though_it_began_after_the_one_that_was_seen(pool: Pool):
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
    """What is found that is new, and up to where everything was."""
    return [row["aggregateid"] for row in await unsent.read(db)], unsent.settled


async def test_a_gap_is_looked_for_though_who_took_it_has_written_nothing_yet(pool: Pool):
    """A position is taken before its row is written: by then the transaction must have its id."""
    first, early, late, unsent = uuid4(), uuid4(), uuid4(), GapTracker(Shard(), 0)
    # The first position of many is written to the log at once, which gives the transaction an id.
    await tell(pool, [envelope(story.SUBMISSION, 1, first)])
    async with pool.acquire() as relay, pool.acquire() as gate:
        assert await looked(unsent, relay) == ([first], 1)
        await gate.execute(
            """
            CREATE FUNCTION wait_at_the_gate() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NEW; END $$
            """
        )
        await gate.execute(
            "CREATE TRIGGER gate BEFORE INSERT ON journal FOR EACH ROW"
            f" WHEN (NEW.aggregateid = '{late}') EXECUTE FUNCTION wait_at_the_gate()"
        )
        await gate.execute("SELECT pg_advisory_lock(1)")
        writing = asyncio.create_task(tell(pool, [envelope(story.SUBMISSION, 1, late)]))
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        await eventually(lambda: gate.fetchval(waiting), lambda count: count == 1)
        await tell(pool, [envelope(story.SUBMISSION, 1, early)])
        seen = [await looked(unsent, relay) for _ in range(3)]
        await gate.execute("SELECT pg_advisory_unlock(1)")
        await writing
        seen.append(await looked(unsent, relay))
    assert seen == [([early], 1), ([], 1), ([], 1), ([late], 3)]


async def test_a_slow_transaction_holds_up_nobody_and_is_not_forgotten(pool: Pool, broker: Server):
    slow, quick, undone = uuid4(), uuid4(), uuid4()
    async with listening(broker) as heard, relaying(pool, broker), pool.acquire() as db:
        late = db.transaction()
        await late.start()
        await append(db, [envelope(story.SUBMISSION, 1, slow)])
        with contextlib.suppress(ZeroDivisionError):
            async with pool.acquire() as connection, connection.transaction():
                await append(connection, [envelope(story.SUBMISSION, 1, undone)])
                raise ZeroDivisionError
        await tell(pool, [envelope(story.SUBMISSION, 1, quick)])
        await until(heard, {quick}, 1)
        assert await pool.fetchval("SELECT position FROM relay_cursor") == 0, "so that a restart looks for it again"
        await late.commit()
        await until(heard, {slow}, 1)
        await eventually(lambda: pool.fetchval("SELECT position FROM relay_cursor"), lambda settled: settled == 3)
    assert [told.key for told in heard if told.key in (slow, quick, undone)] == [quick, slow]


async def test_the_cursor_stays_before_a_gap_however_much_behind_it_was_sent(
    pool: Pool, broker: Server, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(relays, "SETTLE", 0)  # the cursor follows each page before the next one is read
    slow, quick, later = uuid4(), uuid4(), uuid4()
    async with listening(broker) as heard, pool.acquire() as db:
        async with relaying(pool, broker), db.transaction():
            await append(db, [envelope(story.SUBMISSION, 1, slow)])
            for key in (quick, later):
                await tell(pool, [envelope(story.SUBMISSION, 1, key)])
                await until(heard, {key}, 1)
            assert await pool.fetchval("SELECT position FROM relay_cursor") == 0
        async with relaying(pool, broker):
            await until(heard, {slow}, 1)
            await eventually(lambda: pool.fetchval("SELECT position FROM relay_cursor"), lambda settled: settled == 3)


async def test_a_relay_that_ends_before_a_slow_commit_finds_it_after_its_start(pool: Pool, broker: Server):
    slow, quick = uuid4(), uuid4()
    async with listening(broker) as heard, pool.acquire() as db:
        async with relaying(pool, broker), db.transaction():
            await append(db, [envelope(story.SUBMISSION, 1, slow)])
            await tell(pool, [envelope(story.SUBMISSION, 1, quick)])
            await until(heard, {quick}, 1)
        async with relaying(pool, broker):
            await until(heard, {slow}, 1)


async def test_a_restarted_relay_goes_on_where_it_was(pool: Pool, broker: Server):
    one, two = uuid4(), uuid4()
    async with listening(broker) as heard:
        async with relaying(pool, broker):
            await tell(pool, [envelope(story.SUBMISSION, 1, one)])
            await until(heard, {one}, 1)
            async with pool.acquire() as db:
                await eventually(lambda: db.fetchval("SELECT sum(sent) FROM relay_cursor"), lambda sent: sent == 1)
        async with relaying(pool, broker):
            await tell(pool, [envelope(story.SUBMISSION, 1, two)])
            await until(heard, {two}, 1)
    assert [told.key for told in heard if told.key in (one, two)] == [one, two]


async def test_what_could_not_be_sent_is_sent_again(pool: Pool, broker: Server, monkeypatch: pytest.MonkeyPatch):
    key, send, tries = uuid4(), Relay._send, 0

    async def failing_twice(relay: Relay, producer: Any, told: Sequence[Envelope], ends: Any) -> None:
        nonlocal tries
        tries += bool(told)
        if told and tries <= 2:
            raise KafkaTimeoutError
        await send(relay, producer, told, ends)

    monkeypatch.setattr(Relay, "_send", failing_twice)
    async with listening(broker) as heard, relaying(pool, broker):
        await tell(pool, [envelope(fact, n, key) for n, fact in enumerate(story.ROUTED, 1)])
        found = await until(heard, {key}, len(story.ROUTED))
    assert [told.sequence for told in found] == [n for n, _ in enumerate(story.ROUTED, 1)]
    assert tries == 3


async def test_a_relay_that_is_told_to_end_waits_for_no_answer_to_what_it_holds_back(
    pool: Pool, broker: Server, monkeypatch: pytest.MonkeyPatch
):
    tried, send = asyncio.Event(), AIOKafkaClient.send

    async def silent(self: AIOKafkaClient, node: int, request: Any, **more: Any) -> Any:
        if not isinstance(request, ProduceRequest):
            return await send(self, node, request, **more)
        tried.set()
        raise KafkaConnectionError("the connection was lost")

    monkeypatch.setattr(AIOKafkaClient, "send", silent)
    await tell(pool, [envelope(story.SUBMISSION, 1, uuid4())])
    task = asyncio.create_task(Relay("intake", pool, Kafka(broker.url)).run())
    await asyncio.wait_for(tried.wait(), 60)
    await ended(task)


def test_a_partition_that_takes_a_fact_where_it_took_another_is_another_log():
    ends: dict[str, int] = {}
    for end in (7, 8):
        relays._move_end(ends, "3", end)
    for end in (8, 3):
        with pytest.raises(LogCut, match=f"partition 3 has acknowledged offset {end - 1} after 7"):
            relays._move_end(ends, "3", end)
    assert ends == {"3": 8}


@pytest.mark.parametrize("lost", ["the request", "its answer"])
async def test_each_fact_is_there_once_and_in_order_though_something_was_lost_on_the_way(
    pool: Pool, broker: Server, monkeypatch: pytest.MonkeyPatch, lost: str
):
    key, send, asked = uuid4(), AIOKafkaClient.send, []

    async def losing(self: AIOKafkaClient, node: int, request: Any, **more: Any) -> Any:
        if not isinstance(request, ProduceRequest):
            return await send(self, node, request, **more)
        asked.append(request.required_acks)
        if len(asked) > 1:
            return await send(self, node, request, **more)
        if lost == "its answer":
            await send(self, node, request, **more)
        if not request.required_acks:
            return None  # who waits for no answer misses none
        raise KafkaConnectionError("the connection was lost")

    monkeypatch.setattr(AIOKafkaClient, "send", losing)
    async with listening(broker) as heard, relaying(pool, broker):
        await tell(pool, [envelope(fact, n, key) for n, fact in enumerate(story.ROUTED, 1)])
        await until(heard, {key}, len(story.ROUTED))
        await tell(pool, [envelope(fact, n, key) for n, fact in enumerate(story.RESOLVED[2:], 3)])
        await until(heard, {key}, len(story.RESOLVED))
    assert [told.sequence for told in heard if told.key == key] == [n for n, _ in enumerate(story.RESOLVED, 1)]
    assert set(asked) == {ALL_IN_SYNC}


async def test_a_broker_that_is_not_known_is_told_everything_from_the_beginning(pool: Pool, broker: Server):
    key = uuid4()
    await tell(pool, [envelope(story.SUBMISSION, 1, key)])
    async with listening(broker) as heard:
        for times in (1, 2):
            async with pool.acquire() as db:
                await db.execute("UPDATE relay_cursor SET cluster_id = 'the one that was lost'")
            async with relaying(pool, broker):
                await until(heard, {key}, times)


async def test_a_second_relay_of_a_shard_waits_and_takes_over_when_the_first_has_ended(pool: Pool, broker: Server):
    first, second = uuid4(), uuid4()
    epochs = "SELECT epoch FROM lease WHERE expires_at > now()"
    async with listening(broker) as heard, contextlib.AsyncExitStack() as stack:
        async with relaying(pool, broker):
            await eventually(lambda: pool.fetchval(epochs), lambda epoch: epoch == 1)
            await stack.enter_async_context(relaying(pool, broker))
            await tell(pool, [envelope(story.SUBMISSION, 1, first)])
            await until(heard, {first}, 1)
            await eventually(lambda: pool.fetchval("SELECT position FROM relay_cursor"), lambda at: at == 1)
            assert await pool.fetchval(epochs) == 1
        await eventually(lambda: pool.fetchval(epochs), lambda epoch: epoch == 2)
        await tell(pool, [envelope(story.SUBMISSION, 1, second)])
        await until(heard, {second}, 1)
    assert [told.key for told in heard if told.key in (first, second)] == [first, second]


async def test_every_fact_is_told_when_the_number_of_shards_changes(pool: Pool, broker: Server):
    keys = [uuid4() for _ in range(24)]
    halves = [Shard(n, 2) for n in range(2)]
    async with listening(broker) as heard:
        await tell(pool, [envelope(story.SUBMISSION, 1, key) for key in keys[:12]])
        async with relaying(pool, broker, halves[0]):
            await eventually(lambda: pool.fetchval("SELECT max(position) FROM relay_cursor"), lambda at: at == 12)
        # The other half was never sent; one shard for all must find what is missing of it.
        await tell(pool, [envelope(story.SUBMISSION, 1, key) for key in keys[12:]])
        async with relaying(pool, broker):
            await until(heard, set(keys), len(keys))
            found = await eventually(distinct(heard, set(keys)), lambda found: len(found) == len(keys))
    assert found == set(keys)


async def test_more_shards_begin_where_one_shard_was(pool: Pool, broker: Server):
    first, second = uuid4(), uuid4()
    async with listening(broker) as heard:
        await tell(pool, [envelope(story.SUBMISSION, 1, first)])
        async with relaying(pool, broker):
            await eventually(lambda: pool.fetchval("SELECT max(position) FROM relay_cursor"), lambda at: at == 1)
        await tell(pool, [envelope(story.SUBMISSION, 1, second)])
        async with relaying(pool, broker, Shard(0, 2)), relaying(pool, broker, Shard(1, 2)):
            await until(heard, {second}, 1)
    assert [told.key for told in heard if told.key in (first, second)] == [first, second]


async def test_the_backlog_is_measured_while_nothing_can_be_sent(pool: Pool):
    away = Relay("intake", pool, Kafka("127.0.0.1:1"))
    async with pool.acquire() as db:
        assert await backlog(db, away.shard) == 0
        await tell(pool, [envelope(story.SUBMISSION, 1, uuid4())])
        assert await eventually(lambda: backlog(db, away.shard), lambda age: age > 0) < 60


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
