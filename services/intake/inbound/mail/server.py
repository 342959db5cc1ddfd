"""Receives letters from the mail system by LMTP or SMTP: 250 once they are durable, else 4xx."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.intake.channels.gateway_settings import GatewayRegistry
from services.intake.inbound.conversation import Conversations
from services.intake.inbound.mail.reader import LetterReader
from services.intake.settings import IntakeSettings
from shared.chassis.database.pool import PASSING
from shared.contracts.refusals import Refused

log = structlog.get_logger()
# A document of 20 MiB in the encoding of e-mails.
MAX_LETTER: Final = 28 * 1_048_576
TAKEN: Final = "250 2.0.0 Taken"
LATER: Final = "451 4.3.0 Try again later"
ONE_BY_ONE: Final = "452 4.5.3 One recipient at a time"
NOBODY: Final = "550 5.1.1 No such mailbox"


# Without slots: aiosmtpd reads every attribute, and Python 3.11.2 (Debian 12) leaves one that cannot be read.
@dataclass(frozen=True)
class MailServer:
    """The mail server: one mailbox for each channel, and one recipient for each e-mail, so that an answer is about one
    demand."""

    registry: GatewayRegistry
    conversations: Conversations
    reader: LetterReader = field(default_factory=LetterReader)

    async def run(self, settings: IntakeSettings) -> None:
        """Accept e-mails until cancelled."""
        kind = LMTP if settings.mail_protocol == "lmtp" else SMTP
        loop = asyncio.get_running_loop()

        def session() -> SMTP:
            return kind(self, hostname="huying", ident="Huying", data_size_limit=MAX_LETTER, enable_SMTPUTF8=True)

        server = await loop.create_server(session, settings.mail_host, settings.mail_port)
        log.info("receiving mail", protocol=settings.mail_protocol, port=settings.mail_port)
        try:
            async with server:
                await server.serve_forever()
        finally:
            await self.reader.sandbox.close()

    async def handle_RCPT(  # noqa: N802 (the name is aiosmtpd's)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Check that the mailbox exists."""
        if envelope.rcpt_tos:
            return ONE_BY_ONE
        try:
            if await self.registry.of_mailbox(address) is None:
                return NOBODY
        except PASSING as fault:
            return _put_off(fault)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take the e-mail in."""
        content: Any = envelope.content
        try:
            gateway = await self.registry.of_mailbox(envelope.rcpt_tos[0])
            if gateway is None:
                return NOBODY
            message = await self.reader.read(content, envelope.mail_from or "", gateway.settings.mailbox or "")
            if message is None:
                log.info("an e-mail of a program is ignored", channel=gateway.channel.id)
                return TAKEN
            answer = await self.conversations.take(gateway, message)
        except (*PASSING, Refused) as fault:
            return _put_off(fault)
        if answer.wish:
            return TAKEN
        return f"{TAKEN} as {answer.number}{'; ' if answer.enclosed.refused else ''}{answer.enclosed.notice('en')}"

    async def handle_exception(self, fault: BaseException) -> str:
        """Answer a fault of ours with a temporary error, so that the e-mail is not sent back."""
        return _put_off(fault)


def _put_off(fault: BaseException) -> str:
    log.warning("an e-mail is postponed", cause=repr(fault))
    return LATER
