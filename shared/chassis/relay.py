"""The relay: sends a journal to Kafka in commit order; the only sender there is."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.chassis import broker, journal, metrics
from shared.chassis.database import PASSING, Connection, Pool
from shared.contracts.envelope import Envelope
from shared.contracts.topics import TOPIC_OF

log = structlog.get_logger()
PAGE: Final = 2000
POLL: Final = 1.0
HELD_BACK: Final = (0.001, 0.002, 0.004, 0.008, 0.016)

# Rows whose transaction is older than every running one can get no predecessor any more.
_READ: Final = f"""
    SELECT transaction_id, position, {journal.COLUMNS}
    FROM journal
    WHERE (transaction_id, position) > ($1, $2)
      AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
      AND ($3 = 1 OR abs(hashtext(aggregateid::text)) % $3 = $4)
    ORDER BY transaction_id, position
    LIMIT {PAGE}
"""  # noqa: S608 (constants)


@dataclass(slots=True)
class Relay:
    """One shard of one service's journal; the shard's advisory lock makes it the only one."""

    service: str
    pool: Pool
    bootstrap: str
    shard: int = 0
    shards: int = 1
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Send until cancelled; a passing fault of either server starts over from the stored cursor."""
        while True:
            try:
                await self._session()
            except (*PASSING, KafkaError) as fault:
                log.warning("relay waits", service=self.service, cause=repr(fault))
                await asyncio.sleep(POLL)

    async def _session(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            db = await stack.enter_async_context(self.pool.acquire(timeout=5))
            await self._own_the_shard(db)
            producer = AIOKafkaProducer(
                bootstrap_servers=self.bootstrap,
                acks="all",
                enable_idempotence=True,
                max_batch_size=131_072,
                request_timeout_ms=15_000,
            )
            stack.push_async_callback(producer.stop)
            await producer.start()
            cluster_id = await broker.cluster_id(self.bootstrap)
            await db.add_listener(f"{journal.WAKE}.{self.service}", self._woken)
            stack.push_async_callback(self._unlisten, db)
            await self._send_all(db, producer, cluster_id)

    async def _own_the_shard(self, db: Connection) -> None:
        take = "SELECT pg_try_advisory_lock(hashtext('huying.relay.' || current_schema()), $1)"
        while not await db.fetchval(take, self.shard):  # noqa: ASYNC110 (another process has it)
            await asyncio.sleep(POLL)

    async def _unlisten(self, db: Connection) -> None:
        with contextlib.suppress(*PASSING):  # a connection that is gone has let go of both
            await db.remove_listener(f"{journal.WAKE}.{self.service}", self._woken)
            await db.execute("SELECT pg_advisory_unlock_all()")

    def _woken(self, *_: object) -> None:
        self._wake.set()

    async def _send_all(self, db: Connection, producer: AIOKafkaProducer, cluster_id: str) -> None:
        cursor, looked = await self._cursor(db, cluster_id), 0
        while True:
            self._wake.clear()
            rows = await db.fetch(_READ, *cursor, self.shards, self.shard)
            if rows:
                await self._send(producer, [journal.from_row(row) for row in rows])
                cursor, looked = (rows[-1]["transaction_id"], rows[-1]["position"]), 0
                await self._move(db, cluster_id, cursor, len(rows))
            else:
                await self._wait(db, cursor, HELD_BACK[min(looked, len(HELD_BACK) - 1)])
                looked += 1

    async def _cursor(self, db: Connection, cluster_id: str) -> tuple[int, int]:
        row = await db.fetchrow(
            "SELECT transaction_id, position FROM relay_cursor WHERE cluster_id = $1 AND shard = $2",
            cluster_id,
            self.shard,
        )
        if row:
            return row["transaction_id"], row["position"]
        log.info("new broker: the journal is told from its beginning", service=self.service, cluster=cluster_id)
        return -1, -1

    async def _send(self, producer: AIOKafkaProducer, told: Sequence[Envelope]) -> None:
        # One writer a demand and page order keep each demand's facts in sequence.
        waiting = [
            await producer.send(TOPIC_OF[e.stream], e.data.encode(), key=str(e.key).encode(), headers=e.headers())
            for e in told
        ]
        await asyncio.gather(*waiting)
        metrics.SENT.labels(self.service).inc(len(told))

    async def _move(self, db: Connection, cluster_id: str, cursor: tuple[int, int], sent: int) -> None:
        await db.execute(
            """
            INSERT INTO relay_cursor AS known (cluster_id, shard, transaction_id, position, sent)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (cluster_id, shard) DO UPDATE SET transaction_id = excluded.transaction_id,
                position = excluded.position, sent = known.sent + excluded.sent, moved_at = now()
            """,
            cluster_id, self.shard, *cursor, sent,
        )  # fmt: skip

    async def _wait(self, db: Connection, cursor: tuple[int, int], held_back: float) -> None:
        """Until woken; a row still behind the horizon is looked for again soon, and then more rarely."""
        oldest = await db.fetchval(
            "SELECT extract(epoch FROM now() - min(recorded_at)) FROM journal"
            " WHERE (transaction_id, position) > ($1, $2)",
            *cursor,
        )
        metrics.BACKLOG.labels(self.service).set(float(oldest or 0))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), held_back if oldest is not None else POLL)


def running(service: str, pool: Pool, bootstrap: str, shards: int) -> list[Relay]:
    """A relay for every shard."""
    return [Relay(service, pool, bootstrap, shard, shards) for shard in range(shards)]
