"""The time from a response 201 until a demand is in the view, on a whole deployment."""

import asyncio
import contextlib
import statistics
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from uuid import uuid4

import asyncpg
import orjson

from deploy.cli.channels import keys
from deploy.local.deployment import Running
from deploy.local.ports import free_port
from tests.bench.client import Client
from tests.bench.floor import pipeline
from tests.bench.rig import Rig, unlimited, whole_deployment
from tests.eventually import eventually

BODY = orjson.dumps({"title": "校车接送点没有风雨棚", "division": "440605126222", "category": "school-transport"})
CONNECTIONS = 32
WARM_UP = (50, 20.0)
"""The rate and seconds of the warm-up, until the broker has compiled its frequent code."""


@dataclass(frozen=True, slots=True)
class Target:
    """The address for submissions, and the table whose rows are measured."""

    port: int
    headers: dict[str, str]
    dsn: str
    table: str
    seen: str


async def measure(rates: Sequence[int], seconds: float) -> dict[int, tuple[Sequence[float], Sequence[float]]]:
    """Milliseconds from 201 to routed and visible at each rate, for the hand-written pipeline and the product, on
    the same servers."""
    async with whole_deployment() as running:
        rig = Rig(running.runtime.database_url, running.runtime.kafka_bootstrap_servers)
        floor = Target(free_port(), {}, rig.dsn, "public.floor", "true")
        async with pipeline(rig, floor.port):
            await _until_answers(floor)
            plain = await _at_each(floor, rates, seconds)
        await unlimited(rig.dsn)
        own = await _at_each(_ours(running, rig), rates, seconds)
    return {rate: (plain[rate], own[rate]) for rate in rates}


def _ours(running: Running, rig: Rig) -> Target:
    key = keys(running.options.directory / "channels.json")["web"]
    port = int(running.url.rpartition(":")[2])
    return Target(port, {"X-API-Key": key}, rig.dsn, "reporting.demand_facts", "NEW.status = 'routed'")


async def _until_answers(target: Target) -> None:
    while True:
        asking = contextlib.closing(Client(target.port))
        with contextlib.suppress(OSError, asyncio.IncompleteReadError), asking as client:
            await client.submit(BODY, target.headers)
            return
        await asyncio.sleep(0.1)


async def _at_each(target: Target, rates: Sequence[int], seconds: float) -> dict[int, Sequence[float]]:
    async with _telling(target) as seen:
        await _at(target, seen, *WARM_UP)
        return {rate: await _at(target, seen, rate, seconds) for rate in rates}


@asynccontextmanager
async def _telling(target: Target) -> AsyncIterator[dict[str, float]]:
    """The time when each number became visible. The database notifies at the commit, since frequent polling would be
    a load."""
    seen: dict[str, float] = {}
    db = await asyncpg.connect(target.dsn)
    await db.execute(f"""
        CREATE OR REPLACE FUNCTION public.tell_seen() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_notify('seen', NEW.number); RETURN NULL; END $$;
        CREATE TRIGGER tell_seen AFTER INSERT OR UPDATE ON {target.table}
            FOR EACH ROW WHEN ({target.seen}) EXECUTE FUNCTION public.tell_seen()
    """)

    def note(*notification: object) -> None:
        seen.setdefault(str(notification[-1]), perf_counter())

    await db.add_listener("seen", note)
    try:
        yield seen
    finally:
        await db.execute(f"DROP TRIGGER tell_seen ON {target.table}")
        await db.close()


async def _at(target: Target, seen: dict[str, float], rate: int, seconds: float) -> Sequence[float]:
    answered: dict[str, float] = {}
    with contextlib.ExitStack() as stack:
        free: asyncio.LifoQueue[Client] = asyncio.LifoQueue()
        for _ in range(CONNECTIONS):
            free.put_nowait(stack.enter_context(contextlib.closing(Client(target.port))))

        async def submit() -> None:
            client = await free.get()
            answer = await client.submit(BODY, target.headers | {"Idempotency-Key": uuid4().hex})
            answered[orjson.loads(answer)["number"]] = perf_counter()
            free.put_nowait(client)

        started, tasks = perf_counter(), []
        for n in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, started + n / rate - perf_counter()))
            tasks.append(asyncio.create_task(submit()))
        await asyncio.gather(*tasks)

    async def unseen() -> set[str]:
        return answered.keys() - seen.keys()

    await eventually(unseen, lambda left: not left, within=60)
    return [max(0.0, seen[number] - at) * 1000 for number, at in answered.items()]


def quantiles(values: Sequence[float]) -> tuple[float, float]:
    """p50 and p99."""
    cuts = statistics.quantiles(values, n=100)
    return cuts[49], cuts[98]
