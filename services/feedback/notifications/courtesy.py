"""Decides whether a message may go out now: not in quiet hours, and not soon after another one to the same address."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.feedback.gateways.recipients import Recipient
from services.feedback.notifications import digests
from services.feedback.notifications.contacts import Found
from services.feedback.notifications.digests import MarkedMessage
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Pool
from shared.chassis.work.intents import Intent, PutOff
from shared.jurisdiction.jurisdictions import Jurisdictions

QUIET: Final = "quiet-hours"
"""The reason (`waits`) of a message that waits for the end of the quiet hours."""
IN_QUIET_HOURS: Final = "quiet hours: only messages that the citizen requested are sent now"
_LONGEST: Final = timedelta(hours=1)
"""The longest time within which messages to one address are gathered, see `DigestRules`."""
Find = Callable[[Sequence[Intent]], Awaitable[Mapping[UUID, Found]]]


def quiet_until(intent: Intent, packs: Jurisdictions, at: datetime) -> datetime | None:
    """When a message may go out by the quiet hours of its pack; None if it may go out now."""
    pack = packs.get(intent.body["jurisdiction"] or "")
    rules = pack.messages.quiet_hours if pack else None
    if pack is None or rules is None or intent.body["template"] in rules.any_time:
        return None
    if rules.emergencies and intent.body.get("urgent"):
        return None
    return rules.until(at, pack.timezone, str(intent.body["contact"]))


@dataclass(frozen=True, slots=True)
class CourteousRecipients:
    """Finds the recipients of messages and puts off the messages that may not go out now. In quiet hours no address is
    asked for."""

    pool: Pool
    find: Find
    packs: Jurisdictions
    clock: Callable[[], datetime] = now
    chosen: dict[bytes, tuple[UUID, datetime]] = field(default_factory=dict)
    """By the mark of each address, the last message to it and when it was sent; entries are dropped after
    `_LONGEST`."""

    async def __call__(self, intents: Sequence[Intent]) -> dict[UUID, Found]:
        """The recipient of each message, or until when it is put off, by its id; raises `Away` if intake does not
        answer."""
        at = self.clock()
        quiet = {intent.id: until for intent in intents if (until := quiet_until(intent, self.packs, at))}
        awake = [intent for intent in intents if intent.id not in quiet]
        recipients: dict[UUID, Found] = {id: PutOff(IN_QUIET_HOURS, QUIET, until) for id, until in quiet.items()}
        if awake:
            recipients |= await self.find(awake)
            recipients |= await self._gathering(awake, recipients, at)
        return recipients

    async def _gathering(
        self, intents: Sequence[Intent], recipients: Mapping[UUID, Found], at: datetime
    ) -> Mapping[UUID, PutOff]:
        messages = [
            MarkedMessage(intent, recipient.mark)
            for intent in intents
            if isinstance(recipient := recipients.get(intent.id), Recipient)
        ]
        if not any(digests.may_be_gathered(message.intent, self.packs) for message in messages):
            return {}
        reached = await self._reached({message.mark for message in messages}, at)
        for mark in [mark for mark, (_, since) in self.chosen.items() if since < at - _LONGEST]:
            del self.chosen[mark]
        return digests.gathering(messages, reached, self.packs, at, self.chosen)

    async def _reached(self, marks: set[bytes], at: datetime) -> Mapping[bytes, datetime]:
        """By the mark of each address, when the last message reached it; only within `_LONGEST` before `at`."""
        async with self.pool.acquire(timeout=5) as db:
            rows = await db.fetch(
                """
                SELECT recipient, max(at) AS at FROM intent_reached
                WHERE recipient = ANY($1) AND at > $2 GROUP BY recipient
                """,
                list(marks),
                at - _LONGEST,
            )
        return {row["recipient"]: row["at"] for row in rows}
