"""`POST /v1/demands` of the product beside plain FastAPI that writes its requests with one shared INSERT."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import uvloop
from fastapi import FastAPI
from pydantic import BaseModel

from deploy.local.ports import free_port
from services.intake import app as intake
from services.intake.channels import keys
from services.intake.settings import IntakeSettings
from services.intake.similar.indexing import Indexing
from shared.chassis.base import logs
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.http.app import server, web_app
from shared.chassis.process.run import settle
from shared.contracts.demand.facts import ChannelKind
from tests.bench.alone import postgres
from tests.bench.client import HOST, Client
from tests.bench.rig import unlimited
from tests.keys import KEYS

CONNECTIONS = 64
OPENING = 0.5
BENCH = (sys.executable, "-m", "tests.bench.front")
BODY = orjson.dumps({
    "title": "校车接送点没有风雨棚", "text": "早上七点最挤，下雨时孩子们只能站在路边。" * 12,
    "division": "440605126222", "category": "school-transport",
    "contact": {"name": "邹女士", "phone": "13800138000"},
})  # fmt: skip


class Plain(BaseModel):
    """The body, without our rules."""

    title: str
    text: str
    division: str
    category: str
    contact: dict[str, str]


async def bare(dsn: str) -> FastAPI:
    """Validates the body and stores it."""
    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=4)
    await pool.execute("CREATE TABLE IF NOT EXISTS public.bare (id uuid PRIMARY KEY, body text NOT NULL)")
    app, waiting, rows_kept = FastAPI(), list[tuple[UUID, str]](), list[asyncio.Future[None]]()
    working: asyncio.Task[None] | None = None

    async def keep() -> None:
        """Write all waiting rows with one INSERT, as long as there are any, without our code."""
        while waiting:
            ids, bodies = zip(*waiting, strict=True)
            batch = rows_kept[:]
            waiting.clear()
            rows_kept.clear()
            await pool.execute("INSERT INTO public.bare SELECT * FROM unnest($1::uuid[], $2::text[])", ids, bodies)
            for answer in batch:
                answer.set_result(None)

    @app.post("/v1/demands", status_code=201)
    async def submit(demand: Plain) -> dict[str, str]:
        nonlocal working
        id, answer = uuid4(), asyncio.get_running_loop().create_future()
        waiting.append((id, demand.model_dump_json()))
        rows_kept.append(answer)
        if working is None or working.done():
            working = asyncio.create_task(keep())
        await answer
        return {"id": str(id), "title": demand.title}

    return app


async def ours(dsn: str) -> FastAPI:
    """Intake's own."""
    pool = await open_pool(dsn, "intake")
    return web_app("intake", intake.api(_settings(dsn), pool).routers)


def _settings(dsn: str) -> IntakeSettings:
    return IntakeSettings.model_validate(KEYS | {"DATABASE_URL": dsn})


async def _index(dsn: str) -> None:
    """Index submissions like intake's worker."""
    indexing = Indexing(await open_pool(dsn, "intake", size=1))
    settle()
    await indexing.run()


async def _serve(which: str, dsn: str, port: str) -> None:
    app = await {"bare": bare, "ours": ours}[which](dsn)
    settle()
    await server(app, HOST, int(port)).serve()


@dataclass(slots=True)
class Load:
    """Requests over kept connections: as fast as they are answered, or `rate` a second in all.

    Requests sent while the connections are opened do not count.
    """

    port: int
    key: str
    seconds: float
    rate: float = 0.0
    times: list[float] = field(default_factory=list)

    async def run(self) -> float:
        """Requests answered with 201 a second; fails on any other answer."""
        started = perf_counter()
        await asyncio.gather(*(self._connection(n, started) for n in range(CONNECTIONS)))
        return len(self.times) / (perf_counter() - started - OPENING)

    async def _connection(self, n: int, started: float) -> None:
        due = started + n / self.rate if self.rate else started
        with closing(Client(self.port)) as client:
            while perf_counter() < started + OPENING + self.seconds:
                if self.rate:
                    await asyncio.sleep(max(0.0, due - perf_counter()))
                    due += CONNECTIONS / self.rate
                asked = perf_counter()
                await client.submit(BODY, {"X-API-Key": self.key, "Idempotency-Key": uuid4().hex})
                if asked > started + OPENING:
                    self.times.append(perf_counter() - asked)

    @property
    def p99(self) -> float:
        """Milliseconds."""
        return sorted(self.times)[int(len(self.times) * 0.99)] * 1000


async def _load(*arguments: str) -> None:
    port, key, seconds, rate = arguments
    load = Load(int(port), key, float(seconds), float(rate))
    print(await load.run(), load.p99)


async def loaded(port: int, key: str, seconds: float, rate: float = 0.0) -> "Front":
    """Measure a server under a `Load`, which runs in its own process."""
    child = await asyncio.create_subprocess_exec(
        *BENCH, "load", str(port), key, str(seconds), str(rate), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await child.communicate()
    return Front(*map(float, output.split()))


@asynccontextmanager
async def beside(*arguments: str) -> AsyncIterator[None]:
    """This module in a process of its own."""
    child = await asyncio.create_subprocess_exec(*BENCH, *arguments)
    try:
        yield
    finally:
        child.terminate()
        await child.wait()


@asynccontextmanager
async def serving(which: str, dsn: str) -> AsyncIterator[int]:
    """The port of a server."""
    port = free_port()
    async with beside(which, dsn, str(port)):
        while True:
            try:
                _, writer = await asyncio.open_connection(HOST, port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                break
        yield port


@dataclass(frozen=True, slots=True)
class Front:
    """The result of one server: requests a second, and the 99th percentile in ms."""

    rate: float
    p99: float


async def measure(seconds: float, rounds: int = 9) -> tuple[Front, Front]:
    """Plain FastAPI and the product in turn, so that other load affects both alike; medians of the rounds.

    Both p99 are at half of the product's maximum rate.
    """
    async with postgres() as dsn:
        pool: Pool = await open_pool(dsn, "intake", size=1)
        key = await keys.add(pool, "bench", ChannelKind.WEB, "Bench")
        await pool.close()
        await unlimited(dsn)
        async with serving("bare", dsn) as plain, serving("ours", dsn) as own, beside("indexing", dsn):
            load = partial(loaded, key=key, seconds=seconds)
            await load(plain)
            await load(own)
            most = [[(await load(port)).rate for port in (plain, own)] for _ in range(rounds)]
            half = median(ours for _, ours in most) / 2
            slow = [[(await load(port, rate=half)).p99 for port in (plain, own)] for _ in range(rounds)]
    rates, times = (list(map(median, zip(*found, strict=True))) for found in (most, slow))
    return Front(rates[0], times[0]), Front(rates[1], times[1])


async def main() -> None:
    """Print both."""
    plain, own = await measure(2)
    print(f"bare {plain.rate:,.0f} req/s, ours {own.rate:,.0f} req/s: {own.rate / plain.rate:.2f} (aim 0.5)")
    print(f"p99 at half of ours: bare {plain.p99:.1f} ms, ours {own.p99:.1f} ms: {own.p99 / plain.p99:.1f} (aim 3)")


if __name__ == "__main__":
    logs.set_up("bench", "console", "error")
    if len(sys.argv) > 1:
        part, *told = sys.argv[1:]
        parts: dict[str, Callable[..., Coroutine[Any, Any, None]]] = {
            "indexing": _index, "load": _load, "bare": partial(_serve, "bare"), "ours": partial(_serve, "ours"),
        }  # fmt: skip
        uvloop.run(parts[part](*told))
    else:
        asyncio.run(main())
