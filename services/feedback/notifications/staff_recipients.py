"""Finds the recipients of messages to units, which are duty addresses of the pack; other messages go on to `others`."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.feedback.gateways.recipients import ContactMethod, Recipient, mark
from services.feedback.notifications.contacts import Found
from services.feedback.notifications.courtesy import Find
from services.feedback.notifications.staff_notices import is_for_staff
from shared.chassis.base.clock import now
from shared.chassis.work.intents import Intent, NoRecipient, PutOff
from shared.jurisdiction.courtesy import DutyAddress
from shared.jurisdiction.jurisdictions import Jurisdictions

MORNING: Final = "morning"
"""The reason (`waits`) of a message to a unit that waits for the morning."""
IN_THE_MORNING: Final = "units get their messages together in the morning"
NO_DUTY: Final = "the pack does not contain this duty address of the unit any more"


def duty_gateways(packs: Jurisdictions) -> frozenset[str]:
    """All gateways that duty addresses of the packs name."""
    return frozenset(
        address.gateway
        for pack in packs
        for addresses in pack.messages.staff.duty.values()
        for address in addresses
        if address.gateway
    )


@dataclass(frozen=True, slots=True)
class DutyRecipients:
    """`use` holds the gateway for each contact method, `gateways` the names of all gateways."""

    others: Find
    packs: Jurisdictions
    use: Mapping[ContactMethod, str]
    gateways: Collection[str]
    secret: str
    clock: Callable[[], datetime] = now

    async def __call__(self, intents: Sequence[Intent]) -> dict[UUID, Found]:
        """The recipient of each message, or until when it is put off, by its id; raises `Away` if intake does not
        answer."""
        at = self.clock()
        recipients = {intent.id: self._found(intent, at) for intent in intents if is_for_staff(intent)}
        other_intents = [intent for intent in intents if intent.id not in recipients]
        return recipients | (dict(await self.others(other_intents)) if other_intents else {})

    def _found(self, intent: Intent, at: datetime) -> Found:
        pack = self.packs.get(intent.body["jurisdiction"] or "")
        duty = intent.body["duty"]
        addresses = pack.messages.staff.duty.get(duty["unit"], ()) if pack else ()
        if duty["place"] >= len(addresses):
            return NoRecipient(NO_DUTY)
        recipient = self._recipient(addresses[duty["place"]], duty["unit"])
        if recipient.gateway not in self.gateways or recipient.gateway in intent.avoided:
            return NoRecipient(f"there is no gateway for the duty address of {duty['unit']}: see HUYING_GATEWAYS")
        not_before = intent.body.get("not_before")
        if not_before and (until := datetime.fromisoformat(not_before)) > at:
            return PutOff(IN_THE_MORNING, MORNING, until, self._digest_mark(duty["unit"], duty["place"]))
        return recipient

    def _digest_mark(self, unit: str, place: int) -> bytes:
        """The mark under which the messages of a unit are gathered. Two units with the same address get a digest each,
        because a digest names its unit."""
        return mark(ContactMethod.EMAIL, f"the morning of {unit}/{place}", self.secret)

    def _recipient(self, address: DutyAddress, unit: str) -> Recipient:
        if address.gateway:
            # If no gateways are declared, the file or the log takes all messages.
            gateway = address.gateway if address.gateway in self.gateways else self._default_gateway()
            recipient_mark = mark(ContactMethod.EMAIL, f"{address.gateway}/{unit}", self.secret)
            return Recipient(ContactMethod.PHONE, "", recipient_mark, gateway)
        means = ContactMethod.EMAIL if address.email else ContactMethod.PHONE
        email_or_phone = address.email or address.phone or ""
        return Recipient(means, email_or_phone, mark(means, email_or_phone, self.secret), self.use.get(means, ""))

    def _default_gateway(self) -> str:
        names = set(self.use.values())
        return names.pop() if len(names) == 1 and names <= {"file", "console"} else ""
