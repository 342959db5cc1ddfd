"""`python -m tests.bench.routing_cost [batches]`: processor time of a fact in routing and its PostgreSQL.

A thousand submissions a batch, from memory into PostgreSQL, each routed by the catalogue; then the four steps of
their handling, for a thousand random cases in a transaction. The median of all batches; processor times, so that
other work on the machine matters less.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from random import Random
from statistics import median
from time import process_time
from typing import Final, NamedTuple
from uuid import UUID, uuid4

import uvloop

from services.routing.assembled import demand_repository
from shared.chassis.aggregates.repository import Repositories
from shared.chassis.base import logs
from shared.chassis.base.clock import now, uuid7
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.consumer.record import Record
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.process.run import settle
from shared.contracts.demand import facts as f
from shared.contracts.numbers import number
from tests import story
from tests.bench.alone import of_processor, postgres
from tests.chassis.conftest import envelope
from tests.packs import shipped

BATCH: Final = 1000
CATEGORIES: Final = ("road-damage", "parking", "noise", "housing", "care")
STEPS: Final[Sequence[f.StatusFact]] = (
    f.DemandAccepted(by="陈"), f.DemandContacted(by="陈"), f.DemandProgressed(by="陈", note="已到现场"),
    f.DemandResolved(by="陈", result="已修复"),
)  # fmt: skip


class Cost(NamedTuple):
    """The cost of one fact: microseconds of Python and of PostgreSQL, bytes of write-ahead log."""

    python: float
    postgres: float
    log: float


class Server:
    """The resources that PostgreSQL has used for the connections of one pool."""

    def __init__(self, pool: Pool, pids: Sequence[int]) -> None:
        self.pool, self.pids = pool, pids

    @classmethod
    async def of(cls, pool: Pool) -> "Server":
        """The server of all connections of a pool, which are opened."""
        async with AsyncExitStack() as stack:
            held = [await stack.enter_async_context(pool.acquire()) for _ in range(pool.get_max_size())]
            return cls(pool, [await db.fetchval("SELECT pg_backend_pid()") for db in held])

    def seconds(self) -> float:
        """Processor seconds so far."""
        return sum(map(of_processor, self.pids))

    async def log(self) -> int:
        """Bytes of write-ahead log, so far."""
        return int(await self.pool.fetchval("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))


def submissions(first: int) -> list[tuple[UUID, Record]]:
    """Records of a thousand demands from many villages and categories."""
    pack = shipped().of_unit("nh-tax")
    assert pack
    villages = [division.code for division in pack.divisions if division.level == "village"]
    records_made = []
    for n in range(first, first + BATCH):
        fact = story.SUBMISSION.model_copy(
            update={
                "number": number("NH", 2021, n), "title": "校车接送点没有风雨棚" * 3, "text": "路边没有遮挡" * 20,
                "division": villages[n % len(villages)], "category": CATEGORIES[n // 7 % len(CATEGORIES)],
            }
        )  # fmt: skip
        key = uuid7()
        submission_envelope = envelope(fact, 1, key, now())
        headers = tuple(submission_envelope.headers())
        records_made.append(
            (
                key,
                Record(
                    "huying.demand-events", n % 12, n, str(key).encode(), headers, submission_envelope.data.encode()
                ),
            )
        )
    return records_made


async def measure(dsn: str, batches: int) -> dict[str, Cost]:
    """The cost of routing a demand, and of each step of its handling."""
    costs: dict[str, Cost] = {}
    async with await open_pool(dsn, "routing", size=4) as pool:
        delivery = Delivery(pool, Repositories.of(demand_repository(shipped())), "bench")
        server = await Server.of(pool)
        taken = [submissions(n * BATCH) for n in range(batches)]
        keys = [key for batch in taken for key, _ in batch]
        records = [[record for _, record in batch] for batch in taken]
        costs["routed"] = await _cost(server, [partial(delivery.deliver, batch) for batch in records])
        for fact in STEPS:
            Random(fact.type).shuffle(keys)
            parts = [keys[n * BATCH : (n + 1) * BATCH] for n in range(batches)]
            costs[fact.type] = await _cost(server, [partial(_told, pool, delivery, part, fact) for part in parts])
    return costs


async def _cost(server: Server, batches: Sequence[Callable[[], Awaitable[None]]]) -> Cost:
    """The cost of one fact of these batches, each of `BATCH` facts."""
    python, postgres, log = [], [], await server.log()
    for batch in batches:
        before, began = server.seconds(), process_time()
        await batch()
        python.append(process_time() - began)
        postgres.append(server.seconds() - before)
    facts = BATCH * len(batches)
    of_one = 1e6 / BATCH
    return Cost(median(python) * of_one, median(postgres) * of_one, (await server.log() - log) / facts)


async def _told(pool: Pool, delivery: Delivery, keys: Sequence[UUID], fact: f.StatusFact) -> None:
    (repository,) = delivery.repositories.by_stream.values()
    async with pool.acquire() as db, db.transaction():
        work = await repository.load(db, keys, now())
        for key in keys:
            work.record(key, [fact], now(), uuid4())
        await repository.save(db, work)


async def main(batches: str) -> None:
    """Measure in its own process, on uvloop like the product's processes."""
    async with postgres() as dsn:
        child = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.bench.routing_cost", batches, dsn)
        if await child.wait():
            raise RuntimeError("the measurement failed")


async def _measured(batches: int, dsn: str) -> None:
    for name, cost in (await measure(dsn, batches)).items():
        print(f"{name:20} Python {cost.python:6.1f} us  PostgreSQL {cost.postgres:6.1f} us  log {cost.log:7.0f} bytes")
    async with await open_pool(dsn, "routing", size=1) as pool:
        updates = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relid = 'demand'::regclass"
        updated, in_place = await pool.fetchrow(updates) or (0, 0)
    print(f"rows of demand that were updated: {updated:,}, in place: {in_place:,}")


if __name__ == "__main__":
    logs.set_up("bench", "console", "error")
    match sys.argv[1:]:
        case [batches, dsn]:
            settle()
            uvloop.run(_measured(int(batches), dsn))
        case given:
            asyncio.run(main(given[0] if given else "32"))
