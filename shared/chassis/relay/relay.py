"""The relay: sends a journal to Kafka, each aggregate's facts in sequence; the only sender there is."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.chassis.aggregates import journal
from shared.chassis.base import metrics
from shared.chassis.base.checks import Check
from shared.chassis.base.clock import now
from shared.chassis.database.lease import Lease, LeaseLost
from shared.chassis.database.pool import PASSING, Connection, Pool
from shared.chassis.kafka import cluster
from shared.chassis.kafka.cancellation import asked_to_end, either
from shared.chassis.kafka.client import Kafka
from shared.chassis.kafka.log_identity import LogIdentity
from shared.chassis.relay import relay_cursor
from shared.chassis.relay.gaps import GapTracker
from shared.chassis.relay.leased_producer import LeasedProducer
from shared.chassis.relay.relay_cursor import Begin, Shard
from shared.chassis.tracing import hops, spans
from shared.contracts.envelope import Envelope, unversioned
from shared.contracts.topics import TOPIC_OF

log = structlog.get_logger()
POLL: Final = 1.0
LATE: Final = 0.05
SETTLE: Final = 1.0
"""The cursor need not follow every fact: what it lags behind is sent again after a crash, and dropped."""
GAUGE: Final = 5.0
PATIENCE: Final = 30.0
"""Seconds for the broker to take a page; then another process may have better luck."""
SILENT: Final = 60.0
"""Seconds that a fact may wait before a probe says that nobody sends it."""


class LogCut(KafkaError):  # type: ignore[misc]  # aiokafka is not typed
    """A partition took a fact at an offset that it had acknowledged before: it is another one, or lost its end."""


@dataclass(slots=True)
class Relay:
    """One shard of one service's journal; the shard's lease makes it the only one."""

    service: str
    pool: Pool
    kafka: Kafka
    shard: Shard = field(default_factory=Shard)
    holder: str = field(default_factory=lambda: str(uuid4()))
    """A fixed name takes over at once what a process of this name held before."""
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Send until cancelled; a passing fault of either server starts over from the stored cursor."""
        lease = Lease(self.pool, self.shard.lease, self.holder)
        while not asked_to_end():
            try:
                await self._session(lease)
            except (*PASSING, KafkaError, LeaseLost) as fault:
                metrics.RELAY_RETRIES.labels(self.service).inc()
                log.warning("relay waits", service=self.service, cause=repr(fault))
                await asyncio.sleep(POLL)

    async def gauge(self) -> None:
        """Measure the backlog until cancelled, whether or not anything can be sent."""
        while True:
            with contextlib.suppress(*PASSING):
                async with self.pool.acquire(timeout=5) as db:
                    metrics.BACKLOG.labels(self.service, str(self.shard.number)).set(
                        await relay_cursor.backlog(db, self.shard)
                    )
            await asyncio.sleep(GAUGE)

    async def _session(self, lease: Lease) -> None:
        async with contextlib.AsyncExitStack() as stack:
            await lease.take()
            stack.push_async_callback(lease.give_up)
            db = await stack.enter_async_context(self.pool.acquire(timeout=5))
            stack.push_async_callback(self._let_go, db)
            # Until ANALYZE has come by, reading all of a journal each time looks cheaper than looking up its end.
            await db.execute("SET enable_seqscan = off")
            producer = LeasedProducer(
                lease,
                **self.kafka.access(),
                acks="all",
                enable_idempotence=True,
                max_batch_size=131_072,
                request_timeout_ms=15_000,
            )
            stack.push_async_callback(producer.stop)
            # Before it is stopped, which sends what still waits: that is for the next session, in its order.
            stack.callback(lease.revoke)
            await either(lease.keep(), self._lead(db, producer, lease))

    async def _lead(self, db: Connection, producer: AIOKafkaProducer, lease: Lease) -> None:
        await producer.start()
        identity, ends = await cluster.account_of(self.kafka)
        begun = await relay_cursor.begin(db, identity, ends, self.shard)
        if begun.because:
            log.warning("the journal is told from its beginning", service=self.service, cause=begun.because)
        await relay_cursor.move(db, identity, self.shard, begun.position, 0, begun.ends, lease)
        await db.add_listener(f"{journal.WAKE}.{self.service}", self._woken)
        await self._send_all(db, producer, lease, identity, begun)

    async def _let_go(self, db: Connection) -> None:
        with contextlib.suppress(*PASSING):  # a connection that is gone has let go of both
            async with asyncio.timeout(POLL):
                await db.remove_listener(f"{journal.WAKE}.{self.service}", self._woken)
                await db.execute("RESET enable_seqscan")

    def _woken(self, *_: object) -> None:
        self._wake.set()

    async def _send_all(
        self, db: Connection, producer: AIOKafkaProducer, lease: Lease, identity: LogIdentity, begun: Begin
    ) -> None:
        unsent, stored, sent, ends = GapTracker(self.shard, begun.position), begun.position, 0, begun.ends
        loop = asyncio.get_running_loop()
        moved_at = loop.time()
        while not asked_to_end():
            self._wake.clear()
            rows = await unsent.read(db)
            await self._send(producer, [journal.from_row(row) for row in rows], ends)
            sent += len(rows)
            if unsent.settled != stored and loop.time() - moved_at >= SETTLE:
                await relay_cursor.move(db, identity, self.shard, unsent.settled, sent, ends, lease)
                stored, sent, moved_at = unsent.settled, 0, loop.time()
            if not unsent.more:
                await self._wait(unsent)

    async def _send(
        self, producer: AIOKafkaProducer, told: Sequence[Envelope], ends: dict[str, dict[str, int]]
    ) -> None:
        """Return when the broker has them all; notes in `ends` behind which offsets they lie."""
        # One writer for each aggregate, and the order of the rows, keep its facts in sequence.
        if not told:
            return
        told, begun = hops.relayed(told, now())
        async with asyncio.timeout(PATIENCE):
            waiting = [
                await producer.send(TOPIC_OF[e.stream], e.data.encode(), key=str(e.key).encode(), headers=e.headers())
                for e in told
            ]
            acknowledged = await asyncio.gather(*waiting)
        spans.end(begun)
        last = {one.topic_partition: one.offset for one in acknowledged}
        for place, offset in last.items():
            _note(ends.setdefault(place.topic, {}), str(place.partition), offset + 1)
        for type, number in Counter(unversioned(envelope.type) for envelope in told).items():
            metrics.SENT.labels(self.service, type).inc(number)

    async def _wait(self, unsent: GapTracker) -> None:
        """Until woken; for a transaction that commits late, not longer than a moment."""
        # `wait_for` of Python 3.11 forgets a cancellation that comes with the waking: the relay would never end.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LATE if unsent.gaps else POLL):
                await self._wake.wait()


