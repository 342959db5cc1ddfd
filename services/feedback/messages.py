"""The questions about messages to feedback's database: from intent to outcome, one function each."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

import asyncpg

from shared.chassis.database import Connection
from shared.chassis.writes import Writes
from shared.contracts.facts import ChannelKind


@dataclass(frozen=True, slots=True)
class Message:
    """A notification to be sent."""

    id: UUID
    demand_id: UUID
    fact_id: UUID
    contact: UUID | None
    template: str
    body: str
    channel_kind: ChannelKind | None = None
    """Of whoever supports a demand; None: the demand's own."""


class State(StrEnum):
    """What became of a message; `unknown`: its sender died in the middle, so nobody can know."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that is ours to send for a while; `attempt` tells our claim from a later one."""

    message: Message
    attempt: int
    number: str
    channel_kind: ChannelKind


NO_CONTACT: Final = "the demand came without a contact"
DIED: Final = "unknown: the sender ended between sending and record"


def put_messages(writes: Writes, messages: Sequence[Message]) -> None:
    """Write intents; one for each demand, fact and template. Where nobody can be told, that is all."""
    if messages:
        rows = [
            (m.id, m.demand_id, m.fact_id, m.contact, m.template, m.body, m.channel_kind, *_fate(m)) for m in messages
        ]
        writes.add(
            """
            INSERT INTO notification
                (id, demand_id, fact_id, contact, template, body, channel_kind, state, cause, finished_at)
            SELECT *, CASE WHEN cause IS NOT NULL THEN now() END
            FROM unnest($1::notification_row[])
            ON CONFLICT DO NOTHING
            """,
            rows,
        )


def _fate(message: Message) -> tuple[State, str | None]:
    return (State.PENDING, None) if message.contact else (State.SKIPPED, NO_CONTACT)


async def claim_messages(db: Connection, limit: int, lease_seconds: float) -> list[Claim]:
    """Take messages to send, in order; nobody else gets them within the lease."""
    rows = await db.fetch(
        """
        UPDATE notification n SET attempts = attempts + 1, due_at = now() + make_interval(secs => $2)
        FROM demand d
        WHERE d.id = n.demand_id AND n.id IN (
            SELECT id FROM notification WHERE state = 'pending' AND due_at <= now()
            ORDER BY position LIMIT $1 FOR UPDATE SKIP LOCKED
        )
        RETURNING n.id, n.demand_id, n.fact_id, n.contact, n.template, n.body,
            n.attempts, n.position, d.state ->> 'number' AS number,
            coalesce(n.channel_kind, d.state ->> 'channel_kind', 'web') AS channel_kind
        """,
        limit,
        lease_seconds,
    )
    return [_claim(row) for row in sorted(rows, key=lambda row: row["position"])]


def _claim(row: asyncpg.Record) -> Claim:
    message = Message(*(row[name] for name in Message.__dataclass_fields__))
    return Claim(message, row["attempts"], row["number"], ChannelKind(row["channel_kind"]))


async def put_off(db: Connection, claims: Sequence[Claim], seconds: float) -> None:
    """Give claims back, to be taken again after a while."""
    await db.execute(
        """
        UPDATE notification SET due_at = now() + make_interval(secs => $3)
        FROM unnest($1::uuid[], $2::integer[]) AS ours (id, attempt)
        WHERE notification.id = ours.id AND attempts = ours.attempt AND state = 'pending'
        """,
        [claim.message.id for claim in claims],
        [claim.attempt for claim in claims],
        seconds,
    )


async def begin_sending(db: Connection, claim: Claim) -> bool:
    """From now on the message may have gone out; False when the claim is no longer ours."""
    done = await db.execute(
        "UPDATE notification SET state = 'sending', claimed_at = now()"
        " WHERE id = $1 AND attempts = $2 AND state = 'pending'",
        claim.message.id,
        claim.attempt,
    )
    return done == "UPDATE 1"


async def finish_message(db: Connection, claim: Claim, state: State, cause: str | None) -> bool:
    """Record what became of a message; False when the claim is no longer ours."""
    done = await db.execute(
        "UPDATE notification SET state = $3, cause = $4, finished_at = now() WHERE id = $1 AND attempts = $2",
        claim.message.id,
        claim.attempt,
        state,
        cause,
    )
    return done == "UPDATE 1"


async def abandon_claims(db: Connection, older_than_seconds: float, limit: int) -> list[Message]:
    """Messages whose sender died between sending and record: nobody can know, so they are never sent blindly again."""
    rows = await db.fetch(
        """
        UPDATE notification SET state = 'unknown', cause = $3, finished_at = now()
        WHERE id IN (
            SELECT id FROM notification WHERE state = 'sending' AND claimed_at < now() - make_interval(secs => $1)
            ORDER BY claimed_at LIMIT $2 FOR UPDATE SKIP LOCKED
        )
        RETURNING id, demand_id, fact_id, contact, template, body
        """,
        older_than_seconds,
        limit,
        DIED,
    )
    return [Message(**row) for row in rows]
