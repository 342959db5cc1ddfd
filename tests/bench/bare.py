"""Minimal loops: the limit of servers and clients without any other work."""

import asyncio
from time import perf_counter
from uuid import UUID, uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord

from shared.chassis.aggregates import journal
from shared.chassis.database.pool import Connection, open_pool
from shared.chassis.relay.gaps import PAGE
from shared.contracts.topics import DEMAND_EVENTS
from tests.bench.rig import Rig

Records = list[ConsumerRecord]


async def send(rig: Rig, count: int) -> float:
    """Rows of the journal, read by position and sent in pages; facts/s."""
    pool = await open_pool(rig.dsn, "intake", size=1)
    producer = AIOKafkaProducer(
        bootstrap_servers=rig.bootstrap, acks="all", enable_idempotence=True, max_batch_size=131_072
    )
    await producer.start()
    started, last = perf_counter(), -1
    async with pool.acquire() as db:
        while rows := await db.fetch(
            "SELECT position, aggregateid, payload FROM journal WHERE position > $1 ORDER BY position LIMIT $2",
            last,
            PAGE,
        ):
            futures = [
                await producer.send("bench.bare", row["payload"].encode(), key=row["aggregateid"].bytes) for row in rows
            ]
            await asyncio.gather(*futures)
            last = rows[-1]["position"]
    seconds = perf_counter() - started
    await producer.stop()
    await pool.close()
    return count / seconds


async def route(rig: Rig, count: int) -> float:
    """`getmany`, then the statements of the routing worker with precomputed values; facts/s."""
    pool = await open_pool(rig.dsn, "routing", size=2)
    async with pool.acquire() as db:
        await db.execute(
            "CREATE TABLE bench_demand (id uuid PRIMARY KEY, version integer NOT NULL, state jsonb NOT NULL)"
        )
        await db.execute("CREATE TABLE bench_journal (LIKE journal INCLUDING ALL)")
    state = '{"number": "NH21-000001-W", "status": "routed", "unit": "u", "padding": "%s"}' % ("x" * 500)

    async def batch(records: Records) -> None:
        keys = [UUID(r.key.decode()) for r in records]
        async with pool.acquire() as db, db.transaction():
            await db.fetch("SELECT id, state::text FROM bench_demand WHERE id = ANY($1) ORDER BY id FOR UPDATE", keys)
            await db.fetch("SELECT * FROM parked WHERE aggregateid = ANY($1)", keys)
            await db.execute(
                "INSERT INTO bench_demand SELECT unnest($1::uuid[]), 2, $2::jsonb ON CONFLICT (id) DO NOTHING",
                keys,
                state,
            )
            await db.execute(
                f"INSERT INTO bench_journal ({journal.COLUMNS})"
                " SELECT unnest($1::uuid[]), 'demand', unnest($2::uuid[]),"
                " 'demand.routed.v1', '/x', 'NH21', now(), 2, NULL, NULL, NULL, false, $3",
                [uuid4() for _ in keys], keys, state,
            )  # fmt: skip
            await _progress(db, {r.partition: r.offset for r in records})

    return await _consume(rig, "bench-bare-route", count, batch)


async def project(rig: Rig, count: int) -> float:
    """`getmany`, then one upsert for each batch; facts/s."""
    pool = await open_pool(rig.dsn, "reporting", size=2)
    async with pool.acquire() as db:
        await db.execute("CREATE TABLE bench_view (id uuid PRIMARY KEY, body text NOT NULL)")

    async def batch(records: Records) -> None:
        await pool.execute(
            "INSERT INTO bench_view SELECT * FROM unnest($1::uuid[], $2::text[])"
            " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            [UUID(r.key.decode()) for r in records],
            [r.value.decode() for r in records],
        )

    return await _consume(rig, "bench-bare-project", count, batch)


async def _progress(db: Connection, last: dict[int, int]) -> None:
    await db.execute(
        "INSERT INTO progress (topic, partition, next_offset) SELECT 'bench', * FROM unnest($1::int[], $2::bigint[])"
        " ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset",
        list(last), list(last.values()),
    )  # fmt: skip


async def _consume(rig: Rig, group: str, count: int, batch) -> float:  # type: ignore[no-untyped-def]
    consumer = AIOKafkaConsumer(
        DEMAND_EVENTS.name, bootstrap_servers=rig.bootstrap, group_id=group, enable_auto_commit=False,
        auto_offset_reset="earliest", max_partition_fetch_bytes=4_194_304,
    )  # fmt: skip
    await consumer.start()
    count_seen, started = 0, 0.0
    while count_seen < count:
        records_by_partition = await consumer.getmany(timeout_ms=500, max_records=1000)
        records = [record for messages in records_by_partition.values() for record in messages]
        if not records:
            continue
        started = started or perf_counter()
        await batch(records)
        await consumer.commit()
        count_seen += len(records)
    seconds = perf_counter() - started
    await consumer.stop()
    return count_seen / seconds
