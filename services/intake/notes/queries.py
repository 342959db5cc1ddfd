"""Intake's SQL about notes, one function for each statement."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.chassis.database.pool import Connection


@dataclass(frozen=True, slots=True)
class RecordedNote:
    """A note in the journal."""

    demand: UUID
    type: str
    payload: str
    number: str
    at: datetime


async def recorded_note(db: Connection, note: UUID) -> RecordedNote | None:
    """The note with this id; None if it was not recorded."""
    row = await db.fetchrow("SELECT aggregateid, type, payload, subject, time FROM journal WHERE id = $1", note)
    return RecordedNote(*row) if row else None


async def hold_references(db: Connection, channel: str) -> None:
    """Take the lock of the channel's references, so that none is submitted while it becomes a sighting."""
    await db.execute("SELECT pg_advisory_xact_lock(hashtextextended('reference:' || $1, 0))", channel)


async def put_sighting(db: Connection, channel: str, external_id: str, demand: UUID, at: datetime) -> None:
    """Insert a sighting: this reference of the channel stands for the demand."""
    await db.execute(
        """
        INSERT INTO sighting (channel, external_id, demand_id, seen_at)
        VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
        """,
        channel,
        external_id,
        demand,
        at,
    )


async def count_link_request(db: Connection, name: bytes, at: datetime, since: datetime) -> int:
    """Count a request under this name and return the count; if the count began before `since`, a new one begins."""
    count: int = await db.fetchval(
        """
        INSERT INTO link_request AS known (name, requests, since) VALUES ($1, 1, $2)
        ON CONFLICT (name) DO UPDATE SET
            requests = CASE WHEN known.since < $3 THEN 1 ELSE known.requests + 1 END,
            since = CASE WHEN known.since < $3 THEN $2 ELSE known.since END
        RETURNING requests
        """,
        name,
        at,
        since,
    )
    return count
