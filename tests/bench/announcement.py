"""How long messages wait at 100 demands a second, without and with an announcement to 10,000 supporters.

`python -m tests.bench.announcement [supporters]`: the gateway responds after 50 ms, and one sender sends everything.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import uuid4

import orjson
import uvloop

from services.feedback.assembled import demand_repository
from services.feedback.gateways.http_sms import HttpSmsGateway
from services.feedback.gateways.recipients import ContactMethod
from services.feedback.notifications.contacts import ContactClient
from services.feedback.notifications.sending import messages
from services.feedback.settings import FeedbackSettings
from services.intake.channels import keys
from shared.chassis.aggregates.repository import Repositories
from shared.chassis.base import logs
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.consumer.record import Record
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.process.run import settle
from shared.chassis.work.intent_sender import IntentSender
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.event_types import parse
from tests import story
from tests.bench.alone import postgres
from tests.bench.client import HOST, Client
from tests.bench.front import serving
from tests.bench.messages import FRONTS, _gateway, _standing_in
from tests.bench.rig import unlimited
from tests.chassis.conftest import Log, envelope
from tests.keys import KEYS
from tests.packs import shipped

SUPPORTERS: Final = 10_000
A_SECOND: Final = 100
SECONDS: Final = 20
"""Seconds of each run, and demands a second."""
WARM_UP: Final = 3
"""Seconds before both, in which the sender starts."""
SENDER: Final = (sys.executable, "-m", "tests.bench.announcement", "sender")


@dataclass(frozen=True, slots=True)
class Waited:
    """Milliseconds from a fact to the gateway's response, and the age in seconds of the oldest waiting message."""

    median: float
    late: float
    oldest: float


async def _sender(dsn: str, intake: str, gateway: str) -> None:
    """Run the sender of feedback's worker until it is asked to stop."""
    settle()
    pool = await open_pool(dsn, "feedback")
    settings = FeedbackSettings.model_validate(KEYS | {"DATABASE_URL": dsn})
    packs = shipped()
    sms = HttpSmsGateway("sms", _gateway(int(gateway)))
    contacts = ContactClient.at(f"http://{HOST}:{intake}", settings.secret, {ContactMethod.PHONE: "sms"})
    await IntentSender(pool, messages(demand_repository(packs, settings), contacts.recipients, [sms], packs)).run()


@asynccontextmanager
async def _sending(dsn: str, intake: int, gateway: int) -> AsyncIterator[None]:
    child = await asyncio.create_subprocess_exec(*SENDER, dsn, str(intake), str(gateway))
    try:
        yield
    finally:
        child.terminate()
        await child.wait()


async def _raise(port: int, key: str, bodies: Sequence[bytes], path: str = "/v1/demands") -> list[str]:
    """The demand numbers in the order of the responses."""
    remaining, numbers = iter(bodies), list[str]()

    async def front() -> None:
        with closing(Client(port)) as client:
            for body in remaining:
                headers = {"X-API-Key": key, "Idempotency-Key": uuid4().hex}
                numbers.append(orjson.loads(await client.submit(body, headers, path))["number"])

    await asyncio.gather(*(front() for _ in range(FRONTS)))
    return numbers


def _demand(phone: int) -> bytes:
    contact = {"name": "邹女士", "phone": f"138{phone:08d}"}
    return orjson.dumps({"title": "校车接送点没有风雨棚", "division": "440605126222", "contact": contact})


async def _records(intake: Pool, log: Log, type: str) -> list[Record]:
    """Intake's facts of this type as records, each with its id in the journal."""
    rows = await intake.fetch(
        "SELECT id, aggregateid, sequence, payload FROM journal WHERE type = $1 ORDER BY position", type
    )
    envelopes = [
        envelope(parse(type, row["payload"]), row["sequence"], row["aggregateid"])._replace(id=row["id"])
        for row in rows
    ]
    return [log.record(each) for each in envelopes]


