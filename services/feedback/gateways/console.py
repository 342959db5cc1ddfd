"""Writes messages to the log of the process, to try the product out."""

import re
from typing import Final

import structlog

from services.feedback.gateways.recipients import Recipient
from shared.chassis.work.intents import Intent, Outcome, Sent

log = structlog.get_logger()
_LINK: Final = re.compile(r"https?://[^\s，。；！？、）】」]+")


class ConsoleGateway:
    """Writes one line for each message, without the link, because whoever has the link can rate for the citizen."""

    name = "console"
    at_once = 16

    async def send(self, intent: Intent, recipient: Recipient) -> Outcome:
        """Write the line; it is sent then."""
        log.info(
            "message",
            to=recipient.masked,
            by=recipient.means,
            template=intent.body["template"],
            body=_LINK.sub("［链接］", intent.body["text"]),
        )
        return Sent()

    async def close(self) -> None:
        """Nothing has to be closed."""
