"""Runs feedback's sender as a process that a test can kill; telephone numbers are derived from contact ids."""

import asyncio

from services.feedback.gateways.http_sms import HttpSmsGateway
from services.feedback.notifications.projection import notification_projection
from services.feedback.ratings.domain import Reaction
from shared.chassis.aggregates.repository import Repository
from shared.chassis.base import logs
from shared.chassis.database.pool import open_pool
from shared.chassis.work import circuits
from shared.chassis.work.intent_sender import IntentSender
from shared.chassis.work.intent_watch import IntentWatch
from shared.contracts.demand.rules import demand_rules
from shared.contracts.demand.state import Service
from tests.feedback.gateways import sms
from tests.feedback.senders import LINKS, Repo, message_kind_of
from tests.packs import shipped

ANSWERS = ({"outcome": "sent", "status": [200]}, {"outcome": "again", "status": [503]})


def repository() -> Repo:
    """Feedback's repository with the messages about demands."""
    notices = notification_projection(shipped(), LINKS)
    return Repository("demand", demand_rules(Service.FEEDBACK, Reaction(shipped())), notices)


async def main(dsn: str, url: str) -> None:
    """Send until killed."""
    # A gateway that failed again and again would rest for half a minute; how long it rests is tested elsewhere.
    circuits.LONGEST = 1.0  # type: ignore[misc]
    http_sms = sms(url=url, form={"to": "{to}", "id": "{id}"}, answers=ANSWERS, timeout=1, at_once=16)
    async with await open_pool(dsn, "feedback") as pool:
        kind = message_kind_of(repository(), HttpSmsGateway("sms", http_sms), shipped())
        # With the same name, the next process takes over the lease of a killed one at once.
        sender, watch = IntentSender(pool, kind, holder="the only one"), IntentWatch(pool, kind)
        await asyncio.gather(sender.run(), watch.run())


def run(dsn: str, url: str) -> None:
    """The entry point of the process."""
    logs.set_up("feedback-worker", "console", "warning")
    asyncio.run(main(dsn, url))
