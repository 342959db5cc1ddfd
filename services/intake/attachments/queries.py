"""Intake's SQL about attachments, one function for each statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from services.intake.attachments.scanning import Scan
from shared.chassis.database.pool import Connection


@dataclass(frozen=True, slots=True)
class Attachment:
    """A row of `attachment`."""

    reference: str
    channel: str
    media_type: str
    suffix: str
    sha256: bytes
    size: int
    scan: Scan
    uploaded_at: datetime
    demand_id: UUID | None = None
    erased_at: datetime | None = None

    @property
    def key(self) -> str:
        """The key of the file in the store."""
        return f"{self.sha256.hex()}/{self.reference}"


_SELECT = "SELECT reference, channel, media_type, suffix, sha256, size, scan, uploaded_at, demand_id, erased_at"


async def put(db: Connection, a: Attachment) -> None:
    """Insert an upload; if the bytes of the same upload were lost, replace it."""
    await db.execute(
        """
        INSERT INTO attachment (reference, channel, media_type, suffix, sha256, size, scan, uploaded_at, demand_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (reference) DO UPDATE SET sha256 = excluded.sha256, size = excluded.size
        """,
        a.reference, a.channel, a.media_type, a.suffix, a.sha256, a.size, a.scan, a.uploaded_at, a.demand_id,
    )  # fmt: skip


async def by_reference(db: Connection, reference: str) -> Attachment | None:
    """The attachment with this reference; None if there is none."""
    row = await db.fetchrow(f"{_SELECT} FROM attachment WHERE reference = $1", reference)
    return _attachment(row) if row else None


async def is_of_an_answer(db: Connection, attachment: Attachment, channel: str) -> bool:
    """Whether a unit's answer to a demand of this channel has the file."""
    is_named: bool = await db.fetchval(
        """
        SELECT EXISTS (
            SELECT FROM demand_told AS told JOIN submission ON submission.id = told.demand_id
            WHERE told.demand_id = $1 AND submission.channel = $2 AND told.type = 'demand.resolved'
                AND told.said::jsonb -> 'attachments' ? $3
        )
        """,
        attachment.demand_id, channel, attachment.reference,
    )  # fmt: skip
    return is_named


async def readable(db: Connection, demand_id: UUID, references: Sequence[str]) -> list[Attachment]:
    """Which of these files belong to the demand and were not erased."""
    rows = await db.fetch(
        f"{_SELECT} FROM attachment WHERE reference = ANY($2::text[]) AND demand_id = $1 AND erased_at IS NULL",
        demand_id,
        list(references),
    )
    return [_attachment(row) for row in rows]


async def bind(db: Connection, channel: str, references: Sequence[str], demand_id: UUID) -> set[str]:
    """Bind unused uploads of a channel to a demand; returns which ones were bound."""
    rows = await db.fetch(
        """
        UPDATE attachment SET demand_id = $3
        WHERE reference = ANY($2::text[]) AND channel = $1 AND demand_id IS NULL RETURNING reference
        """,
        channel,
        list(references),
        demand_id,
    )
    return {row["reference"] for row in rows}


async def unbind(db: Connection, demand_id: UUID) -> None:
    """Unbind the attachments of a demand that was not taken in."""
    await db.execute("UPDATE attachment SET demand_id = NULL WHERE demand_id = $1", demand_id)


async def erase(db: Connection, demand_id: UUID, at: datetime) -> None:
    """Mark the attachments of a demand as erased: nobody gets them any more, and a sweep removes the bytes."""
    await db.execute("UPDATE attachment SET erased_at = $2 WHERE demand_id = $1 AND erased_at IS NULL", demand_id, at)


async def lock_unwanted(db: Connection, unused_since: datetime, limit: int) -> list[Attachment]:
    """Uploads that no demand uses, and erased files whose bytes are still stored; locked until the transaction ends."""
    rows = await db.fetch(
        f"""
        {_SELECT} FROM attachment
        WHERE (demand_id IS NULL AND uploaded_at < $1) OR (erased_at IS NOT NULL AND size > 0)
        ORDER BY uploaded_at LIMIT $2 FOR UPDATE SKIP LOCKED
        """,
        unused_since,
        limit,
    )
    return [_attachment(row) for row in rows]


async def forget(db: Connection, references: Sequence[str]) -> None:
    """After the bytes were removed: delete the row of an unused upload; the row of an erased file stays."""
    await db.execute("DELETE FROM attachment WHERE reference = ANY($1) AND demand_id IS NULL", list(references))
    await db.execute("UPDATE attachment SET size = 0, sha256 = '' WHERE reference = ANY($1)", list(references))


def _attachment(row: asyncpg.Record) -> Attachment:
    return Attachment(**dict(row) | {"scan": Scan(row["scan"])})