def _note(ends: dict[str, int], partition: str, end: int) -> None:
    known = ends.get(partition, 0)
    if end <= known and end > 0:  # 0: acknowledged before, when the answer was lost
        raise LogCut(f"partition {partition} has acknowledged offset {end - 1} after {known - 1}")
    ends[partition] = max(known, end)


def running(service: str, pool: Pool, kafka: Kafka, shards: int, holder: str = "") -> list[Relay]:
    """A relay for every shard; `holder` is the fixed name of this process, where it has one."""
    return [Relay(service, pool, kafka, Shard(number, shards), holder or str(uuid4())) for number in range(shards)]


def sending(service: str, pool: Pool, shards: int) -> Check:
    """Whether somebody, in whatever process, sends this service's journal."""

    async def check() -> str | None:
        silent: Sequence[relay_cursor.Silence] = ()
        with contextlib.suppress(*PASSING):  # that the database is away is told by another check
            async with pool.acquire(timeout=2) as db:
                silent = await relay_cursor.silences(db, shards, SILENT)
        lines = [
            f"{service}: nobody sends shard {shard} of the journal to Kafka; its oldest unsent fact is {age:.0f} s old;"
            f" it was last led by {holder or 'nobody'}. Look at what this process logs about its relay"
            for shard, age, holder in silent
        ]
        return "\n".join(lines) or None

    return check
