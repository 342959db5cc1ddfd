"""Intake's SQL about channels that other sites embed, one function for each statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from services.intake.channels.channel import Channel
from services.intake.channels.quota import minute_of
from shared.chassis.database.pool import Connection
from shared.contracts.demand.facts import ChannelKind


@dataclass(frozen=True, slots=True)
class EmbedRow:
    """A public key with its channel and the origins that may use it."""

    key: str
    channel: Channel
    origins: Sequence[str]
    quota: int | None


_ROW = """
    SELECT embed.key, channel.id, kind, name, scopes, settings ->> 'division' AS division, origins,
        (settings ->> 'quota_per_minute')::int AS quota
    FROM embed JOIN channel ON channel.id = embed.channel AND revoked_at IS NULL
"""


async def put(db: Connection, channel: str, key: str, origins: Sequence[str], at: datetime) -> str:
    """Set the origins of a channel, in the place of earlier ones; a public key that it already has stays."""
    stored_id: str = await db.fetchval(
        """
        INSERT INTO embed (channel, key, origins, made_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (channel) DO UPDATE SET origins = excluded.origins RETURNING key
        """,
        channel,
        key,
        list(origins),
        at,
    )
    return stored_id


async def forget(db: Connection, channel: str) -> bool:
    """Delete the public key of a channel; False if it had none."""
    return bool(await db.fetchval("DELETE FROM embed WHERE channel = $1 RETURNING true", channel))


async def of_channel(db: Connection, channel: str) -> EmbedRow | None:
    """The public key of a channel; None if it has none."""
    row = await db.fetchrow(f"{_ROW} WHERE embed.channel = $1", channel)
    return _read(row) if row else None


async def by_key(db: Connection, key: str) -> EmbedRow | None:
    """The row of a public key; None if it does not exist or its channel was revoked."""
    row = await db.fetchrow(f"{_ROW} WHERE embed.key = $1", key)
    return _read(row) if row else None


async def count(db: Connection, counted: str, at: datetime) -> int:
    """Count a request and return how many were counted for the same key in this minute."""
    requests: int = await db.fetchval(
        """
        INSERT INTO channel_usage AS usage (channel, minute, requests) VALUES ($1, $2, 1)
        ON CONFLICT (channel, minute) DO UPDATE SET requests = usage.requests + 1 RETURNING requests
        """,
        counted,
        minute_of(at),
    )
    return requests


def _read(row: asyncpg.Record) -> EmbedRow:
    channel = Channel(row["id"], ChannelKind(row["kind"]), frozenset(row["scopes"]), row["division"], row["name"])
    return EmbedRow(row["key"], channel, tuple(row["origins"]), row["quota"])
