"""Intake's SQL about long text messages and their parts, one function for each statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.intake.inbound.sms.parts import PartBytes
from shared.chassis.database.pool import Connection


@dataclass(frozen=True, slots=True)
class PartedText:
    """A long message: its channel and its progress. `number` is the demand that it became."""

    id: UUID
    channel: str
    total: int
    wrapped: bytes
    sender: bytes | None
    begun_at: datetime
    closed_at: datetime | None
    taken_at: datetime | None
    number: str | None
    reply: bytes | None


_SELECT = """
    SELECT id, channel, total, wrapped, sender, begun_at, closed_at, taken_at, number, reply FROM parted_text
"""


async def lock_thread(db: Connection, thread: bytes) -> PartedText | None:
    """The last message of a thread, locked: until the transaction ends nobody else adds to the thread."""
    await db.execute("SELECT pg_advisory_xact_lock($1)", int.from_bytes(thread[:8], signed=True))
    row = await db.fetchrow(f"{_SELECT} WHERE thread = $1 ORDER BY id DESC LIMIT 1 FOR UPDATE", thread)
    return PartedText(*row) if row else None


async def by_id(db: Connection, id: UUID) -> PartedText | None:
    """A long message; None if there is none."""
    row = await db.fetchrow(f"{_SELECT} WHERE id = $1", id)
    return PartedText(*row) if row else None


async def digests(db: Connection, text: UUID) -> dict[int, bytes]:
    """The digests of the parts that came, by their numbers."""
    rows = await db.fetch("SELECT number, digest FROM text_part WHERE text_id = $1", text)
    return {row["number"]: row["digest"] for row in rows}


async def pieces(db: Connection, text: UUID) -> list[PartBytes]:
    """The parts that came, sealed; empty after the message was taken in."""
    rows = await db.fetch(
        "SELECT number, sealed, charset FROM text_part WHERE text_id = $1 AND sealed IS NOT NULL ORDER BY number", text
    )
    return [PartBytes(*row) for row in rows]


async def put_text(db: Connection, text: PartedText, thread: bytes, due: datetime) -> None:
    """Insert a message, of which the first part came."""
    await db.execute(
        """
        INSERT INTO parted_text (id, channel, thread, total, wrapped, sender, begun_at, due_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        text.id,
        text.channel,
        thread,
        text.total,
        text.wrapped,
        text.sender,
        text.begun_at,
        due,
    )


async def put_part(db: Connection, text: UUID, piece: PartBytes, digest: bytes) -> None:
    """Insert a part, sealed."""
    await db.execute(
        "INSERT INTO text_part (text_id, number, digest, charset, sealed) VALUES ($1, $2, $3, $4, $5)",
        text,
        piece.number,
        digest,
        piece.charset,
        piece.words,
    )


async def close(db: Connection, text: UUID, at: datetime, due: datetime) -> None:
    """Close the message, so that no part is added; at `due` a worker checks whether it was taken in."""
    await db.execute("UPDATE parted_text SET closed_at = $2, due_at = $3 WHERE id = $1", text, at, due)


async def claim_due(db: Connection, at: datetime, again: datetime, most: int) -> Sequence[PartedText]:
    """Close the messages whose waiting time is over, and give them to one worker until `again`."""
    rows = await db.fetch(
        """
        UPDATE parted_text SET closed_at = coalesce(closed_at, $1), due_at = $2
        WHERE id = ANY(ARRAY(
            SELECT id FROM parted_text WHERE taken_at IS NULL AND due_at <= $1
            ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED
        )) RETURNING id, channel, total, wrapped, sender, begun_at, closed_at, taken_at, number, reply
        """,
        at,
        again,
        most,
    )
    return [PartedText(*row) for row in rows]


async def settle(db: Connection, text: UUID, number: str, reply: bytes, at: datetime) -> None:
    """Mark the message as taken in: only its answer is kept, for repeated parts."""
    await db.execute(
        """
        WITH emptied AS (UPDATE text_part SET sealed = NULL WHERE text_id = $1)
        UPDATE parted_text SET taken_at = $4, number = nullif($2, ''), reply = $3, sender = NULL WHERE id = $1
        """,
        text,
        number,
        reply,
        at,
    )


async def lock_keys(db: Connection) -> list[tuple[UUID, bytes]]:
    """The wrapped keys of all stored messages, locked until the transaction ends."""
    rows = await db.fetch("SELECT id, wrapped FROM parted_text ORDER BY id FOR UPDATE")
    return [(row["id"], row["wrapped"]) for row in rows]


async def rewrap(db: Connection, text: UUID, wrapped: bytes) -> None:
    """Replace the wrapped key of a message."""
    await db.execute("UPDATE parted_text SET wrapped = $2 WHERE id = $1", text, wrapped)
