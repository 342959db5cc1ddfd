"""`python -m tests.bench.webhooks`: the time of events to fifty endpoints, with one that hangs, and with a burst.

One run: undisturbed, one endpoint that never answers, 10,000 events for one endpoint at once. Measured is the time from
the commit of an event to its arrival, at the other 49 endpoints.
"""

import asyncio
import contextlib
import random
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

import orjson
import uvloop
from rich.console import Console
from rich.table import Table

from services.feedback.webhooks import queries
from services.feedback.webhooks.addresses import AllowedAddresses
from services.feedback.webhooks.endpoint_client import EndpointClient
from services.feedback.webhooks.projection import put_deliveries
from services.feedback.webhooks.queries import WebhookRow
from services.feedback.webhooks.sender import WebhookSender
from services.feedback.webhooks.signing import SecretBox, new_secret
from shared.chassis.base import logs
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.database.write_batch import WriteBatch
from shared.chassis.process.run import settle
from tests.bench.alone import postgres
from tests.keys import KEYS

HOST: Final = "127.0.0.1"
ENDPOINTS, HANGING = 50, 0
RATE, SECONDS, EACH = 200, 20, 0.05
BURST: Final = 10_000
ANSWERS_AFTER: Final = 0.02
AIM: Final = 1.5
BOX: Final = SecretBox.of(KEYS["secret"])


@dataclass
class Endpoints:
    """Fifty endpoints at one server, one of which may hang; records the commit and the arrival of each event."""

    hangs: bool = False
    committed: dict[str, float] = field(default_factory=dict)
    taken: dict[str, float] = field(default_factory=dict)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve the requests of one connection."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
                await reader.readexactly(int(headers["content-length"]))
                if self.hangs and head[0].startswith(f"POST /{HANGING} "):
                    await reader.read()  # until the sender gives up
                    break
                self.taken.setdefault(headers["webhook-id"], time.perf_counter())
                await asyncio.sleep(ANSWERS_AFTER)
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()


def rows(channels: Sequence[int]) -> list[tuple[Any, ...]]:
    """An event of another demand for each of these channels."""
    events: list[tuple[Any, ...]] = []
    for channel in channels:
        event, at = uuid4(), datetime.now(UTC)
        body = orjson.dumps({"id": event, "type": "demand.resolved.v1", "data": {"text": "路灯不亮" * 50}}).decode()
        events.append(
            (event, uuid4(), "NH26-000001-4", "demand.resolved", at, f"c{channel}", "nanhai", False, [], [], body)
        )
    return events


async def put(pool: Pool, endpoints: Endpoints, events: list[tuple[Any, ...]]) -> None:
    """Commit events as the worker does, with the statement of its projection."""
    writes = WriteBatch()
    put_deliveries(writes, events)
    async with pool.acquire() as db:
        await writes.write(db)
    at = time.perf_counter()
    endpoints.committed.update((str(row[0]), at) for row in events)


async def load(pool: Pool, endpoints: Endpoints) -> float:
    """The p95 in milliseconds of the 49 endpoints while all fifty get events at the usual rate."""
    luck, watched = random.Random(15), set[str]()
    began, ticks = time.perf_counter(), int(SECONDS / EACH)
    for tick in range(ticks):
        events = rows([luck.randrange(ENDPOINTS) for _ in range(int(RATE * EACH))])
        await put(pool, endpoints, events)
        watched |= {str(row[0]) for row in events if row[5] != f"c{HANGING}"}
        await asyncio.sleep(max(0.0, began + (tick + 1) * EACH - time.perf_counter()))
    while watched - endpoints.taken.keys():
        await asyncio.sleep(EACH)
    times = sorted(endpoints.taken[event] - endpoints.committed[event] for event in watched)
    return times[int(len(times) * 0.95)] * 1000


async def recovered(pool: Pool, endpoints: Endpoints) -> None:
    """Wait until the hanging endpoint accepts events again, and nothing waits for it."""
    await pool.execute("UPDATE webhook_delivery SET state = 'failed' WHERE state = 'pending'")
    events = rows([HANGING])
    await put(pool, endpoints, events)
    while str(events[0][0]) not in endpoints.taken:
        await asyncio.sleep(EACH)


async def subscribe(pool: Pool, port: int) -> None:
    """A webhook of a channel for each endpoint."""
    async with pool.acquire() as db:
        for n in range(ENDPOINTS):
            id = UUID(int=n + 1)
            row = WebhookRow(
                id=id, channel=f"c{n}", jurisdiction=None, created_by="bench", created_at=datetime.now(UTC),
                url=f"http://{HOST}:{port}/{n}", description="", types=None, divisions=None, categories=None,
                channels=None, secret=BOX.seal(id, new_secret()), secret_previous=None, previous_until=None,
            )  # fmt: skip
            await queries.put(db, row)


async def send(dsn: str) -> None:
    """The sender of feedback's worker, in a process of its own."""
    settle()
    pool = await open_pool(dsn, "feedback")
    await WebhookSender(pool, EndpointClient(AllowedAddresses.of("127.0.0.0/8")), BOX).run()


@asynccontextmanager
async def sender(dsn: str) -> AsyncIterator[None]:
    """The running sender, ended afterwards."""
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.bench.webhooks", dsn)
    try:
        yield
    finally:
        child.kill()
        await child.wait()


async def main() -> None:
    """Run all three and print their ratios."""
    endpoints = Endpoints()
    async with (
        postgres() as dsn,
        await open_pool(dsn, "feedback", size=4) as pool,
        await asyncio.start_server(endpoints.serve, HOST, 0) as server,
    ):
        await subscribe(pool, server.sockets[0].getsockname()[1])
        async with sender(dsn):
            await load(pool, endpoints)  # every endpoint has proven itself, and connections are open
            alone = await load(pool, endpoints)
            endpoints.hangs = True
            hanging = await load(pool, endpoints)
            endpoints.hangs = False
            await recovered(pool, endpoints)
            burst = rows([HANGING] * BURST)
            await put(pool, endpoints, burst)
            beside = await load(pool, endpoints)
            sent = sum(str(row[0]) in endpoints.taken for row in burst)
    title = f"{RATE} events/s for {ENDPOINTS} endpoints that answer after {ANSWERS_AFTER * 1000:.0f} ms: 49 of them"
    table = Table("from commit to arrival", "p95, ms", "ratio", "aim", title=title)
    table.add_row("undisturbed", f"{alone:.0f}", "1", "")
    table.add_row("the fiftieth hangs", f"{hanging:.0f}", f"{hanging / alone:.2f}", f"<= {AIM}")
    table.add_row(
        f"{BURST:,} at once for the fiftieth ({sent:,} sent)", f"{beside:.0f}", f"{beside / alone:.2f}", f"<= {AIM}"
    )
    Console(width=110, highlight=False).print(table)


if __name__ == "__main__":
    logs.set_up("bench", "console", "error")
    if len(sys.argv) > 1:
        uvloop.run(send(sys.argv[1]))
    else:
        asyncio.run(main())
