"""Letters by SMTP to a relay: one letter for each message, whose Message-ID is derived from the message's id."""

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
"""From this code on SMTP refuses for good; below it is a matter of time (RFC 5321, 4.2.1)."""
_BUSY: Final = 421


class SmtpGateway:
    """Connections to one relay, used again while they last."""

    def __init__(self, name: str, told: Smtp) -> None:
        self.name, self.at_once = name, told.at_once
        self._told = told
        self._idle: list[aiosmtplib.SMTP] = []

    async def send(self, intent: Intent, recipient: Recipient) -> Outcome:
        """Sent when the relay took the letter; unknown only when it fell silent after the words had begun to go."""
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
            return Unknown(f"{self.name} gave no answer to the letter: {fault!r}")
        except asyncio.CancelledError:
            relay.close()
            raise
        self._idle.append(relay)
        return Sent()

    async def close(self) -> None:
        """Hang up; a relay minds no client that says nothing."""
        while self._idle:
            self._idle.pop().close()

    async def _begun(self, recipient: Recipient) -> aiosmtplib.SMTP:
        """A connection on which sender and recipient were taken. One that lay idle may be closed by now: a new one is
        made then."""
        while self._idle:
            relay = self._idle.pop()
            try:
                return await self._address(relay, recipient)
            except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError, OSError):
                relay.close()
        told = self._told
        relay = aiosmtplib.SMTP(
            hostname=told.host,
            port=told.port,
            timeout=told.timeout,
            use_tls=told.security == "tls",
            start_tls=told.security == "starttls",
            username=told.username or None,
            password=told.password.get_secret_value() or None,
            tls_context=ssl.create_default_context(cafile=told.ca_file) if told.security != "none" else None,
        )
        await relay.connect()
        return await self._address(relay, recipient)

    async def _address(self, relay: aiosmtplib.SMTP, recipient: Recipient) -> aiosmtplib.SMTP:
        try:
            await relay.mail(self._told.sender)
            await relay.rcpt(recipient.address)
        except aiosmtplib.SMTPResponseException:
            relay.close()
            raise
        return relay

    def _letter(self, intent: Intent, recipient: Recipient) -> EmailMessage:
        told, values = self._told, values_of(intent)
        letter = EmailMessage()
        letter["From"] = formataddr((told.sender_name, told.sender))
        letter["To"] = recipient.address
        letter["Subject"] = " ".join(fill(told.subject, values).split())
        letter["Date"] = formatdate()
        letter["Message-ID"] = f"<{intent.id}@{told.sender.rpartition('@')[2]}>"
        # An absence notice answers no machine (RFC 3834).
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(f"{intent.body['text']}\n")
        return letter


def _refused(fault: aiosmtplib.SMTPResponseException) -> Outcome:
    words = f"{fault.code} {fault.message}"
    if isinstance(fault, aiosmtplib.SMTPAuthenticationError | aiosmtplib.SMTPHeloError) or fault.code == _BUSY:
        return RetryLater(words)
    return Rejected(words) if fault.code >= _LATER else TryAgain(words)
