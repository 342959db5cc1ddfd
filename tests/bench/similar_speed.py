"""`python -m tests.bench.similar_speed [ROWS]`: how fast similar demands are found among a million open ones.

The table has only open demands of one district, far more than any district has: the worst case. Requests go over
HTTP (in this process) with another wording of an existing demand; measured is whether it is found.
"""

import asyncio
import os
import random
import statistics
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import islice
from time import perf_counter, process_time
from uuid import UUID

import asyncpg
import httpx
import psutil
from rich.console import Console
from rich.table import Table

from services.intake import app
from services.intake.channels import keys
from services.intake.settings import IntakeSettings
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.http.app import web_app
from shared.chassis.process.run import settle
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.demand.state import Demand, Status
from shared.masking.pieces import wording
from tests.bench.alone import postgres
from tests.bench.invented import Invented, Inventor
from tests.bench.rig import unlimited
from tests.keys import KEYS
from tests.packs import nanhai

Question = tuple[Invented, dict[str, str]]
QUESTIONS, CLIENTS = 1000, (1, 4)
console = Console(width=110, highlight=False)


async def main(rows: int) -> None:
    """Fill, ask, print."""
    inventor = Inventor(nanhai(), random.Random(1335))
    async with postgres() as dsn:
        started = perf_counter()
        kept = await fill(dsn, inventor, rows)
        console.print(f"{rows:,} open demands in {perf_counter() - started:.0f} s: {await sizes(dsn)}")
        async with await open_pool(dsn, "intake", size=8) as pool:
            key = await keys.add(pool, "web", ChannelKind.WEB, "Web")
            await unlimited(dsn)
            settings = IntakeSettings.model_validate(KEYS | {"DATABASE_URL": dsn})
            transport = httpx.ASGITransport(web_app("intake", app.api(settings, pool).routers))
            async with httpx.AsyncClient(
                transport=transport, base_url="http://intake", headers={"X-API-Key": key}, timeout=60
            ) as client:
                asked = list(questions(inventor, kept))
                console.print(await measured(client, asked))
                console.print(await work(client, pool, asked))
                load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
                console.print(f"load of this machine in the last 1, 5, 15 minutes: {load} on {os.cpu_count()} cores")


async def fill(dsn: str, inventor: Inventor, rows: int) -> list[Invented]:
    """Insert without indexes, then build them as the migration defines; returns a sample."""
    db = await asyncpg.connect(dsn, server_settings={"search_path": "intake", "maintenance_work_mem": "512MB"})
    indexes = await db.fetch("SELECT indexname, indexdef FROM pg_indexes WHERE indexname ~ '^likeness_[bl]'")
    for index in indexes:
        await db.execute(f"DROP INDEX {index['indexname']}")
    kept, invented, n = [], inventor.demands(rows), 0
    while batch := list(islice(invented, 20_000)):
        kept += batch[:: max(1, rows // QUESTIONS)]
        await _copy(db, inventor, batch, n)
        n += len(batch)
    for index in indexes:
        await db.execute(index["indexdef"])
    await db.execute("VACUUM ANALYZE likeness")
    await db.execute("VACUUM ANALYZE demand")
    await db.close()
    return kept


async def _copy(db: asyncpg.Connection, inventor: Inventor, batch: Sequence[Invented], first: int) -> None:
    present, likeness, states = now(), [], []
    for n, one in enumerate(batch, first):
        raised = present - timedelta(minutes=inventor.chance.randrange(525_600))
        within = inventor.pack.ancestors(one.division)
        pairs = sorted(wording(one.title).bigrams)
        likeness.append((UUID(int=n), True, raised, one.division, within, pairs, None, None))
        state = Demand(
            id=UUID(int=n), version=1, status=Status.SUBMITTED, number=str(n),
            division=one.division, title=one.title, submitted_at=raised,
        )  # fmt: skip
        states.append((UUID(int=n), 1, state.model_dump_json(exclude_defaults=True)))
    await db.copy_records_to_table("likeness", records=likeness, schema_name="intake")
    await db.copy_records_to_table("demand", records=states, schema_name="intake")


async def sizes(dsn: str) -> str:
    """The disk space of the table."""
    db = await asyncpg.connect(dsn)
    row = await db.fetchrow(
        "SELECT pg_size_pretty(pg_table_size('intake.likeness')) AS rows,"
        " pg_size_pretty(pg_relation_size('intake.likeness_bigrams')) AS pairs"
    )
    await db.close()
    assert row, "a SELECT without a table has one row"
    return f"table {row['rows']}, index of pairs {row['pairs']}"


def questions(inventor: Inventor, demands: Sequence[Invented]) -> Iterator[Question]:
    """The same problem of the same estate, in another citizen's words."""
    for one in demands[:QUESTIONS]:
        village = inventor.pack.division(one.division)
        assert village
        yield one, {"title": inventor.title(one.estate, one.problem, village.name), "division": one.division}


async def work(client: httpx.AsyncClient, pool: Pool, asked: Sequence[Question]) -> str:
    """Processor milliseconds for a request, including the client; other load does not change them."""
    async with pool.acquire() as db:
        rows = await db.fetch("SELECT pid FROM pg_stat_activity WHERE application_name = 'huying-intake'")
    processes = [psutil.Process(row["pid"]) for row in rows]

    def spent() -> tuple[float, float]:
        return process_time(), sum(sum(process.cpu_times()[:2]) for process in processes)

    before = spent()
    for _, body in asked:
        await client.post("/v1/demands/similar", json=body)
    here, there = ((after - start) * 1000 / len(asked) for start, after in zip(before, spent(), strict=True))
    return f"CPU a question: {here:.1f} ms in Python, {there:.1f} ms in PostgreSQL"


async def measured(client: httpx.AsyncClient, asked: Sequence[Question]) -> Table:
    """Milliseconds to the response; how often one of the results is about the same estate and problem."""
    table = Table(
        "clients at once", "p50 ms", "p95 ms", "p99 ms", "most ms", "questions/s", "same matter in the answer"
    )
    for clients in CLIENTS:
        waiting, took, found = iter(asked), list[float](), list[bool]()

        async def ask(waiting=waiting, took=took, found=found) -> None:  # type: ignore[no-untyped-def]
            for one, body in waiting:
                started = perf_counter()
                answer = await client.post("/v1/demands/similar", json=body)
                took.append((perf_counter() - started) * 1000)
                titles = [like["title"] for like in answer.raise_for_status().json()["similar"]]
                found.append(any(one.estate in title and one.problem in title for title in titles))

        started = perf_counter()
        await asyncio.gather(*(ask() for _ in range(clients)))
        cuts = statistics.quantiles(took, n=100)
        figures = (cuts[49], cuts[94], cuts[98], max(took), len(took) / (perf_counter() - started))
        table.add_row(str(clients), *(f"{figure:.1f}" for figure in figures), f"{sum(found) / len(found):.3f}")
    return table


if __name__ == "__main__":
    settle()
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
