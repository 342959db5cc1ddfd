"""What counting a channel's requests costs: the same submissions with the count and with the bare look-up of the key.

`python -m tests.bench.quota` prints milliseconds a request, alone and with sixteen at once, and their median ratio.
"""

import asyncio
import itertools
import statistics
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import perf_counter
from unittest.mock import patch

import httpx

from services.intake import app, channels, key_queries
from services.intake.key_queries import Asking
from services.intake.queries import Channel
from services.intake.settings import IntakeSettings
from shared.chassis.database import Connection, open_pool
from shared.chassis.http import web_app
from shared.contracts.facts import ChannelKind
from tests.bench.alone import postgres
from tests.bench.rig import unlimited
from tests.keys import KEYS

BODY = {"title": "校车接送点没有风雨棚", "division": "440605126222", "category": "school-transport"}
BARE = "SELECT id, kind, scopes, settings ->> 'division' FROM channel WHERE key_hash = $1 AND revoked_at IS NULL"
ROUNDS, EACH = 20, 100
Count = Callable[..., Awaitable[Asking | None]]
_NUMBERS = itertools.count()


async def bare(db: Connection, key_hash: bytes, at: object) -> Asking | None:
    """The look-up without the count, as it was before there were quotas."""
    row = await db.fetchrow(BARE, key_hash)
    return Asking(Channel(row[0], ChannelKind(row[1]), frozenset(row[2]), row[3]), None, 0) if row else None


@asynccontextmanager
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """Intake's API in this process on a PostgreSQL of its own."""
    async with postgres() as dsn, await open_pool(dsn, "intake") as pool:
        key = await channels.add(pool, "web", ChannelKind.WEB, "Web")
        await unlimited(dsn)
        settings = IntakeSettings.model_validate(KEYS | {"DATABASE_URL": dsn})
        transport = httpx.ASGITransport(web_app("intake", app.api(settings, pool).routers))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://intake", headers={"X-API-Key": key}
        ) as found:
            yield found


async def round_of(front: httpx.AsyncClient, at_once: int) -> float:
    """Milliseconds a submission, over some."""
    turns = asyncio.Semaphore(at_once)

    async def one() -> None:
        async with turns:
            headers = {"Idempotency-Key": f"k{next(_NUMBERS)}"}
            (await front.post("/v1/demands", json=BODY, headers=headers)).raise_for_status()

    started = perf_counter()
    await asyncio.gather(*(one() for _ in range(EACH)))
    return (perf_counter() - started) * 1000 / EACH


async def main() -> None:
    """Rounds of both, in turns, so that what else the machine does strikes both."""
    async with client() as front:
        for at_once in (1, 16):
            taken: dict[bool, list[float]] = {True: [], False: []}
            for n in range(2 * ROUNDS + 2):
                counted = n % 2 == 0
                with patch.object(key_queries, "count", key_queries.count if counted else bare):
                    ms = await round_of(front, at_once)
                if n > 1:
                    taken[counted].append(ms)
            ratio = statistics.median(a / b for a, b in zip(taken[True], taken[False], strict=True))
            counted_ms, bare_ms = (statistics.median(taken[which]) for which in (True, False))
            print(f"{at_once:>2} at once: {counted_ms:.2f} ms counted, {bare_ms:.2f} ms bare, ratio {ratio:.3f}")


if __name__ == "__main__":
    asyncio.run(main())
