"""The relay: sends a journal to Kafka, the facts of each aggregate in sequence. Nothing else sends to Kafka."""

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
from shared.chassis.kafka.cancellation import asked_to_end, run_until_first_ends
from shared.chassis.kafka.client import Kafka
from shared.chassis.kafka.log_identity import LogIdentity
from shared.chassis.relay import batches, relay_cursor
from shared.chassis.relay.gaps import GapTracker
from shared.chassis.relay.leased_producer import LeasedProducer
from shared.chassis.relay.relay_cursor import Begin, Shard
from shared.chassis.tracing import hops, spans
from shared.contracts.envelope import Envelope, unversioned

log = structlog.get_logger()
POLL: Final = 1.0
LATE: Final = 0.05
"""Seconds between two reads while a transaction that has not committed leaves a gap."""
SETTLE: Final = 1.0
"""Seconds between two moves of the cursor. After a crash the facts after the cursor are sent again, and dropped by
the consumers."""
GAUGE: Final = 5.0
PATIENCE: Final = 30.0
"""Seconds for the broker to accept a page; then the relay gives up the lease, and another process may try."""
SILENT: Final = 60.0
"""Seconds that a fact may be unsent before the readiness check fails."""


class LogCut(KafkaError):  # type: ignore[misc]  # aiokafka is not typed
    """A partition acknowledged an offset twice: its topic was created again, or it has lost its last records."""


@dataclass(slots=True)
class Relay:
    """Sends one shard of one service's journal, while it holds the shard's lease."""

    service: str
    pool: Pool
    kafka: Kafka
    shard: Shard = field(default_factory=Shard)
    holder: str = field(default_factory=lambda: str(uuid4()))
    """The name in the lease. A process with a fixed name takes its own old lease at once after a restart."""
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Send until cancelled. After a passing fault of database or broker, begin again from the stored cursor."""
        lease = Lease(self.pool, self.shard.lease, self.holder)
        while not asked_to_end():
            try:
                await self._session(lease)
            except (*PASSING, KafkaError, LeaseLost) as fault:
                metrics.RELAY_RETRIES.labels(self.service).inc()
                log.warning("relay waits", service=self.service, cause=repr(fault))
                await asyncio.sleep(POLL)

    async def gauge(self) -> None:
        """Measure the backlog every few seconds until cancelled, even while the broker is away."""
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
            stack.push_async_callback(self._reset, db)
            # Before the first ANALYZE, the planner prefers to scan the whole journal rather than use its index.
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
            # Revoke before the producer stops, or it would send its buffers: the next session sends those facts.
            stack.callback(lease.revoke)
            await run_until_first_ends(lease.keep(), self._lead(db, producer, lease))

    async def _lead(self, db: Connection, producer: AIOKafkaProducer, lease: Lease) -> None:
        await producer.start()
        identity, ends = await cluster.account_of(self.kafka)
        start = await relay_cursor.begin(db, identity, ends, self.shard)
        if start.because:
            log.warning(
                "the relay sends the journal again from its beginning", service=self.service, cause=start.because
            )
        await relay_cursor.move(db, identity, self.shard, start.position, 0, start.ends, lease)
        await db.add_listener(f"{journal.WAKE}.{self.service}", self._woken)
        await self._send_all(db, producer, lease, identity, start)

    async def _reset(self, db: Connection) -> None:
        """Undo what this session has set on the connection."""
        with contextlib.suppress(*PASSING):  # a broken connection needs no reset
            async with asyncio.timeout(POLL):
                await db.remove_listener(f"{journal.WAKE}.{self.service}", self._woken)
                await db.execute("RESET enable_seqscan")

    def _woken(self, *_: object) -> None:
        self._wake.set()

    async def _send_all(
        self, db: Connection, producer: AIOKafkaProducer, lease: Lease, identity: LogIdentity, start: Begin
    ) -> None:
        unsent, stored, sent, ends = GapTracker(self.shard, start.position), start.position, 0, start.ends
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
        self, producer: AIOKafkaProducer, envelopes: Sequence[Envelope], ends: dict[str, dict[str, int]]
    ) -> None:
        """Return when the broker has acknowledged all facts; updates the end of each partition in `ends`."""
        # An aggregate has one writer, and its rows are sent in order: so its facts stay in sequence.
        if not envelopes:
            return
        envelopes, open_spans = hops.relayed(envelopes, now())
        async with asyncio.timeout(PATIENCE):
            acknowledged = await batches.send(producer, envelopes)
        spans.end(open_spans)
        for partition, end in acknowledged.items():
            _move_end(ends.setdefault(partition.topic, {}), str(partition.partition), end)
        for type, number in Counter(unversioned(envelope.type) for envelope in envelopes).items():
            metrics.SENT.labels(self.service, type).inc(number)

    async def _wait(self, unsent: GapTracker) -> None:
        """Wait for the notification of a commit, at most `POLL` seconds, or `LATE` seconds while there is a gap."""
        # Not `wait_for`: in Python 3.11 it loses a cancellation that comes with the event, and `run` would not end.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LATE if unsent.gaps else POLL):
                await self._wake.wait()


def _move_end(ends: dict[str, int], partition: str, end: int) -> None:
    last_end = ends.get(partition, 0)
    if end <= last_end:
        raise LogCut(f"partition {partition} has acknowledged offset {end - 1} after {last_end - 1}")
    ends[partition] = end


def running(service: str, pool: Pool, kafka: Kafka, shards: int, holder: str = "") -> list[Relay]:
    """A relay for every shard; `holder` is the fixed name of this process, or empty."""
    return [Relay(service, pool, kafka, Shard(number, shards), holder or str(uuid4())) for number in range(shards)]


def sending(service: str, pool: Pool, shards: int) -> Check:
    """A check that fails when no process sends this service's journal."""

    async def check() -> str | None:
        silent: Sequence[relay_cursor.UnsentShard] = ()
        with contextlib.suppress(*PASSING):  # another check reports that the database is away
            async with pool.acquire(timeout=2) as db:
                silent = await relay_cursor.silences(db, shards, SILENT)
        lines = [
            f"{service}: no process sends shard {shard} of the journal to Kafka; its oldest unsent fact is {age:.0f}"
            " s old;"
            f" it was last led by {holder or 'nobody'}. Look at what this process logs about its relay"
            for shard, age, holder in silent
        ]
        return "\n".join(lines) or None

    return check
