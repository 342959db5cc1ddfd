"""How long after a 201 a demand can be seen in the view, on a whole deployment."""

import asyncio
import contextlib
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from uuid import uuid4

import asyncpg
import httpx

from deploy.cli.channels import keys
from deploy.local.deployment import Options, Running, deployed
from deploy.local.ports import free_port
from deploy.local.state import state_dir
from tests.bench.floor import pipeline
from tests.bench.rig import Rig, unlimited

BODY = {"title": "校车接送点没有风雨棚", "division": "440605126222", "category": "school-transport"}
SEEN_BY_HAND = "SELECT number FROM public.floor WHERE number = ANY($1)"
WARM_UP = (20, 2.0)


@dataclass(frozen=True, slots=True)
class Target:
    """Where to submit, and which of some numbers can be seen."""

    url: str
    headers: dict[str, str]
    dsn: str
    seen: str


async def measure(rates: Sequence[int], seconds: float) -> dict[int, tuple[Sequence[float], Sequence[float]]]:
    """Milliseconds from 201 to routed and visible at each rate a second: rolled by hand, and ours; same servers."""
    with tempfile.TemporaryDirectory(prefix="huying-bench") as top:
        Path(top).chmod(0o711)
        options = Options(Path(top) / "state", port=0, broker="apache-kafka", kafka_cache=state_dir() / "cache")
        async with deployed(options) as running:
            rig = Rig(running.runtime.database_url, running.runtime.kafka_bootstrap_servers)
            port = free_port()
            async with pipeline(rig, port):
                floor = Target(f"http://127.0.0.1:{port}", {}, rig.dsn, SEEN_BY_HAND)
                await _until_answers(floor)
                plain = await _at_each(floor, rates, seconds)
            await unlimited(rig.dsn)
            own = await _at_each(_ours(running, rig), rates, seconds)
    return {rate: (plain[rate], own[rate]) for rate in rates}


def _ours(running: Running, rig: Rig) -> Target:
    key = keys(running.options.directory / "channels.json")["web"]
    seen = "SELECT number FROM reporting.demand_facts WHERE number = ANY($1) AND status = 'routed'"
    return Target(running.url, {"X-API-Key": key}, rig.dsn, seen)


async def _until_answers(target: Target) -> None:
    async with httpx.AsyncClient(base_url=target.url) as client:
        while True:
            with contextlib.suppress(httpx.TransportError):
                if (await client.post("/v1/demands", json=BODY)).status_code == httpx.codes.CREATED:
                    return
            await asyncio.sleep(0.1)


async def _at_each(target: Target, rates: Sequence[int], seconds: float) -> dict[int, Sequence[float]]:
    await _at(target, *WARM_UP)
    return {rate: await _at(target, rate, seconds) for rate in rates}


async def _at(target: Target, rate: int, seconds: float) -> Sequence[float]:
    waiting: dict[str, float] = {}
    found: list[float] = []
    limits = httpx.Limits(max_connections=32)
    async with httpx.AsyncClient(base_url=target.url, headers=target.headers, limits=limits, timeout=30) as client:

        async def submit() -> None:
            answer = await client.post("/v1/demands", json=BODY, headers={"Idempotency-Key": uuid4().hex})
            waiting[answer.json()["number"]] = perf_counter()

        watching = asyncio.create_task(_watch(target, waiting, found))
        count, started, tasks = int(rate * seconds), perf_counter(), []
        for n in range(count):
            await asyncio.sleep(max(0.0, started + n / rate - perf_counter()))
            tasks.append(asyncio.create_task(submit()))
        await asyncio.gather(*tasks)
        while len(found) < count:
            await asyncio.sleep(0.01)
        watching.cancel()
    return found


async def _watch(target: Target, waiting: dict[str, float], found: list[float]) -> None:
    db = await asyncpg.connect(target.dsn)
    while True:
        if waiting:
            rows = await db.fetch(target.seen, list(waiting))
            now = perf_counter()
            found.extend((now - waiting.pop(row["number"])) * 1000 for row in rows)
        await asyncio.sleep(0.002)


def quantiles(values: Sequence[float]) -> tuple[float, float]:
    """p50 and p99."""
    cuts = statistics.quantiles(values, n=100)
    return cuts[49], cuts[98]
