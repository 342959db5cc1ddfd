"""How long after a 201 a demand can be seen in the view, on a whole deployment."""

import asyncio
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from uuid import uuid4

import asyncpg
import httpx

from deploy.cli.channels import keys
from deploy.local.deployment import Options, Running, deployed
from deploy.local.state import state_dir

Latencies = dict[str, Sequence[float]]


async def measure(rates: Sequence[int], seconds: float) -> Latencies:
    """Milliseconds from 201 to visible, for each rate of submissions a second."""
    with tempfile.TemporaryDirectory(prefix="huying-bench") as top:
        Path(top).chmod(0o711)
        options = Options(Path(top) / "state", port=0, broker="apache-kafka", kafka_cache=state_dir() / "cache")
        async with deployed(options) as running:
            await _at(running, 20, 2)
            return {f"{rate}/s": await _at(running, rate, seconds) for rate in rates}


async def _at(running: Running, rate: int, seconds: float) -> Sequence[float]:
    headers = {"X-API-Key": keys(running.options.directory / "channels.json")["web"]}
    body = {"title": "校车接送点没有风雨棚", "division": "440605126222", "category": "school-transport"}
    waiting: dict[str, float] = {}
    found: list[float] = []
    limits = httpx.Limits(max_connections=32)
    async with httpx.AsyncClient(base_url=running.url, headers=headers, limits=limits, timeout=30) as client:

        async def submit() -> None:
            answer = await client.post("/v1/demands", json=body, headers={"Idempotency-Key": uuid4().hex})
            waiting[answer.json()["number"]] = perf_counter()

        watching = asyncio.create_task(_watch(running.runtime.database_url, waiting, found))
        count, started, tasks = int(rate * seconds), perf_counter(), []
        for n in range(count):
            await asyncio.sleep(max(0.0, started + n / rate - perf_counter()))
            tasks.append(asyncio.create_task(submit()))
        await asyncio.gather(*tasks)
        while len(found) < count:
            await asyncio.sleep(0.01)
        watching.cancel()
    return found


async def _watch(dsn: str, waiting: dict[str, float], found: list[float]) -> None:
    db = await asyncpg.connect(dsn)
    question = "SELECT number FROM reporting.demand_facts WHERE number = ANY($1)"
    while True:
        if waiting:
            rows = await db.fetch(question, list(waiting))
            now = perf_counter()
            found.extend((now - waiting.pop(row["number"])) * 1000 for row in rows)
        await asyncio.sleep(0.002)


def quantiles(values: Sequence[float]) -> tuple[float, float]:
    """p50 and p99."""
    cuts = statistics.quantiles(values, n=100)
    return cuts[49], cuts[98]
