"""Helpers for tests of feedback: delivered facts, senders of messages, and timers."""

import json
import shutil
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from unittest.mock import patch

import httpx

from services.feedback.app import MIGRATIONS
from services.feedback.gateways.recipients import ContactMethod, Recipient
from services.feedback.notifications.contacts import ContactClient
from services.feedback.notifications.sending import messages
from services.feedback.ratings.unrated import UNRATED, unrated
from shared.chassis.aggregates.repository import Repositories, Repository
from shared.chassis.base.tokens import Tokens
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.database.migrate import CHASSIS, migrate
from shared.chassis.database.pool import Pool
from shared.chassis.work.intent_sender import IntentSender
from shared.chassis.work.intent_watch import IntentWatch
from shared.chassis.work.intents import Gateway, IntentKind
from shared.chassis.work.timers import Timers
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand
from shared.identity.citizen_links import CitizenLinks
from shared.jurisdiction.jurisdictions import Jurisdictions
from tests import story
from tests.chassis.conftest import Log, apply_records
from tests.packs import shipped

TOKENS = Tokens("s" * 40)
LINKS = CitizenLinks.at("http://here", "s" * 40)
Repo = Repository[Demand, f.Fact]


async def feedback_after(pool: Pool, repository: Repo, *facts: f.StatusFact) -> Delivery:
    """Deliver these facts of one demand to feedback."""
    delivery = Delivery(pool, Repositories.of(repository), "cluster", clock=lambda: story.AT)
    await apply_records(delivery, Log().records(*facts))
    return delivery


def sending(
    pool: Pool, repository: Repo, gateway: Gateway[Recipient], packs: Jurisdictions | None = None
) -> IntentSender[Recipient]:
    """A sender whose messages all go to the same telephone, unless the contact has a number of its own."""
    kind = message_kind_of(repository, gateway, packs or shipped())
    return IntentSender(pool, kind, clock=lambda: story.AT, ticks=LATER, grace=0)


def message_kind_of(repository: Repo, gateway: Gateway[Recipient], packs: Jurisdictions) -> IntentKind[Recipient]:
    """The kind of intent that sends messages through this gateway."""

    def answer(request: httpx.Request) -> httpx.Response:
        contacts = [question["contact"] for question in json.loads(request.content)["questions"]]
        phones = [f"138{int(contact[-4:], 16):04d}8000" for contact in contacts]
        answers = [{"state": "known", "way": "phone", "address": phone} for phone in phones]
        return httpx.Response(200, json={"answers": answers})

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://intake")
    contacts = ContactClient(client, TOKENS, dict.fromkeys(ContactMethod, gateway.name))
    return messages(repository, contacts.recipients, [gateway], packs)


class Ticks:
    """A clock of seconds that the test moves on."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


LATER: Final = Ticks()
"""The clock of the senders; a test moves it on by a minute so that a resting gateway is tried again."""


async def try_again(sender: IntentSender[Recipient]) -> int:
    """Send after every gateway's rest is over; returns the number of processed messages."""
    LATER.seconds += 60
    return await sender.send_some()


def watching(sender: IntentSender[Recipient]) -> IntentWatch:
    """The gauges of this sender's queue."""
    return IntentWatch(sender.pool, sender.kind, clock=lambda: story.AT)


def timers(pool: Pool, repository: Repo, at: datetime, packs: Jurisdictions | None = None) -> Timers:
    """Run feedback's timers at this time."""
    return Timers(pool, {UNRATED: unrated(repository, packs or shipped())}, clock=lambda: at)


async def migrate_until(database: str, migration: str) -> None:
    """Migrate feedback's schema up to, but without, this migration."""
    with TemporaryDirectory() as folder, patch("shared.chassis.database.migrate.CHASSIS", Path(folder) / "chassis"):
        for source, name in ((CHASSIS, "chassis"), (MIGRATIONS, "feedback")):
            (Path(folder) / name).mkdir()
            for path in source.glob("*.sql"):
                if path.name < migration:
                    shutil.copy(path, Path(folder) / name)
        await migrate(database, "feedback", Path(folder) / "feedback")


async def send_all(sender: IntentSender[Recipient]) -> None:
    """Send until nothing is due; fails instead of sending for ever."""
    for _ in range(100):
        if not await sender.send_some():
            return
    raise AssertionError("there is always something to send")


def lines(path: Path) -> list[dict[str, Any]]:
    """The messages that a file gateway wrote."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


async def recorded_types(pool: Pool) -> list[str]:
    """The types of the facts that feedback recorded, in order."""
    async with pool.acquire() as db:
        return [row["type"] for row in await db.fetch("SELECT type FROM journal ORDER BY position")]


async def states(pool: Pool) -> list[tuple[str, str | None]]:
    """The state of every message, and why it waits."""
    async with pool.acquire() as db:
        return [tuple(row) for row in await db.fetch("SELECT state, waits FROM intent ORDER BY position")]
