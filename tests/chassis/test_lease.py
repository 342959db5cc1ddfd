"""One process at a time sends a shard of a journal; a process that was suspended and goes on does no harm."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from shared.chassis.database import lease as leases
from shared.chassis.database.lease import TERM, Lease, LeaseLost
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.kafka.log_identity import LogIdentity
from shared.chassis.relay import relay_cursor
from shared.chassis.relay.relay import SILENT, sending
from shared.chassis.relay.relay_cursor import Shard
from shared.contracts.envelope import Envelope
from tests import story
from tests.chassis.conftest import envelope
from tests.chassis.proxy import line_to
from tests.chassis.test_relay import append_paused, received, relaying, until
from tests.conftest import Server
from tests.eventually import eventually

ROOT = Path(__file__).parents[2]
SOON = 15.0
"""Seconds after which another process must have taken over."""
HERE = LogIdentity("cluster", {})


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database, "intake", size=8) as opened:
        yield opened


async def leader(pool: Pool) -> tuple[str, int]:
    row = await pool.fetchrow("SELECT holder, epoch FROM lease WHERE expires_at > clock_timestamp()")
    return (row["holder"], row["epoch"]) if row else ("", 0)


async def test_a_lease_is_for_one_holder_until_it_is_given_up(pool: Pool):
    lease, other_lease = Lease(pool, "relay-0", "one"), Lease(pool, "relay-0", "two")
    await lease.take()
    task = asyncio.create_task(other_lease.take())
    await asyncio.wait([task], timeout=0.5)
    assert (lease.holds(), other_lease.holds(), await leader(pool)) == (True, False, ("one", 1))
    await lease.give_up()
    await task
    assert (lease.holds(), other_lease.holds(), await leader(pool)) == (False, True, ("two", 2))


async def test_each_shard_has_its_own_lease(pool: Pool):
    for shard in range(3):
        await Lease(pool, f"relay-{shard}").take()
    assert await pool.fetchval("SELECT count(*) FROM lease WHERE epoch = 1") == 3


async def test_the_former_holder_of_an_expired_lease_can_neither_renew_it_nor_move_the_cursor(pool: Pool):
    lease, other_lease = Lease(pool, "relay-0", "one"), Lease(pool, "relay-0", "two")
    await lease.take()
    await relay_cursor.move(await _connection(pool), HERE, Shard(), 3, 3, {}, lease)
    await pool.execute("UPDATE lease SET expires_at = now() - interval '1 second'")
    await other_lease.take()
    with pytest.raises(LeaseLost, match="another process"):
        await lease._renewed()
    assert not lease.holds()
    with pytest.raises(LeaseLost, match="the cursor is not changed"):
        await relay_cursor.move(await _connection(pool), HERE, Shard(), 9, 6, {}, lease)
    assert await pool.fetchval("SELECT position FROM relay_cursor") == 3


async def _connection(pool: Pool) -> Pool:
    """A pool executes a single query like a connection."""
    return pool


async def test_a_process_takes_its_lease_over_after_a_restart_and_two_of_one_name_do_not_rob_each_other(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(leases, "TERM", 10 * TERM)
    before, restarted = Lease(pool, "relay-0", "worker-0"), Lease(pool, "relay-0", "worker-0")
    await before.take()
    await asyncio.wait_for(restarted.take(), 5 * TERM)
    assert await leader(pool) == ("worker-0", 2)
    assert not await before.try_take()


async def test_the_holder_gives_a_lease_up_before_it_expires_in_the_database(pool: Pool):
    """Its clock may be slower than the database's by a twentieth."""
    lease, difference = Lease(pool, "relay-0"), TERM / 20
    for hold in (lease.take, lease._renewed):
        await hold()
        by_database = await pool.fetchval("SELECT extract(epoch FROM expires_at - clock_timestamp()) FROM lease")
        assert 0 < lease._until - leases._now() < float(by_database) - difference


