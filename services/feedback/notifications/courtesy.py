"""Whether a message may go out at this moment: not within quiet hours, and not one after another to one address."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.feedback.gateways.recipients import Recipient
from services.feedback.notifications import digests
from services.feedback.notifications.contacts import Found
from services.feedback.notifications.digests import Addressed
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Pool
from shared.chassis.work.intents import Intent, PutOff
from shared.jurisdiction.jurisdictions import Jurisdictions

QUIET: Final = "quiet-hours"
"""Why a message waits for the morning."""
IN_QUIET_HOURS: Final = "quiet hours: nobody is written to now without having asked"
_LONGEST: Final = timedelta(hours=1)
"""The longest time within which messages become one, see `DigestRules`."""
Find = Callable[[Sequence[Intent]], Awaitable[Mapping[UUID, Found]]]


def quiet_until(intent: Intent, packs: Jurisdictions, at: datetime) -> datetime | None:
    """When a message of this moment may go out by its pack's quiet hours; None where it may go at once."""
    pack = packs.get(intent.body["jurisdiction"] or "")
    rules = pack.messages.quiet_hours if pack else None
    if pack is None or rules is None or intent.body["template"] in rules.any_time:
        return None
    if rules.emergencies and intent.body.get("urgent"):
        return None
    return rules.until(at, pack.timezone, str(intent.body["contact"]))


@dataclass(frozen=True, slots=True)
class CourteousRecipients:
    """Finds whom messages are for, and lets those wait whose time has not come; no address is asked for in vain at
    night."""

    pool: Pool
    find: Find
    packs: Jurisdictions
    clock: Callable[[], datetime] = now
    chosen: dict[bytes, tuple[UUID, datetime]] = field(default_factory=dict)
    """Which message went to each address last, by the mark of the address, for as long as it counts."""

    async def __call__(self, intents: Sequence[Intent]) -> dict[UUID, Found]:
        """Whom these messages go to, or until when they wait; raises `Away`."""
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
            Addressed(intent, recipient.mark)
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
        """When each address was last written to, of those that were lately."""
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
