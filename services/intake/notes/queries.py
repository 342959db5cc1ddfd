"""Intake's questions about demands after their submission, one function each."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.chassis.database.pool import Connection


@dataclass(frozen=True, slots=True)
class Told:
    """A note that is in the journal already."""

    demand: UUID
    type: str
    payload: str
    number: str
    at: datetime


async def told(db: Connection, note: UUID) -> Told | None:
    """The note with this id, when it was told before."""
    row = await db.fetchrow("SELECT aggregateid, type, payload, subject, time FROM journal WHERE id = $1", note)
    return Told(*row) if row else None


async def hold_references(db: Connection, channel: str) -> None:
    """Keep the channel from submitting under a reference while it becomes a sighting."""
    await db.execute("SELECT pg_advisory_xact_lock(hashtextextended('reference:' || $1, 0))", channel)


async def put_sighting(db: Connection, channel: str, external_id: str, demand: UUID, at: datetime) -> None:
    """From now on this reference of the channel stands for the demand."""
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
    """One more under this name, and how many there are; a count that began before `since` starts anew."""
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
