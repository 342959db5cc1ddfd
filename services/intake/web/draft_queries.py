"""Intake's SQL about drafts of the portal and its usage, one function for each statement."""

from datetime import datetime
from uuid import UUID

from shared.chassis.database.pool import Connection


async def put(db: Connection, id: UUID, sealed: bytes, at: datetime) -> None:
    """Insert or replace a draft."""
    await db.execute(
        """
        INSERT INTO portal_draft (id, sealed, saved_at) VALUES ($1, $2, $3)
        ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed, saved_at = excluded.saved_at
        """,
        id,
        sealed,
        at,
    )


async def draft_by_id(db: Connection, id: UUID, since: datetime) -> bytes | None:
    """A draft that was saved since a moment; None if there is none."""
    sealed: bytes | None = await db.fetchval(
        "SELECT sealed FROM portal_draft WHERE id = $1 AND saved_at >= $2", id, since
    )
    return sealed


async def count(db: Connection, address: bytes, act: str, hour: datetime) -> int:
    """Count an action and return how many there were in this hour."""
    uses: int = await db.fetchval(
        """
        INSERT INTO portal_use AS known (address, act, hour, uses) VALUES ($1, $2, $3, 1)
        ON CONFLICT (address, act, hour) DO UPDATE SET uses = known.uses + 1 RETURNING uses
        """,
        address,
        act,
        hour,
    )
    return uses


async def put_channel(db: Connection, id: str, kind: str, name: str, key_hash: bytes) -> bool:
    """Insert a channel whose key nobody has, unless it exists; False if it was revoked."""
    await db.execute(
        """
        INSERT INTO channel (id, kind, name, key_hash, scopes) VALUES ($1, $2, $3, $4, '{}') ON CONFLICT DO NOTHING
        """,
        id,
        kind,
        name,
        key_hash,
    )
    return bool(await db.fetchval("SELECT revoked_at IS NULL FROM channel WHERE id = $1", id))


async def move_photos(db: Connection, references: list[str], channels: list[str], channel: str) -> None:
    """Move unused uploads from any of these channels to one of them."""
    await db.execute(
        """
        UPDATE attachment SET channel = $3
        WHERE reference = ANY($1::text[]) AND channel = ANY($2::text[]) AND channel <> $3 AND demand_id IS NULL
        """,
        references,
        channels,
        channel,
    )
