"""Intake's SQL about inbound messages, one function for each statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg

from services.intake.notes.domain import JUDGED
from shared.chassis.database.pool import Connection
from shared.contracts.demand.state import Demand


@dataclass(frozen=True, slots=True)
class Submitted:
    """A submitted demand."""

    id: UUID
    number: str


class Sender(NamedTuple):
    """The sender of a message: the keyed hash for this channel, and the hashes under which messages were sent to
    them."""

    channel: str
    sender: bytes
    correspondents: Sequence[bytes]


_SPOKEN_OF: Final = """
    WITH spoken (demand_id, at) AS (
        SELECT demand_id, said_at FROM conversation WHERE channel = $1 AND sender = $2
        UNION ALL
        SELECT demand_id, told_at FROM correspondent WHERE person = ANY($3::bytea[])
    )
    SELECT state::text FROM spoken JOIN demand ON demand.id = demand_id
"""


async def submitted_under(db: Connection, channel: str, key: str) -> Submitted | None:
    """The demand that the channel submitted with this key; None if there is none."""
    row = await db.fetchrow(
        "SELECT id, number FROM submission WHERE channel = $1 AND idempotency_key = $2", channel, key
    )
    return Submitted(*row) if row else None


async def named(db: Connection, number: str) -> Demand | None:
    """The demand with this number; None if there is none."""
    return _demand(
        await db.fetchrow("SELECT state::text FROM demand JOIN submission USING (id) WHERE number = $1", number)
    )


async def referred(db: Connection, channel: str, references: Sequence[str]) -> Demand | None:
    """The demand of the first known of these references of the channel; None if none is known."""
    row = await db.fetchrow(
        """
        SELECT state::text FROM demand JOIN submission USING (id)
        WHERE channel = $1 AND external_id = ANY($2::text[])
        ORDER BY array_position($2::text[], external_id) LIMIT 1
        """,
        channel,
        list(references),
    )
    return _demand(row)


async def has_spoken(db: Connection, sender: Sender, demand: UUID) -> bool:
    """Whether the sender has spoken about this demand, or was sent a message about it."""
    exists: bool = await db.fetchval(f"SELECT EXISTS ({_SPOKEN_OF} WHERE demand_id = $4)", *sender, demand)
    return exists


async def spoken_of(db: Connection, sender: Sender, since: datetime) -> Demand | None:
    """The demand about which the sender last spoke or was last sent a message, if that was not before `since`."""
    row = await db.fetchrow(f"{_SPOKEN_OF} WHERE spoken.at >= $4 ORDER BY spoken.at DESC LIMIT 1", *sender, since)
    return _demand(row)


async def awaiting_verdict(db: Connection, sender: Sender) -> Demand | None:
    """The demand of the sender whose answer waits for a verdict; of several the one that was answered last."""
    judged = "state ->> 'status' = ANY($4::text[])"
    row = await db.fetchrow(
        f"{_SPOKEN_OF} WHERE {judged} ORDER BY state ->> 'updated_at' DESC LIMIT 1", *sender, list(JUDGED)
    )
    return _demand(row)


async def put_conversation(db: Connection, channel: str, sender: bytes, demand: UUID, at: datetime) -> None:
    """Store that the sender's conversation is about this demand now."""
    await db.execute(
        """
        INSERT INTO conversation (channel, sender, demand_id, said_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (channel, sender, demand_id) DO UPDATE SET said_at = excluded.said_at
        """,
        channel,
        sender,
        demand,
        at,
    )


def _demand(row: asyncpg.Record | None) -> Demand | None:
    return Demand.model_validate_json(row["state"]) if row else None
