"""What the tests of feedback have in common: a repository with its notices, facts that it hears, senders."""

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
Book = Repository[Demand, f.Fact]


async def heard(pool: Pool, repository: Book, *facts: f.StatusFact) -> Delivery:
    """Feedback after it heard these facts of one demand."""
    delivery = Delivery(pool, Repositories.of(repository), "cluster", clock=lambda: story.AT)
    await apply_records(delivery, Log().records(*facts))
    return delivery


def sending(
    pool: Pool, repository: Book, gateway: Gateway[Recipient], packs: Jurisdictions | None = None
) -> IntentSender[Recipient]:
    """A sender whose every message is for the same telephone, unless the contact's own number says otherwise."""
    kind = message_kind_of(repository, gateway, packs or shipped())
    return IntentSender(pool, kind, clock=lambda: story.AT, ticks=LATER, grace=0)


def message_kind_of(repository: Book, gateway: Gateway[Recipient], packs: Jurisdictions) -> IntentKind[Recipient]:
    """How messages are sent through this one gateway."""

    def answer(request: httpx.Request) -> httpx.Response:
        contacts = [question["contact"] for question in json.loads(request.content)["questions"]]
        phones = [f"138{int(contact[-4:], 16):04d}8000" for contact in contacts]
        answers = [{"state": "known", "way": "phone", "address": phone} for phone in phones]
        return httpx.Response(200, json={"answers": answers})

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://intake")
    contacts = ContactClient(client, TOKENS, dict.fromkeys(ContactMethod, gateway.name))
    return messages(repository, contacts.recipients, [gateway], packs)


class Ticks:
    """A clock of seconds that goes on when it is told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


LATER: Final = Ticks()
"""The clock of the senders: whoever wants a gateway that rests to be tried again lets a minute go by."""


async def try_again(sender: IntentSender[Recipient]) -> int:
    """Send when every gateway has rested; returns how many messages something was done with."""
    LATER.seconds += 60
    return await sender.send_some()


def watching(sender: IntentSender[Recipient]) -> IntentWatch:
    """What watches the queue of this sender."""
    return IntentWatch(sender.pool, sender.kind, clock=lambda: story.AT)


def timers(pool: Pool, repository: Book, at: datetime, packs: Jurisdictions | None = None) -> Timers:
    """Feedback's timers, run at this moment."""
    return Timers(pool, {UNRATED: unrated(repository, packs or shipped())}, clock=lambda: at)


async def migrate_until(database: str, migration: str) -> None:
    """Make feedback's schema as it was before this migration."""
    with TemporaryDirectory() as folder, patch("shared.chassis.database.migrate.CHASSIS", Path(folder) / "chassis"):
        for source, name in ((CHASSIS, "chassis"), (MIGRATIONS, "feedback")):
            (Path(folder) / name).mkdir()
            for path in source.glob("*.sql"):
                if path.name < migration:
                    shutil.copy(path, Path(folder) / name)
        await migrate(database, "feedback", Path(folder) / "feedback")


async def send_all(sender: IntentSender[Recipient]) -> None:
    """Send until nothing is due; fails rather than going on for ever."""
    for _ in range(100):
        if not await sender.send_some():
            return
    raise AssertionError("there is always something to send")


def lines(path: Path) -> list[dict[str, Any]]:
    """What a file sink wrote."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


async def told_here(pool: Pool) -> list[str]:
    """The types of the facts that feedback told, in order."""
    async with pool.acquire() as db:
        return [row["type"] for row in await db.fetch("SELECT type FROM journal ORDER BY position")]


async def states(pool: Pool) -> list[tuple[str, str | None]]:
    """What became of every message, and why it waits."""
    async with pool.acquire() as db:
        return [tuple(row) for row in await db.fetch("SELECT state, waits FROM intent ORDER BY position")]
