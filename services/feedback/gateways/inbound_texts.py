"""Hands text messages that people write to a number bound by SMPP to intake, each once, before the centre is told that
we have them.

A centre sends a message again if it was not acknowledged, without an id that would tell it from another message with
the same words. So each message gets an id here, and the same id when it comes again. Neither texts nor telephone
numbers are stored.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

import httpx

from shared.chassis.base.clock import uuid7
from shared.chassis.base.metric_declarations import Served, counter
from shared.chassis.base.tokens import SERVICE_MAX_AGE, Tokens
from shared.chassis.database.pool import Pool
from shared.chassis.work.retention import Expired
from shared.contracts.demand.state import Service

TIMEOUT: Final = httpx.Timeout(8, connect=2)
"""Seconds to wait for intake; less than centres wait for an acknowledgement."""
AGAIN_WITHIN: Final = timedelta(minutes=10)
"""On another bind the same text is the same message for so long: the acknowledgement was lost with the first bind."""
EXPIRED: Final = Expired("inbound_text", "received_at < $1", timedelta(days=8))
"""Ids of messages are kept for so long; longer than any centre keeps a message."""

REFUSED: Final = counter(
    "huying_inbound_texts_refused_total",
    "Text messages that citizens sent by SMPP and that intake cannot read; they are lost, and the log has the reason",
    ["gateway"],
    served=Served(frozenset({"consumer"}), frozenset({"feedback"})),
)
_UNREADABLE: Final = frozenset({400, 413, 422})
"""Statuses that intake answers each time that it gets the same message."""


@dataclass(frozen=True, slots=True)
class InboundText:
    """One message of a person for a channel of intake. `bind` names the bind on which it came; `words` are its
    bytes."""

    gateway: str
    channel: str
    bind: UUID
    sender: str = field(repr=False)
    words: bytes = field(repr=False)
    charset: str


class IntakeUnavailable(Exception):
    """Intake did not take the message; the centre must keep it."""


class UnreadableText(Exception):
    """Intake cannot read the message, however often it comes; the centre must not send it again."""


@dataclass(frozen=True, slots=True)
class InboundTexts:
    """Hands incoming text messages to intake."""

    pool: Pool
    intake: httpx.AsyncClient
    tokens: Tokens

    @classmethod
    def at(cls, pool: Pool, url: str, secret: str) -> "InboundTexts":
        """The client of the intake at this URL."""
        client = httpx.AsyncClient(base_url=url, timeout=TIMEOUT, trust_env=False)
        return cls(pool, client, Tokens(secret, SERVICE_MAX_AGE))

    async def take(self, text: InboundText) -> None:
        """Hand a message over; returns when intake has it. Raises `IntakeUnavailable` or `UnreadableText`."""
        id = await self._id(text)
        await self._hand_over(id, text)
        async with self.pool.acquire(timeout=5) as db:
            await db.execute("UPDATE inbound_text SET taken_at = now() WHERE id = $1", id)

    async def _id(self, text: InboundText) -> UUID:
        async with self.pool.acquire(timeout=5) as db:
            id: UUID = await db.fetchval(
                """
                WITH known AS (
                    UPDATE inbound_text SET bind = $3 WHERE id = (
                        SELECT id FROM inbound_text
                        WHERE gateway = $1 AND digest = $2
                            AND (taken_at IS NULL OR (bind <> $3 AND received_at > now() - $5::interval))
                        ORDER BY received_at DESC LIMIT 1
                    ) RETURNING id
                ), made AS (
                    INSERT INTO inbound_text (id, gateway, digest, bind)
                    SELECT $4, $1, $2, $3 WHERE NOT EXISTS (SELECT FROM known) RETURNING id
                )
                SELECT id FROM known UNION ALL SELECT id FROM made
                """,
                text.gateway,
                self._digest(text),
                text.bind,
                uuid7(),
                AGAIN_WITHIN,
            )
        return id

    def _digest(self, text: InboundText) -> bytes:
        """A hash that recognises a message that comes again, and does not show who wrote what."""
        message = f"{text.channel}\n{text.sender}\n{text.words.hex()}"
        return hmac.new(self.tokens.secret.encode(), message.encode(), hashlib.sha256).digest()

    async def _hand_over(self, id: UUID, text: InboundText) -> None:
        headers = self.tokens.service_headers(Service.FEEDBACK)
        message = {"id": str(id), "sender": text.sender, "words": text.words.hex(), "charset": text.charset}
        try:
            answer = await self.intake.post(f"/inbound/sms/{text.channel}/texts", json=message, headers=headers)
        except httpx.RequestError as fault:
            raise IntakeUnavailable(repr(fault)) from None
        if answer.status_code in _UNREADABLE:
            REFUSED.labels(text.gateway).inc()
            raise UnreadableText(f"intake answered {answer.status_code}")
        if answer.status_code != 204:
            raise IntakeUnavailable(
                f"intake answered {answer.status_code}: check that the channel {text.channel!r} exists"
            )
