"""Messages a second through a gateway that responds after 50 ms, with a real intake: one sender beside a minimal
client."""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

import aiohttp
import orjson
import uvloop

from deploy.local.ports import free_port
from services.feedback.assembled import demand_repository
from services.feedback.gateways.declared_sms import HttpSms
from services.feedback.gateways.http_sms import HttpSmsGateway
from services.feedback.gateways.recipients import ContactMethod
from services.feedback.notifications.contacts import ContactClient
from services.feedback.notifications.sending import messages
from services.feedback.settings import FeedbackSettings
from services.intake.channels import keys
from shared.chassis.aggregates.repository import Repositories
from shared.chassis.base import logs
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.process.run import settle
from shared.chassis.work.intent_sender import IntentSender
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.event_types import parse
from tests.bench.alone import postgres
from tests.bench.client import HOST, Client
from tests.bench.front import serving
from tests.bench.rig import unlimited
from tests.chassis.conftest import Log, envelope
from tests.keys import KEYS
from tests.packs import shipped

BENCH = (sys.executable, "-m", "tests.bench.messages")
COUNT = 5000
AT_ONCE = 200
ANSWERS_AFTER = 0.05
FRONTS = 16


def _gateway(port: int) -> HttpSms:
    query = {"to": "{to}", "text": "{text}", "id": "{id}"}
    url = f"http://{HOST}:{port}/send"
    return HttpSms.model_validate({"kind": "http-sms", "url": url, "method": "GET", "query": query, "at_once": AT_ONCE})


async def _stand_in(port: str) -> None:
    """A gateway that accepts every message after 50 ms."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(ANSWERS_AFTER)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n0: Accepted")
        writer.close()

    async with await asyncio.start_server(serve, HOST, int(port)) as server:
        await server.serve_forever()


async def _bare(port: str, count: str) -> None:
    """A client that only sends requests, this many at once."""
    remaining = iter(range(int(count)))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE), raise_for_status=True) as client:

        async def ask() -> None:
            for n in remaining:
                parameters = {"to": f"138{n:08d}", "text": "您的诉求已收到" * 5, "id": str(uuid4())}
                async with client.get(f"http://{HOST}:{port}/send", params=parameters) as answer:
                    await answer.read()

        began = time.perf_counter()
        await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
        print(0, int(count) / (time.perf_counter() - began))


async def _sender(dsn: str, intake: str, gateway: str) -> None:
    """Run the sender of feedback's worker until everything is sent."""
    settle()
    pool = await open_pool(dsn, "feedback")
    settings = FeedbackSettings.model_validate(KEYS | {"DATABASE_URL": dsn})
    packs = shipped()
    sms = HttpSmsGateway("sms", _gateway(int(gateway)))
    contacts = ContactClient.at(f"http://{HOST}:{intake}", settings.secret, {ContactMethod.PHONE: "sms"})
    sender = IntentSender(pool, messages(demand_repository(packs, settings), contacts.recipients, [sms], packs))
    began, sent = time.perf_counter(), 0
    busy = time.process_time()
    while handled := await sender.send_some():
        sent += handled
    print((time.process_time() - busy) / sent * 1000, sent / (time.perf_counter() - began))
    await sms.close()


async def _child(*arguments: str) -> list[float]:
    """Milliseconds of CPU for each message, and messages a second."""
    child = await asyncio.create_subprocess_exec(*BENCH, *arguments, stdout=asyncio.subprocess.PIPE)
    output, _ = await child.communicate()
    return [float(word) for word in output.split()]


@asynccontextmanager
async def _standing_in() -> AsyncIterator[int]:
    port = free_port()
    child = await asyncio.create_subprocess_exec(*BENCH, "gateway", str(port))
    try:
        while True:
            try:
                _, writer = await asyncio.open_connection(HOST, port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                break
        yield port
    finally:
        child.terminate()
        await child.wait()


async def _raise(port: int, key: str, count: int) -> None:
    """Raise demands of citizens with different telephones."""
    remaining = iter(range(count))

    async def front() -> None:
        with closing(Client(port)) as client:
            for n in remaining:
                contact = {"name": "邹女士", "phone": f"138{n:08d}"}
                body = {"title": "校车接送点没有风雨棚", "division": "440605126222", "contact": contact}
                await client.submit(orjson.dumps(body), {"X-API-Key": key, "Idempotency-Key": uuid4().hex})

    await asyncio.gather(*(front() for _ in range(FRONTS)))


async def _hear(intake: Pool, feedback: Pool) -> None:
    """Deliver them to feedback, so that each causes its first message."""
    settings = FeedbackSettings.model_validate(KEYS | {"DATABASE_URL": "postgresql://x@y/z"})
    delivery = Delivery(feedback, Repositories.of(demand_repository(shipped(), settings)), "bench")
    rows = await intake.fetch("SELECT aggregateid, payload FROM journal WHERE sequence = 1 ORDER BY position")
    log = Log()
    records = [
        log.record(envelope(parse("demand.submitted.v1", row["payload"]), 1, row["aggregateid"])) for row in rows
    ]
    for start in range(0, len(records), 500):
        await delivery.deliver(records[start : start + 500])


@dataclass(frozen=True, slots=True)
class Sent:
    """Messages a second, and milliseconds of our CPU for each."""

    bare: float
    ours: float
    cpu: float


async def measure(count: int = COUNT) -> Sent:
    """Measure the minimal client, then the product, through the same gateway."""
    async with postgres() as dsn, _standing_in() as gateway, serving("ours", dsn) as intake:
        pool, own = [await open_pool(dsn, service, size=2) for service in ("intake", "feedback")]
        key = await keys.add(pool, "bench", ChannelKind.WEB, "Bench")
        await unlimited(dsn)
        await _raise(intake, key, count)
        await _hear(pool, own)
        _, bare = await _child("bare", str(gateway), str(count))
        cpu, ours = await _child("sender", dsn, str(intake), str(gateway))
        sent = await own.fetchval("SELECT count(*) FROM intent WHERE state = 'sent'")
        await pool.close()
        await own.close()
    if sent != count:
        raise RuntimeError(f"{sent} of {count} messages were sent")
    return Sent(bare, ours, cpu)


async def main() -> None:
    """Print both results."""
    result = await measure(int(sys.argv[2]) if len(sys.argv) > 2 else COUNT)
    print(
        f"bare {result.bare:,.0f}/s, ours {result.ours:,.0f}/s: {result.ours / result.bare:.2f} (aim: 500/s);"
        f" {result.cpu:.2f} ms of CPU each"
    )


PARTS: Mapping[str, Callable[..., Coroutine[Any, Any, None]]] = {"gateway": _stand_in, "bare": _bare, "sender": _sender}

if __name__ == "__main__":
    logs.set_up("bench", "console", "error")
    if len(sys.argv) > 1 and sys.argv[1] in PARTS:
        uvloop.run(partial(PARTS[sys.argv[1]], *sys.argv[2:])())
    else:
        asyncio.run(main())
