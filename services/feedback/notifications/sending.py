"""Defines how the intents of kind "message" are sent: their recipients, their rate, and the facts that report them."""

from collections.abc import Sequence
from typing import Any, Final

from services.feedback.gateways.recipients import Recipient
from services.feedback.notifications.courtesy import Find
from services.feedback.notifications.digests import digest
from services.feedback.notifications.messages import MESSAGE
from services.feedback.notifications.staff_notices import is_for_staff, staff_digest
from shared.chassis.aggregates.repository import Repository
from shared.chassis.work.intents import Gateway, Intent, IntentKind, IntentState
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
    """The kind of intent for messages, as the chassis sends it."""

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
        # The error of a gateway may quote the telephone number or the text that it refuses.
        mask=mask,
        digest=lambda intents: (staff_digest if is_for_staff(intents[0]) else digest)(intents, packs),
    )


STAFF_PER_HOUR: Final = 60
"""Messages an hour to one duty address of a unit: those of emergencies, and one each morning."""
NOBODY: Final = "none"
"""The gateway in the fact of a message that no gateway was given."""


def notes(intent: Intent, state: IntentState, cause: str | None, via: str) -> list[Fact]:
    """The facts that report a message: it was sent, or why it was not. Messages to units have none: the facts that they
    report say the same."""
    if is_for_staff(intent):
        return []
    fields: dict[str, Any] = {"template": intent.body["template"], "via": via or NOBODY, "about": intent.about}
    if state is IntentState.SENT:
        return [NotificationSent(**fields)]
    return [NotificationFailed(**fields, cause=cause or state)]