async def _phase(delivery: Delivery, pool: Pool, raised: Sequence[Record], announced: Sequence[Record]) -> Waited:
    """Deliver this many demands a second to feedback, and after two seconds the announcement."""
    ended, oldest = asyncio.Event(), 0.0

    async def watch() -> None:
        nonlocal oldest
        while not ended.is_set():
            age = await pool.fetchval("SELECT extract(epoch FROM max(now() - created_at)) FROM intent WHERE " + _ALONE)
            oldest = max(oldest, float(age or 0))
            await asyncio.sleep(0.1)

    since, watching = await pool.fetchval("SELECT clock_timestamp()"), asyncio.create_task(watch())
    began, step = time.perf_counter(), A_SECOND // 10
    for n, start in enumerate(range(0, len(raised), step)):
        await asyncio.sleep(max(0.0, began + n / 10 - time.perf_counter()))
        await delivery.deliver(raised[start : start + step])
        if n == 20 and announced:
            at = time.perf_counter()
            await delivery.deliver(announced)
            print(f"written down for everybody in {1000 * (time.perf_counter() - at):,.0f} ms")
    while await pool.fetchval("SELECT count(*) FROM intent WHERE " + _ALONE):
        await asyncio.sleep(0.1)
    ended.set()
    await watching
    median, late = await pool.fetchval(
        """
        SELECT percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - created_at))
        FROM intent WHERE body ->> 'template' = 'submitted' AND created_at >= $1
        """,
        since,
    )
    return Waited(1000 * median, 1000 * late, oldest)


_ALONE: Final = "state IN ('pending', 'sending') AND body ->> 'template' = 'submitted'"


async def measure(supporters: int = SUPPORTERS) -> tuple[Waited, Waited]:
    """Measure without, then with an announcement."""
    async with postgres() as dsn, _standing_in() as gateway, serving("ours", dsn) as intake:
        pool, own = [await open_pool(dsn, service, size=3) for service in ("intake", "feedback")]
        key = await keys.add(pool, "bench", ChannelKind.WEB, "Bench")
        await unlimited(dsn)
        (number,) = await _raise(intake, key, [_demand(99_999_999)])
        phones = range(10_000_000, 10_000_000 + supporters)
        bodies = [orjson.dumps({"contact": {"name": "陈先生", "phone": f"139{phone}"}}) for phone in phones]
        await _raise(intake, key, bodies, f"/v1/demands/{number}/supports")
        settings = FeedbackSettings.model_validate(KEYS | {"DATABASE_URL": dsn})
        delivery, log = Delivery(own, Repositories.of(demand_repository(shipped(), settings)), "bench"), Log()
        await delivery.deliver(parent := await _records(pool, log, "demand.submitted.v1"))
        supported = await _records(pool, log, "demand.supported.v1")
        for start in range(0, len(supported), 500):
            await delivery.deliver(supported[start : start + 500])
        await own.execute("UPDATE intent SET state = 'sent', finished_at = now()")
        id = await pool.fetchval("SELECT id FROM submission WHERE number = $1", number)
        announced = log.records(*story.RESOLVED[1:], first=2, key=id)
        await _raise(intake, key, [_demand(phone) for phone in range(A_SECOND * (WARM_UP + 2 * SECONDS))])
        raised = (await _records(pool, log, "demand.submitted.v1"))[len(parent) :]
        start, middle = A_SECOND * WARM_UP, A_SECOND * (WARM_UP + SECONDS)
        async with _sending(dsn, intake, gateway):
            await _phase(delivery, own, raised[:start], ())
            alone = await _phase(delivery, own, raised[start:middle], ())
            beside = await _phase(delivery, own, raised[middle:], announced)
            pending = "SELECT count(*) FROM intent WHERE state IN ('pending', 'sending')"
            while await own.fetchval(pending):
                await asyncio.sleep(0.2)
            row = await own.fetchrow(
                "SELECT count(*), extract(epoch FROM max(finished_at) - min(created_at)) AS seconds FROM intent"
                " WHERE body ? 'mass' AND state = 'sent'"
            )
            assert row
            print(f"{row['count']:,} supporters were told within {row['seconds']:.1f} s")
        await pool.close()
        await own.close()
    return alone, beside


async def main() -> None:
    """Print both results."""
    alone, beside = await measure(int(sys.argv[1]) if len(sys.argv) > 1 else SUPPORTERS)
    for name, waited in (("alone", alone), ("beside the announcement", beside)):
        print(
            f"{name}: median {waited.median:,.0f} ms, p95 {waited.late:,.0f} ms, the oldest {waited.oldest:.1f} s"
            " (aim: < 5 s)"
        )
    print(f"p95 beside / alone: {beside.late / alone.late:.2f} (aim: <= 1.5)")


if __name__ == "__main__":
    logs.set_up("bench", "console", "error")
    if sys.argv[1:2] == ["sender"]:
        uvloop.run(partial(_sender, *sys.argv[2:])())
    else:
        asyncio.run(main())
