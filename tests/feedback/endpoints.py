"""Helpers for tests of webhooks: an endpoint that verifies requests, webhooks, and their sender."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from aiohttp import web
from aiohttp.test_utils import TestServer
from standardwebhooks import Webhook

from services.feedback.webhooks import queries
from services.feedback.webhooks.addresses import AllowedAddresses
from services.feedback.webhooks.commands import CreateWebhook
from services.feedback.webhooks.endpoint_client import EndpointClient
from services.feedback.webhooks.handler import WebhookHandler
from services.feedback.webhooks.permissions import Owner, channel_owner
from services.feedback.webhooks.sender import WebhookSender
from services.feedback.webhooks.signing import SecretBox
from shared.chassis.database.pool import Pool
from tests.feedback.senders import Ticks
from tests.packs import shipped

BOX: Final = SecretBox.of("s" * 40)
HERE: Final = AllowedAddresses.of("127.0.0.0/8")
CHANNEL: Final = channel_owner("web")


@dataclass
class Endpoint:
    """Returns the next status of `answers`, then 200; keeps accepted events in order, after verifying them."""

    keys: list[str] = field(default_factory=list)
    answers: list[web.Response] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""
    refuses: str = ""
    """The id of an event that it never accepts."""
    stops_after: int = 0
    """After this many requests it accepts events without a response; 0: it always responds."""

    async def answer(self, request: web.Request) -> web.Response:
        body, headers = await request.text(), dict(request.headers)
        for key in self.keys:
            Webhook(key).verify(body, headers)
        event = json.loads(body)
        assert event["id"] == request.headers["webhook-id"]
        self.asked.append(event["id"])
        self.headers.append(headers)
        default = web.Response(status=500 if event["id"] == self.refuses else 204)
        answer = self.answers.pop(0) if self.answers else default
        if answer.status < 300:
            self.taken.append(event)
        if self.stops_after and len(self.taken) >= self.stops_after:
            await asyncio.Event().wait()
        return answer

    @property
    def types(self) -> list[str]:
        """The types of the accepted events, in order, without their versions."""
        return [event["type"].rpartition(".v")[0] or event["type"] for event in self.taken]


@asynccontextmanager
async def endpoint(*statuses: int) -> AsyncIterator[Endpoint]:
    """An endpoint that returns these statuses first."""
    built = Endpoint(answers=[web.Response(status=status) for status in statuses])
    server = TestServer(web.Application(), port=0)
    server.app.router.add_post("/hook", built.answer)
    async with server:
        built.url = str(server.make_url("/hook"))
        yield built


def handler(pool: Pool, allowed: AllowedAddresses = HERE) -> WebhookHandler:
    """The handler of commands of webhook owners."""
    return WebhookHandler(pool, shipped(), BOX, allowed)


async def subscribed(pool: Pool, at: Endpoint, owner: Owner = CHANNEL, **fields: Any) -> UUID:
    """Create a webhook for an endpoint, which verifies with its secret from then on; returns its id."""
    webhook = await handler(pool).create(CreateWebhook(url=at.url, **fields), owner)
    at.keys.append(webhook.secret)
    return webhook.id


@dataclass
class Delivering:
    """A sender whose time the test moves on."""

    pool: Pool
    sender: WebhookSender
    ticks: Ticks

    async def go_on(self, by: timedelta) -> None:
        """Move time on by making stored rows older, since signatures use the present time."""
        await self.pool.execute("UPDATE webhook_delivery SET due_at = due_at - $1::interval", by)
        await self.pool.execute("UPDATE webhook SET failing_since = failing_since - $1::interval", by)
        self.ticks.seconds += by.total_seconds()

    async def all_due(self) -> int:
        """Send until nothing is due; returns the number of attempts."""
        attempts = 0
        while wave_size := await self.wave():
            attempts += wave_size
            self.ticks.seconds += 0.001
        return attempts

    async def wave(self) -> int:
        """Send the deliveries that are due and have room."""
        started = await self.sender.send_wave()
        await self.sender.settle(grace=30)
        return started


@asynccontextmanager
async def delivering(
    pool: Pool, allowed: AllowedAddresses = HERE, seconds: float = 5.0, **options: Any
) -> AsyncIterator[Delivering]:
    """A sender, closed afterwards."""
    client = EndpointClient(allowed, seconds, **options)
    ticks = Ticks()
    try:
        yield Delivering(pool, WebhookSender(pool, client, BOX, ticks=ticks), ticks)
    finally:
        await client.close()


async def row_of(pool: Pool, id: UUID) -> queries.WebhookRow:
    """The webhook as it is stored."""
    async with pool.acquire() as db:
        rows: Sequence[queries.WebhookRow] = await queries.every_webhook(db)
    return next(row for row in rows if row.id == id)


async def delivery_states(pool: Pool) -> list[tuple[str, str]]:
    """The type and the state of every delivery, in order."""
    rows = await pool.fetch("SELECT type, state FROM webhook_delivery ORDER BY position")
    return [(row["type"], row["state"]) for row in rows]


LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
