"""The questions about the queue of messages to feedback's database: from pending to outcome, one function each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import asyncpg

from services.feedback.notifications.messages import Message, State
from shared.chassis.database.pool import Connection
from shared.contracts.demand.facts import ChannelKind


class Waits(StrEnum):
    """Why a pending message is not sent yet, though its turn had come."""

    INTAKE = "intake"
    EARLIER = "earlier"
    HOURLY_LIMIT = "hourly-limit"


@dataclass(frozen=True, slots=True)
class Queued:
    """A message whose turn has come.

    `position` orders all messages. `attempts` counts how often it was put off or given to the sink. `held_back`: by the
    hourly limit. `followed`: a later message to the same person about the same demand waits behind it.
    """

    message: Message
    position: int
    attempts: int
    number: str
    jurisdiction: str
    channel_kind: ChannelKind
    mark: bytes | None
    held_back: bool
    followed: bool

    @property
    def person(self) -> tuple[UUID, UUID | None]:
        """Whose messages about which demand it belongs to."""
        return self.message.demand_id, self.message.contact


@dataclass(frozen=True, slots=True)
class Standing:
    """What keeps a message from its address now: earlier messages until then, the limit until then, a twin."""

    earlier: datetime | None
    limited: datetime | None
    told_already: bool


DIED: Final = "unknown: the sender ended between sending and record"


async def next_messages(db: Connection, limit: int) -> list[Queued]:
    """Messages whose turn has come, oldest first; nobody's later message while an earlier one waits or is sent."""
    rows = await db.fetch(
        """
        SELECT n.id, n.demand_id, n.fact_id, n.contact, n.template, n.body, n.position, n.attempts, n.recipient,
            d.state ->> 'number' AS number, d.state ->> 'jurisdiction' AS jurisdiction,
            coalesce(n.channel_kind, d.state ->> 'channel_kind', 'web') AS channel_kind,
            n.waits = 'hourly-limit' AS held_back, EXISTS (
                SELECT FROM notification later WHERE (later.demand_id, later.contact) = (n.demand_id, n.contact)
                AND later.position > n.position AND later.state = 'pending'
            ) AS followed
        FROM notification n JOIN demand d ON d.id = n.demand_id
        WHERE n.state = 'pending' AND n.due_at <= now() AND NOT EXISTS (
            SELECT FROM notification earlier WHERE (earlier.demand_id, earlier.contact) = (n.demand_id, n.contact)
            AND earlier.position < n.position AND earlier.state IN ('pending', 'sending')
            AND (earlier.state = 'sending' OR earlier.due_at > now())
        )
        ORDER BY n.position LIMIT $1
        """,
        limit,
    )
    return [_queued(row) for row in rows]


def _queued(row: asyncpg.Record) -> Queued:
    kind = ChannelKind(row["channel_kind"])
    return Queued(
        message=_message(row, kind),
        position=row["position"],
        attempts=row["attempts"],
        number=row["number"],
        jurisdiction=row["jurisdiction"],
        channel_kind=kind,
        mark=row["recipient"],
        held_back=bool(row["held_back"]),
        followed=row["followed"],
    )


def _message(row: asyncpg.Record, kind: ChannelKind | None = None) -> Message:
    return Message(
        row["id"], row["demand_id"], row["fact_id"], row["contact"], row["template"], row["body"], channel_kind=kind
    )


async def standing(db: Connection, queued: Queued, mark: bytes, per_hour: int) -> Standing:
    """What is known about the address that a message is for."""
    row = await db.fetchrow(
        """
        SELECT
            (SELECT max(greatest(due_at, now() + interval '1 second')) FROM notification
                WHERE recipient = $1 AND position < $2 AND state IN ('pending', 'sending')) AS earlier,
            (SELECT at + interval '1 hour' FROM reached
                WHERE recipient = $1 AND at > now() - interval '1 hour'
                ORDER BY at DESC OFFSET $3 - 1 LIMIT 1) AS limited,
            EXISTS (SELECT FROM reached JOIN notification twin ON twin.id = reached.message_id
                WHERE reached.recipient = $1 AND twin.fact_id = $4 AND twin.id <> $5) AS told_already
        """,
        mark,
        queued.position,
        per_hour,
        queued.message.fact_id,
        queued.message.id,
    )
    assert row, "an aggregate without FROM has one row"
    return Standing(row["earlier"], row["limited"], row["told_already"])


