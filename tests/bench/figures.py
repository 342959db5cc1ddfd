"""The time of a figure at ten thousand demands and at a million: API, board, and a page of the demands behind it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from statistics import quantiles
from time import perf_counter
from typing import Final

import asyncpg
import httpx

from services.reporting import app
from services.reporting.settings import ReportingSettings
from shared.chassis.database.migrate import migrate
from shared.chassis.database.pool import open_pool
from shared.chassis.http.app import web_app
from tests.bench import many
from tests.bench.alone import postgres

FEW, MANY = 10_000, 1_000_000
WARM, TIMES = 8, 40
_THIS: Final = datetime.now(UTC)
_FIGURES: Final = "/v1/figures/completion?jurisdiction=nanhai"
_OPENED: Final = "/v1/figures/completion/demands?jurisdiction=nanhai"
ASKED: Final = {
    "all, by month": f"{_FIGURES}&by=month",
    "all, by division": f"{_FIGURES}&by=division",
    "all, by unit": f"{_FIGURES}&by=unit",
    "all, by category": f"{_FIGURES}&by=category",
    "all, by channel": f"{_FIGURES}&by=channel",
    "a month, by division": f"{_FIGURES}&by=division&month={_THIS.year - 1}-06",
    "an evening, by division": f"{_FIGURES}&by=division&until={_THIS.year - 1}-06-15",
    "the board, by month": "/board?jurisdiction=nanhai",
    "the board, by division": "/board?jurisdiction=nanhai&by=division",
    "demands: all": _OPENED,
    "demands: of a village": f"{_OPENED}&by=division&key=440605126222&counted=completed",
    "demands: overdue": f"{_OPENED}&counted=overdue",
    "demands: of a unit, reopened": f"{_OPENED}&by=unit&key=station-440605126222&counted=reopened",
}


async def measure() -> Mapping[str, tuple[float, float]]:
    """Milliseconds at the 95th percentile of each request, at few demands and at many, in turn."""
    async with postgres() as dsn:
        beside = await _another(dsn)
        for one, count in ((dsn, FEW), (beside, MANY)):
            await many.fill(one, count)
        async with _reader(dsn) as few, _reader(beside) as most:
            return {name: await _p95(few, most, address) for name, address in ASKED.items()}


async def _another(dsn: str) -> str:
    """A second database on the same server."""
    db = await asyncpg.connect(dsn)
    await db.execute("CREATE DATABASE many")
    await db.close()
    beside = f"{dsn.rpartition('/')[0]}/many"
    await migrate(beside, "reporting", app.MIGRATIONS)
    return beside


@asynccontextmanager
async def _reader(dsn: str) -> AsyncIterator[httpx.AsyncClient]:
    settings = ReportingSettings.model_validate({"DATABASE_URL": dsn})
    async with await open_pool(dsn, "reporting") as pool:
        transport = httpx.ASGITransport(web_app("reporting", app.api(settings, pool).routers))
        async with httpx.AsyncClient(transport=transport, base_url="http://reporting", timeout=60) as client:
            yield client


async def _p95(few: httpx.AsyncClient, most: httpx.AsyncClient, address: str) -> tuple[float, float]:
    taken = [(await _taken(few, address), await _taken(most, address)) for _ in range(WARM + TIMES)][WARM:]
    before, after = zip(*taken, strict=True)
    return quantiles(before, n=20)[-1], quantiles(after, n=20)[-1]


async def _taken(client: httpx.AsyncClient, address: str) -> float:
    started = perf_counter()
    answer = await client.get(address)
    if answer.status_code != httpx.codes.OK:
        raise RuntimeError(f"{address}: {answer.text}")
    return (perf_counter() - started) * 1000
