"""Intake's questions about programmes, one function each."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from shared.chassis.database.pool import Connection
from shared.contracts.demand.state import Demand

_LAST: Final = UUID(int=2**128 - 1)
_COLUMNS: Final = "id, channel, title, opened_at, closed_at"


@dataclass(frozen=True, slots=True)
class Programme:
    """A row of `programme`."""

    id: UUID
    channel: str
    title: str
    opened_at: datetime
    closed_at: datetime | None


async def put(db: Connection, wanted: Programme, key: str) -> Programme:
    """Open it, unless one was opened under this key before; that one then."""
    await db.execute(
        """
        INSERT INTO programme (id, channel, idempotency_key, title, opened_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING
        """,
        wanted.id,
        wanted.channel,
        key,
        wanted.title,
        wanted.opened_at,
    )
    row = await db.fetchrow(
        f"SELECT {_COLUMNS} FROM programme WHERE channel = $1 AND idempotency_key = $2",  # noqa: S608
        wanted.channel,
        key,
    )
    return Programme(*row) if row else wanted


async def one(db: Connection, channel: str, id: UUID) -> Programme | None:
    """A programme of this channel."""
    row = await db.fetchrow(f"SELECT {_COLUMNS} FROM programme WHERE channel = $1 AND id = $2", channel, id)  # noqa: S608
    return Programme(*row) if row else None


async def close(db: Connection, channel: str, id: UUID, at: datetime) -> Programme | None:
    """Close it, unless it was closed before; the programme as it stands."""
    await db.execute(
        "UPDATE programme SET closed_at = $3 WHERE channel = $1 AND id = $2 AND closed_at IS NULL", channel, id, at
    )
    return await one(db, channel, id)


async def has_taken(db: Connection, id: UUID, key: str) -> bool:
    """Whether a demand was taken in under this key during the programme."""
    return bool(await db.fetchval("SELECT true FROM submission WHERE programme = $1 AND idempotency_key = $2", id, key))


async def listed(db: Connection, channel: str, before: UUID | None, limit: int) -> list[Programme]:
    """A channel's programmes, newest first, from before one on."""
    rows = await db.fetch(
        f"""
        SELECT {_COLUMNS} FROM programme WHERE channel = $1 AND id < $2 ORDER BY id DESC LIMIT $3
        """,  # noqa: S608
        channel,
        before or _LAST,
        limit,
    )
    return [Programme(*row) for row in rows]


async def demands(db: Connection, id: UUID, before: UUID | None, limit: int) -> list[Demand]:
    """What was taken in during a programme, newest first, from before a demand on."""
    rows = await db.fetch(
        """
        SELECT demand.state::text FROM submission JOIN demand USING (id)
        WHERE submission.programme = $1 AND submission.id < $2
        ORDER BY submission.id DESC LIMIT $3
        """,
        id,
        before or _LAST,
        limit,
    )
    return [Demand.model_validate_json(row["state"]) for row in rows]