async def hold(db: Connection, queued: Queued, mark: bytes, until: datetime, waits: Waits) -> None:
    """Hold a message back, whose address is known by its mark."""
    await db.execute(
        "UPDATE notification SET due_at = $2, waits = $3, recipient = $4 WHERE id = $1 AND state = 'pending'",
        queued.message.id,
        until,
        waits,
        mark,
    )


async def put_off(db: Connection, queued: Queued, seconds: float, cause: str) -> None:
    """Let a message wait, since intake does not tell whom it is for."""
    await db.execute(
        """
        UPDATE notification SET due_at = now() + make_interval(secs => $2), waits = 'intake', cause = $3,
            attempts = attempts + 1
        WHERE id = $1 AND state = 'pending'
        """,
        queued.message.id,
        seconds,
        cause,
    )


async def begin_sending(db: Connection, queued: Queued, holder: UUID, mark: bytes) -> int | None:
    """From now on the message may have gone out; returns which attempt it is, None when it is not ours to send."""
    attempt: int | None = await db.fetchval(
        """
        WITH begun AS (
            UPDATE notification SET state = 'sending', claimed_at = now(), attempts = attempts + 1, recipient = $3
            WHERE id = $1 AND state = 'pending'
                AND EXISTS (SELECT FROM sender_lease WHERE holder = $2 AND until > now())
            RETURNING id, attempts
        ), counted AS (
            INSERT INTO reached (message_id, recipient) SELECT id, $3 FROM begun
            ON CONFLICT (message_id) DO UPDATE SET recipient = excluded.recipient, at = excluded.at
        )
        SELECT attempts FROM begun
        """,
        queued.message.id,
        holder,
        mark,
    )
    return attempt


async def give_back(db: Connection, id: UUID, attempt: int, cause: str) -> None:
    """The sink takes nothing now, and this message certainly did not go out: it is the next again."""
    await db.execute(
        """
        WITH back AS (
            UPDATE notification SET state = 'pending', cause = $3, due_at = now()
            WHERE id = $1 AND attempts = $2 AND state = 'sending' RETURNING id
        )
        DELETE FROM reached USING back WHERE message_id = back.id
        """,
        id,
        attempt,
        cause,
    )


async def finish_message(db: Connection, id: UUID, attempt: int, state: State, cause: str | None) -> bool:
    """Record what became of a message at this attempt; False when it is no longer ours."""
    done = await db.execute(
        """
        UPDATE notification SET state = $3, cause = $4, finished_at = now(), waits = NULL, recipient = NULL
        WHERE id = $1 AND attempts = $2 AND state IN ('pending', 'sending', 'unknown')
        """,
        id,
        attempt,
        state,
        cause,
    )
    return bool(done == "UPDATE 1")


async def abandon_sendings(db: Connection, older_than_seconds: float, limit: int) -> list[Message]:
    """Messages whose sender died between sending and record: nobody can know, so they are never sent blindly again."""
    rows = await db.fetch(
        """
        UPDATE notification SET state = 'unknown', cause = $3, finished_at = now(), recipient = NULL
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
    return [_message(row) for row in rows]


async def backlog(db: Connection) -> tuple[Sequence[tuple[str, int]], float]:
    """How many messages wait, by why, and the age of the oldest in seconds."""
    rows = await db.fetch(
        """
        SELECT coalesce(waits, 'turn') AS why, count(*) AS messages, extract(epoch FROM now() - min(created_at)) AS age
        FROM notification WHERE state = 'pending' GROUP BY 1
        """
    )
    return [(row["why"], row["messages"]) for row in rows], max((float(row["age"]) for row in rows), default=0.0)