async def test_a_lease_that_cannot_be_renewed_over_a_broken_connection_is_lost(
    database: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(leases, "TERM", 2.0)
    monkeypatch.setattr(leases, "RENEW", 0.1)
    at = urlsplit(database)
    async with line_to(str(at.hostname), at.port or 5432) as line:
        dsn = at._replace(netloc=at.netloc.replace(str(at.port), str(line.port))).geturl()
        pool = await open_pool(dsn, "intake", size=2)
        lease = Lease(pool, "relay-0")
        await lease.take()
        line.whole.clear()
        with pytest.raises(LeaseLost):
            await asyncio.wait_for(lease.keep(), 60)
        assert not lease.holds()
        pool.terminate()


async def test_the_readiness_probe_says_that_nobody_sends_a_journal(pool: Pool):
    check = sending("intake", pool, 2)
    assert await check() is None
    await append_paused(pool, [envelope(story.SUBMISSION, 1, uuid4())])
    assert await check() is None, "it was told a moment ago"
    await pool.execute("UPDATE journal SET recorded_at = now() - $1::interval", timedelta(seconds=2 * SILENT))
    reason = str(await check())
    assert reason.count("intake: no process sends shard") == 2
    assert f"{2 * SILENT:.0f} s old" in reason
    leases = [Lease(pool, f"relay-{shard}") for shard in range(2)]
    for shard, lease in enumerate(leases):
        await lease.take()
        await relay_cursor.move(await _connection(pool), HERE, Shard(shard, 2), 0, 0, {}, lease)
    assert await check() is None, "a relay that has just begun anew is at it"
    await pool.execute("UPDATE relay_cursor SET moved_at = now() - $1::interval", timedelta(seconds=2 * SILENT))
    assert f"last led by {leases[1].holder}" in str(await check())


async def test_the_server_soon_notices_a_client_that_has_vanished(pool: Pool):
    settings = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout")
    async with pool.acquire() as db:
        idle, interval, count, unsent = [int((await db.fetchval(f"SHOW {name}")).rstrip("ms")) for name in settings]
        assert await db.fetchval("SHOW idle_in_transaction_session_timeout") == "2min"
    assert 0 < idle + interval * count < SOON
    assert 0 < unsent < 1000 * SOON


@pytest.mark.kafka
async def test_another_relay_takes_over_when_the_connection_to_the_database_is_broken(
    database: str, pool: Pool, broker: Server, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(leases, "TERM", 4.0)
    monkeypatch.setattr(leases, "RENEW", 1.0)
    first, second = uuid4(), uuid4()
    at = urlsplit(database)
    async with line_to(str(at.hostname), at.port or 5432) as line, received(broker) as envelopes:
        dsn = at._replace(netloc=at.netloc.replace(str(at.port), str(line.port))).geturl()
        behind = await open_pool(dsn, "intake", size=3)
        async with relaying(behind, broker):
            await append_paused(pool, [envelope(story.SUBMISSION, 1, first)])
            await until(envelopes, {first}, 1)
            line.whole.clear()
            async with relaying(pool, broker):
                await append_paused(pool, [envelope(story.SUBMISSION, 1, second)])
                await eventually(lambda: leader(pool), lambda found: found[1] >= 2, within=60)
                await until(envelopes, {second}, 1)
                line.whole.set()
        behind.terminate()


STOPPED = """
import asyncio, sys
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from shared.chassis.database.pool import open_pool
from shared.chassis.kafka.client import Kafka
from shared.chassis.relay.relay import Relay

send, first = AIOKafkaClient.send, True

async def late(self, node, request, **more):
    # The answer to the first request is on its way for a while.
    global first
    answer = await send(self, node, request, **more)
    if isinstance(request, ProduceRequest) and first:
        first = False
        print("sent", flush=True)
        await asyncio.sleep(5)
    return answer

AIOKafkaClient.send = late

async def main(dsn, servers):
    async with await open_pool(dsn, "intake", size=3) as pool:
        await Relay("intake", pool, Kafka(servers), holder="stopped").run()

asyncio.run(main(*sys.argv[1:]))
"""


@dataclass
class Stopped:
    """A suspended process whose relay has sent the first part of a page and waits for the response."""

    process: asyncio.subprocess.Process

    async def says(self, words: str) -> None:
        """Return when it has written this."""
        assert self.process.stdout
        async with asyncio.timeout(60):
            while words not in (line := (await self.process.stdout.readline()).decode()):
                assert line, f"it ended before it said {words}"


@contextlib.asynccontextmanager
async def relaying_apart(database: str, broker: Server) -> AsyncIterator[Stopped]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STOPPED, database, broker.url, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield Stopped(process)
    finally:
        process.kill()
        await process.wait()


def large(facts: Sequence[Envelope]) -> Sequence[Envelope]:
    """The same facts, so large that a request to the broker has room for only two."""
    return [fact._replace(data=f'{{"x": "{"x" * 60_000}"}}') for fact in facts]


@pytest.mark.kafka
async def test_a_suspended_process_that_goes_on_sends_nothing_after_another_has_taken_over(
    database: str, pool: Pool, broker: Server
):
    key = uuid4()
    envelopes = large([envelope(story.SUBMISSION, n, key)._replace(id=uuid4()) for n in range(1, 7)])
    await append_paused(pool, envelopes[:4])
    async with received(broker) as arrived, relaying_apart(database, broker) as stopped:
        await stopped.says("sent")
        stopped.process.send_signal(signal.SIGSTOP)
        async with relaying(pool, broker):
            await eventually(lambda: leader(pool), lambda found: found[1] == 2, within=60)
            await append_paused(pool, envelopes[4:5])
            await until(arrived, {key}, 2 + 5)
            stopped.process.send_signal(signal.SIGCONT)
            await stopped.says("relay waits")
            await append_paused(pool, envelopes[5:])
            await until(arrived, {key}, 2 + 6)
    assert [recorded_envelope.sequence for recorded_envelope in arrived if recorded_envelope.key == key] == [
        1,
        2,
        1,
        2,
        3,
        4,
        5,
        6,
    ]
