"""A sender is killed repeatedly, and the gateway fails, hangs and responds late: nobody gets a message twice.

`HUYING_LONG=1` runs it with 2,000 messages and fifty kills.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from services.feedback import app
from services.feedback.settings import FeedbackSettings
from shared.chassis.aggregates.repository import Repositories
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.database.pool import Pool
from shared.chassis.http.app import web_app
from shared.chassis.work.intent_reports import try_again
from tests import story
from tests.chassis.conftest import Log
from tests.children import forked
from tests.eventually import eventually
from tests.feedback.senders import Repo
from tests.feedback.test_reports import DECLARED, KEY
from tests.keys import KEYS

LONG = bool(os.environ.get("HUYING_LONG"))
PEOPLE, KILLS = (1000, 50) if LONG else (60, 4)
LATEST_REPORT = 6.0 if LONG else 2.0
"""Seconds after which the last report comes: longer than the sender waits for an answer."""
TOLD = (story.SUBMISSION, story.RESOLVED[1])
NOT_OVER = "SELECT count(*) FROM intent WHERE state IN ('pending', 'sending')"


@dataclass
class Carrier:
    """A gateway that counts each accepted request, and reports each accepted message."""

    reports: httpx.AsyncClient
    luck: random.Random = field(default_factory=lambda: random.Random(15))
    taken: Counter[str] = field(default_factory=Counter)
    sent_to: dict[str, list[str]] = field(default_factory=dict)
    asked: int = 0
    well: bool = False
    reporting: set[asyncio.Task[None]] = field(default_factory=set)

    async def answer(self, request: web.Request) -> web.Response:
        """Of a hundred: ten are refused; ten fail without saying whether they were accepted; fifteen are accepted
        without a response; five get a late response; the rest succeed. Reports come up to `LATEST_REPORT` seconds
        later."""
        form = await request.post()
        id, to = str(form["id"]), str(form["to"])
        self.asked += 1
        fate = "well" if self.well else self.luck.choices(
            ("busy", "broken", "silent", "late", "well"), (10, 10, 15, 5, 60)
        )[0]  # fmt: skip
        if fate == "busy":
            return web.Response(status=503)
        if fate == "broken" and self.luck.random() < 0.5:
            return web.Response(status=500)
        self.taken[id] += 1
        self.sent_to.setdefault(to, []).append(id)
        task = asyncio.create_task(self._report(id))
        self.reporting.add(task)
        task.add_done_callback(self.reporting.discard)
        if fate == "broken":
            return web.Response(status=500)
        if fate == "silent":
            await asyncio.Event().wait()
        await asyncio.sleep(0.3 if fate == "late" else 0.02)
        return web.Response()

    async def _report(self, id: str) -> None:
        await asyncio.sleep(self.luck.uniform(0, LATEST_REPORT))
        parameters = {"key": KEY, "ref": id, "status": "1"}
        assert (await self.reports.get("/inbound/reports/sms", params=parameters)).status_code == 200


@pytest.fixture
async def carrier(pool: Pool, tmp_path: Path) -> AsyncIterator[Carrier]:
    file = tmp_path / "gateways.yaml"
    file.write_text(DECLARED)
    settings = FeedbackSettings.model_validate(KEYS | {"DATABASE_URL": "postgresql://u@127.0.0.1/x", "gateways": file})
    application = web_app("feedback", app.api(settings, pool).routers)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://here") as reports:
        yield Carrier(reports)


def child(database: str, url: str) -> AbstractAsyncContextManager[None]:
    """A sender that is killed at the end."""
    return forked("tests.feedback.killed_sender", database, url)


async def deliver_demands(pool: Pool, repository: Repo) -> None:
    """Demands of this many people; each causes two messages."""
    delivery, log = Delivery(pool, Repositories.of(repository), "cluster", clock=lambda: story.AT), Log()
    for n in range(1, PEOPLE + 1):
        submitted = story.SUBMISSION.model_copy(update={"contact": UUID(int=n)})
        await delivery.deliver(log.records(submitted, TOLD[1], key=UUID(int=n)))


async def count(pool: Pool, question: str = NOT_OVER) -> int:
    return int(await pool.fetchval(question))


@pytest.mark.faults
@pytest.mark.timeout(3600)
async def test_each_person_gets_each_message_once_despite_gateway_faults_and_killed_senders(
    database: str, pool: Pool, repository: Repo, carrier: Carrier
):
    await deliver_demands(pool, repository)
    server = TestServer(web.Application(), port=0)
    server.app.router.add_post("/send", carrier.answer)
    async with server:
        url = str(server.make_url("/send"))
        for _ in range(KILLS):
            before = carrier.asked

            async def asked(before: int = before) -> bool:
                return carrier.asked >= before + PEOPLE // KILLS or await count(pool) == 0

            async with child(database, url):
                await eventually(asked, bool, within=300)
            await let_the_killed_sender_expire(pool)
        async with child(database, url):
            await everything_is_sent(pool)
        unknown = await count(pool, "SELECT count(*) FROM intent WHERE state = 'unknown'")
        assert max(carrier.taken.values()) == 1, "nobody is told twice"
        # Unknown messages are reported too, a little later.
        await asyncio.gather(*carrier.reporting)
        await eventually(lambda: count(pool, MISSED), lambda missed: missed == 0, within=60)
        left = await unknown_messages_were_not_accepted_and_can_be_sent_again(pool, carrier)
        carrier.well = True
        async with child(database, url):
            await everything_is_sent(pool)
        await asyncio.gather(*carrier.reporting)
    print(f"{2 * PEOPLE} messages, {KILLS} kills, asked {carrier.asked} times; unknown {unknown}, after reports {left}")
    assert await count(pool, "SELECT count(*) FROM intent WHERE state NOT IN ('sent', 'delivered')") == 0
    assert (len(carrier.taken), set(carrier.taken.values())) == (2 * PEOPLE, {1})
    assert len(carrier.sent_to) == PEOPLE


MISSED = "SELECT count(*) FROM intent WHERE state = 'sent'"
"""The messages that were accepted and not reported yet."""


async def let_the_killed_sender_expire(pool: Pool) -> None:
    """Move time on, so that messages of the killed sender are given up and retries are due."""
    await pool.execute("UPDATE intent SET claimed_at = now() - interval '5 minutes' WHERE state = 'sending'")
    await pool.execute("UPDATE intent SET due_at = now() WHERE state = 'pending'")


async def everything_is_sent(pool: Pool) -> None:
    async def left() -> int:
        # Retries need not wait for their time here.
        await pool.execute("UPDATE intent SET due_at = now() WHERE state = 'pending' AND waits = 'retry'")
        return await count(pool)

    await eventually(left, lambda found: found == 0, within=600)


async def unknown_messages_were_not_accepted_and_can_be_sent_again(pool: Pool, carrier: Carrier) -> int:
    """Every accepted message was reported, so the remaining unknown ones were not accepted; they are listed and can
    be sent again. Returns their number."""
    rows = await pool.fetch("SELECT id, state FROM intent WHERE state NOT IN ('sent', 'delivered')")
    assert {row["state"] for row in rows} <= {"unknown"}
    assert not [row["id"] for row in rows if carrier.taken[str(row["id"])]]
    assert len(rows) + len(carrier.taken) - list(carrier.taken.values()).count(0) == 2 * PEOPLE
    async with pool.acquire() as db:
        for row in rows:
            assert not await try_again(db, "message", row["id"]), "never without saying so"
            assert await try_again(db, "message", row["id"], although_unknown=True)
    return len(rows)
