"""The relay: sends a journal to Kafka, each demand's facts in sequence; the only sender there is."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.chassis import broker, cursor, journal, metrics
from shared.chassis.cursor import Shard
from shared.chassis.database import PASSING, Connection, Pool
from shared.chassis.ending import asked_to_end
from shared.chassis.kafka import Kafka
from shared.chassis.unsent import Unsent
from shared.contracts.envelope import Envelope
from shared.contracts.topics import TOPIC_OF

log = structlog.get_logger()
POLL: Final = 1.0
LATE: Final = 0.05
SETTLE: Final = 1.0
"""The cursor need not follow every fact: what it lags behind is sent again after a crash, and dropped."""
GAUGE: Final = 5.0


@dataclass(slots=True)
class Relay:
    """One shard of one service's journal; the shard's advisory lock makes it the only one."""

    service: str
    pool: Pool
    kafka: Kafka
    shard: Shard = field(default_factory=Shard)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Send until cancelled; a passing fault of either server starts over from the stored cursor."""
        while not asked_to_end():
            try:
                await self._session()
            except (*PASSING, KafkaError) as fault:
                log.warning("relay waits", service=self.service, cause=repr(fault))
                await asyncio.sleep(POLL)

    async def gauge(self) -> None:
        """Measure the backlog until cancelled, whether or not anything can be sent."""
        while True:
            with contextlib.suppress(*PASSING):
                async with self.pool.acquire(timeout=5) as db:
                    metrics.BACKLOG.labels(self.service).set(await cursor.backlog(db, self.shard))
            await asyncio.sleep(GAUGE)

    async def _session(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            db = await stack.enter_async_context(self.pool.acquire(timeout=5))
            stack.push_async_callback(self._let_go, db)
            await self._own_the_shard(db)
            # Until ANALYZE has come by, reading all of a journal each time looks cheaper than looking up its end.
            await db.execute("SET enable_seqscan = off")
            producer = AIOKafkaProducer(
                **self.kafka.access(),
                acks="all",
                enable_idempotence=True,
                max_batch_size=131_072,
                request_timeout_ms=15_000,
            )
            stack.push_async_callback(producer.stop)
            await producer.start()
            cluster_id = await broker.cluster_id(self.kafka)
            await db.add_listener(f"{journal.WAKE}.{self.service}", self._woken)
            await self._send_all(db, producer, cluster_id)

    async def _own_the_shard(self, db: Connection) -> None:
        take = "SELECT pg_try_advisory_lock(hashtext('huying.relay.' || current_schema()), $1)"
        while not await db.fetchval(take, self.shard.number):  # noqa: ASYNC110 (another process has it)
            await asyncio.sleep(POLL)

    async def _let_go(self, db: Connection) -> None:
        with contextlib.suppress(*PASSING):  # a connection that is gone has let go of both
            await db.remove_listener(f"{journal.WAKE}.{self.service}", self._woken)
            await db.execute("SELECT pg_advisory_unlock_all(); RESET enable_seqscan")

    def _woken(self, *_: object) -> None:
        self._wake.set()

    async def _send_all(self, db: Connection, producer: AIOKafkaProducer, cluster_id: str) -> None:
        begun = await cursor.begin(db, cluster_id, self.shard)
        if begun is None:
            log.info("new broker: the journal is told from its beginning", service=self.service, cluster=cluster_id)
        unsent, stored, sent = Unsent(self.shard, begun or 0), begun or 0, 0
        loop = asyncio.get_running_loop()
        moved_at = loop.time()
        while not asked_to_end():
            self._wake.clear()
            rows = await unsent.read(db)
            await self._send(producer, [journal.from_row(row) for row in rows])
            sent += len(rows)
            if unsent.settled != stored and loop.time() - moved_at >= SETTLE:
                await cursor.move(db, cluster_id, self.shard, unsent.settled, sent)
                stored, sent, moved_at = unsent.settled, 0, loop.time()
            if not unsent.more:
                await self._wait(unsent)

    async def _send(self, producer: AIOKafkaProducer, told: Sequence[Envelope]) -> None:
        # One writer a demand and page order keep each demand's facts in sequence.
        if not told:
            return
        waiting = [
            await producer.send(TOPIC_OF[e.stream], e.data.encode(), key=str(e.key).encode(), headers=e.headers())
            for e in told
        ]
        await asyncio.gather(*waiting)
        metrics.SENT.labels(self.service).inc(len(told))

    async def _wait(self, unsent: Unsent) -> None:
        """Until woken; for a transaction that commits late, not longer than a moment."""
        # `wait_for` of Python 3.11 forgets a cancellation that comes with the waking: the relay would never end.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LATE if unsent.gaps else POLL):
                await self._wake.wait()


def running(service: str, pool: Pool, kafka: Kafka, shards: int) -> list[Relay]:
    """A relay for every shard."""
    return [Relay(service, pool, kafka, Shard(number, shards)) for number in range(shards)]
