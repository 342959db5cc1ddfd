"""Sends e-mails by SMTP to a relay. The Message-ID is derived from the id of the message."""

import asyncio
import ssl
from email.message import EmailMessage
from email.utils import formataddr, formatdate
from typing import Final

import aiosmtplib

from services.feedback.gateways.declared import Smtp
from services.feedback.gateways.recipients import Recipient
from services.feedback.gateways.rendering import fill, values_of
from shared.chassis.work.intents import Intent, Outcome, Rejected, RetryLater, Sent, TryAgain, Unknown

_LATER: Final = 500
"""From this code on SMTP refuses for good; a lower code means to try later (RFC 5321, 4.2.1)."""
_BUSY: Final = 421


class SmtpGateway:
    """Connections to one relay, which are reused."""

    def __init__(self, name: str, settings: Smtp) -> None:
        self.name, self.at_once = name, settings.at_once
        self._settings = settings
        self._idle: list[aiosmtplib.SMTP] = []

    async def send(self, intent: Intent, recipient: Recipient) -> Outcome:
        """Send an e-mail. The outcome is unknown only if the relay did not answer after the text had begun to be
        sent."""
        letter = self._letter(intent, recipient)
        try:
            relay = await self._begun(recipient)
        except aiosmtplib.SMTPResponseException as fault:
            return _refused(fault)
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ssl.SSLError) as fault:
            return RetryLater(f"{self.name} cannot be reached: {fault!r}")
        try:
            await relay.data(letter.as_bytes(policy=letter.policy.clone(linesep="\r\n", cte_type="7bit")))
        except aiosmtplib.SMTPResponseException as fault:
            relay.close()
            return _refused(fault)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as fault:
            relay.close()
            return Unknown(f"{self.name} gave no answer to the e-mail: {fault!r}")
        except asyncio.CancelledError:
            relay.close()
            raise
        self._idle.append(relay)
        return Sent()

    async def close(self) -> None:
        """Close the connections; no command is needed for that."""
        while self._idle:
            self._idle.pop().close()

    async def _begun(self, recipient: Recipient) -> aiosmtplib.SMTP:
        """A connection on which the relay accepted sender and recipient. An idle connection may be closed by now: then
        a new one is made."""
        while self._idle:
            relay = self._idle.pop()
            try:
                return await self._address(relay, recipient)
            except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError, OSError):
                relay.close()
        declaration = self._settings
        encrypted = declaration.security != "none"
        context = ssl.create_default_context(cafile=declaration.ca_file) if encrypted else None
        relay = aiosmtplib.SMTP(
            hostname=declaration.host,
            port=declaration.port,
            timeout=declaration.timeout,
            use_tls=declaration.security == "tls",
            start_tls=declaration.security == "starttls",
            username=declaration.username or None,
            password=declaration.password.get_secret_value() or None,
            tls_context=context,
        )
        await relay.connect()
        return await self._address(relay, recipient)

    async def _address(self, relay: aiosmtplib.SMTP, recipient: Recipient) -> aiosmtplib.SMTP:
        try:
            await relay.mail(self._settings.sender)
            await relay.rcpt(recipient.address)
        except aiosmtplib.SMTPResponseException:
            relay.close()
            raise
        return relay

    def _letter(self, intent: Intent, recipient: Recipient) -> EmailMessage:
        declaration, values = self._settings, values_of(intent)
        letter = EmailMessage()
        letter["From"] = formataddr((declaration.sender_name, declaration.sender))
        letter["To"] = recipient.address
        letter["Subject"] = " ".join(fill(declaration.subject, values).split())
        letter["Date"] = formatdate()
        letter["Message-ID"] = f"<{intent.id}@{declaration.sender.rpartition('@')[2]}>"
        # So that automatic replies, such as absence notices, do not answer this e-mail (RFC 3834).
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(f"{intent.body['text']}\n")
        return letter


def _refused(fault: aiosmtplib.SMTPResponseException) -> Outcome:
    words = f"{fault.code} {fault.message}"
    if isinstance(fault, aiosmtplib.SMTPAuthenticationError | aiosmtplib.SMTPHeloError) or fault.code == _BUSY:
        return RetryLater(words)
    return Rejected(words) if fault.code >= _LATER else TryAgain(words)
