"""How messages to citizens are sent: whom each is for, how many an hour, and what the demand's record says of it."""

from collections.abc import Sequence
from typing import Any, Final

from services.feedback.gateways.recipients import Recipient
from services.feedback.notifications.courtesy import Find
from services.feedback.notifications.digests import digest
from services.feedback.notifications.messages import MESSAGE
from services.feedback.notifications.staff_notices import is_for_staff, staff_digest
from shared.chassis.aggregates.repository import Repository
from shared.chassis.work.intents import Gateway, Intent, IntentKind, State
from shared.contracts.demand.facts import Fact, NotificationFailed, NotificationSent
from shared.contracts.demand.state import Demand
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.profile import MESSAGES_PER_HOUR
from shared.masking import mask


def messages(
    repository: Repository[Demand, Fact],
    recipients: Find,
    gateways: Sequence[Gateway[Recipient]],
    packs: Jurisdictions,
) -> IntentKind[Recipient]:
    """The kind of intent that tells citizens."""

    def per_hour(intent: Intent) -> int:
        if is_for_staff(intent):
            return STAFF_PER_HOUR
        pack = packs.get(intent.body["jurisdiction"] or "")
        return pack.messages_per_hour if pack else MESSAGES_PER_HOUR

    return IntentKind(
        name=MESSAGE,
        repository=repository,
        gateways=gateways,
        recipients=recipients,
        notes=notes,
        per_hour=per_hour,
        # A gateway may quote the telephone or the words that it refuses.
        mask=mask,
        digest=lambda intents: (staff_digest if is_for_staff(intents[0]) else digest)(intents, packs),
    )


STAFF_PER_HOUR: Final = 60
"""To one duty address: those of emergencies, and one of each morning."""
NOBODY: Final = "none"
"""What stands in the record for the gateway of a message that was given to none."""


def notes(intent: Intent, state: State, cause: str | None, via: str) -> list[Fact]:
    """What the demand's record says of a message: it was sent, or why it was not. Of reminders to units it says
    nothing: it has the facts that they tell."""
    if is_for_staff(intent):
        return []
    about: dict[str, Any] = {"template": intent.body["template"], "via": via or NOBODY, "about": intent.about}
    if state is State.SENT:
        return [NotificationSent(**about)]
    return [NotificationFailed(**about, cause=cause or state)]
