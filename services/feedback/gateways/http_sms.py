"""Sends text messages by the HTTP interface of a carrier, a reseller or Kannel; its declaration says what it wants and
answers."""

import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Final
from uuid import uuid4

import aiohttp

from services.feedback.gateways.declared_parts import Approved
from services.feedback.gateways.declared_sms import AnswerRule, HttpSms
from services.feedback.gateways.recipients import Recipient
from services.feedback.gateways.rendering import fill, fill_all, signed, values_of, variables_of
from services.feedback.gateways.text_messages import rejection_cause, words_of
from shared.chassis.work.intents import Intent, Outcome, Rejected, RetryLater, Sent, TryAgain, Unknown

_NOT_SENT: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
"""Errors that occur before a request is sent."""
_CUT: Final = 200
_LONGEST: Final = 65536
"""At most so many bytes of an answer are read."""
_IDLE: Final = 2.0
"""Seconds that an idle connection is kept. If the gateway closed it just before a request, the outcome would be
unknown."""


class HttpSmsGateway:
    """Sends one request for each message and reads the answer by the declared rules."""

    def __init__(self, name: str, settings: HttpSms, clock: Callable[[], float] = time.time) -> None:
        self.name, self.at_once = name, settings.at_once
        self._settings, self._clock = settings, clock
        self._opened: aiohttp.ClientSession | None = None

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            declaration = self._settings
            timeout = aiohttp.ClientTimeout(total=declaration.timeout, connect=min(declaration.timeout, 5.0))
            connector = aiohttp.TCPConnector(limit=declaration.at_once, keepalive_timeout=_IDLE)
            self._opened = aiohttp.ClientSession(
                connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
            )
            # Otherwise aiohttp would repeat a GET whose connection was closed, and the citizen would get two messages.
            self._opened._retry_connection = False
        return self._opened

    async def close(self) -> None:
        """Close the connections."""
        if self._opened:
            await self._opened.close()

    async def send(self, intent: Intent, recipient: Recipient) -> Outcome:
        """Send a message; the outcome follows from the rules. A request that was sent without an answer has an unknown
        outcome."""
        approved = self._settings.templates.get(intent.body["template"])
        if refused := rejection_cause(self.name, self._settings, intent):
            return Rejected(refused)
        try:
            status, body = await self._ask(self._values(intent, recipient, approved))
        except _NOT_SENT as fault:
            return RetryLater(f"{self.name} cannot be reached: {type(fault).__name__}")
        except (TimeoutError, aiohttp.ClientError, OSError) as fault:
            return Unknown(f"{self.name} gave no answer: {type(fault).__name__}")
        return outcome_of(status, body, self._settings.answers)

    async def _ask(self, values: Mapping[str, str]) -> tuple[int, str]:
        declaration = self._settings
        asking = self._session.request(
            declaration.method,
            fill(declaration.url, values),
            headers={name: fill(text, values) for name, text in declaration.headers.items()},
            params=fill_all(declaration.query, values) or None,
            data=fill_all(declaration.form, values) or None,
            json=fill_all(declaration.json_body, values) if declaration.json_body is not None else None,
            allow_redirects=False,
        )
        async with asking as answer:
            body = b""
            while len(body) < _LONGEST and (chunk := await answer.content.read(_LONGEST)):
                body += chunk
            return answer.status, body.decode("utf-8", "replace")

    def _values(self, intent: Intent, recipient: Recipient, approved: Approved | None) -> Mapping[str, str]:
        declaration, values = self._settings, values_of(intent)
        variables = variables_of(approved.variables, values, declaration.variable_length) if approved else {}
        values |= {
            "to": recipient.address,
            "text": words_of(declaration, intent),
            "name": self.name,
            "signature": declaration.signature.strip("【】"),
            "template_id": approved.id if approved else "",
            "variables": json.dumps(variables, ensure_ascii=False),
            "timestamp": str(int(self._clock())),
            "nonce": uuid4().hex,
        }
        if declaration.sign:
            text_to_sign = fill(declaration.sign.over, values)
            secret = declaration.sign.secret.get_secret_value()
            values["sign"] = signed(declaration.sign.algorithm, text_to_sign, secret, declaration.sign.encoding)
        return values


def outcome_of(status: int, body: str, rules: tuple[AnswerRule, ...]) -> Outcome:
    """The outcome of an answer: by the first rule that matches, else by its status.

    Without a matching rule, 2xx means sent, unless there is a rule that says how a sent message is answered: then the
    outcome is unknown. 401, 403, 429 and 503 mean that no message is accepted now; other 4xx refuse this message. With
    any other status it is unknown whether the message was accepted before the fault.
    """
    words = f"{status}: {' '.join(body.split())[:_CUT]}"
    for rule in rules:
        if (not rule.status or status in rule.status) and (not rule.body or re.search(rule.body, body)):
            return _outcome(rule, body, words)
    match status:
        case 401 | 403 | 429 | 503:
            return RetryLater(words)
        case _ if 200 <= status < 300:
            return Unknown(words) if any(rule.outcome == "sent" for rule in rules) else Sent()
        case _ if 400 <= status < 500:
            return Rejected(words)
    return Unknown(words)


def _outcome(rule: AnswerRule, body: str, words: str) -> Outcome:
    match rule.outcome:
        case "sent":
            reference = re.search(rule.reference, body) if rule.reference else None
            return Sent(reference[1] if reference and reference.groups() else "")
        case "refused":
            return Rejected(words)
        case "again":
            return TryAgain(words)
        case "later":
            return RetryLater(words)
    return Unknown(words)
