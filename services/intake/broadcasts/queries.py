"""Intake's SQL about programmes, one function for each statement."""

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
    """Insert a programme, unless one was opened with this key; returns the stored one."""
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
    """The programme with this id, if it is the channel's; None otherwise."""
    row = await db.fetchrow(f"SELECT {_COLUMNS} FROM programme WHERE channel = $1 AND id = $2", channel, id)  # noqa: S608
    return Programme(*row) if row else None


async def close(db: Connection, channel: str, id: UUID, at: datetime) -> Programme | None:
    """Close a programme, unless it is closed; returns it."""
    await db.execute(
        "UPDATE programme SET closed_at = $3 WHERE channel = $1 AND id = $2 AND closed_at IS NULL", channel, id, at
    )
    return await one(db, channel, id)


async def has_taken(db: Connection, id: UUID, key: str) -> bool:
    """Whether a demand was taken in with this key during the programme."""
    return bool(await db.fetchval("SELECT true FROM submission WHERE programme = $1 AND idempotency_key = $2", id, key))


async def listed(db: Connection, channel: str, before: UUID | None, limit: int) -> list[Programme]:
    """A channel's programmes, newest first; only those before `before`."""
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
    """The demands of a programme, newest first; only those before `before`."""
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
