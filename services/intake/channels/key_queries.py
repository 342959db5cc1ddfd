"""Intake's SQL about keys and their usage, one function for each statement."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from services.intake.channels.channel import Channel
from services.intake.channels.quota import USUAL, limit, minute_of
from shared.chassis.database.pool import Connection
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand.facts import ChannelKind


class KeyUsage(NamedTuple):
    """The channel that asks, and how many requests it has made in this minute, this one included."""

    channel: Channel
    quota: int | None
    used: int

    @property
    def may_go_on(self) -> bool:
        """Whether the channel has requests left in this minute."""
        return self.used < limit(self.quota)


class RecentKey(NamedTuple):
    """A key that was valid a moment ago, and its channel at that time."""

    key_hash: bytes
    channel: Channel


@dataclass(frozen=True, slots=True)
class Usage:
    """A channel with the number of its requests: in this minute, in the day, and in the day's busiest minute."""

    id: str
    kind: str
    name: str
    scopes: Sequence[str]
    quota: int | None
    created_at: datetime
    revoked_at: datetime | None
    old_key_until: datetime | None
    minute: int
    day: int
    busiest: int
    last: datetime | None


_QUOTA: Final = "(SELECT (settings ->> 'quota_per_minute')::int FROM channel WHERE id = usage.channel)"


async def count(db: Connection, key_hashes: Sequence[bytes], at: datetime) -> list[KeyUsage | None]:
    """Count these requests and return the channel of each; None for a key that is unknown, expired or revoked."""
    rows = await db.fetch(
        """
        WITH asking AS (
            SELECT asked.key_hash, asked.requests, id, kind, name, scopes, settings ->> 'division' AS division,
                (settings ->> 'quota_per_minute')::int AS quota
            FROM unnest($1::bytea[], $2::int[]) AS asked (key_hash, requests)
            JOIN channel ON revoked_at IS NULL AND (channel.key_hash = asked.key_hash
                OR old_key_hash = asked.key_hash AND old_key_until > $3)
        ), counted AS (
            INSERT INTO channel_usage AS usage
            SELECT id, $4, sum(requests) FROM asking GROUP BY id ORDER BY id
            ON CONFLICT (channel, minute) DO UPDATE SET requests = usage.requests + excluded.requests
            RETURNING channel, requests AS total
        )
        SELECT asking.*, total FROM asking JOIN counted ON counted.channel = asking.id
        """,
        *map(list, zip(*Counter(key_hashes).items(), strict=True)), at, minute_of(at),
    )  # fmt: skip
    channels = {row["key_hash"]: _channel(row) for row in rows}
    valid_keys = [RecentKey(key_hash, channels[key_hash]) for key_hash in key_hashes if key_hash in channels]
    asking = iter(each(valid_keys, {(row["id"], row["quota"], row["total"]) for row in rows}))
    return [next(asking) if key_hash in channels else None for key_hash in key_hashes]


def _channel(row: Any) -> Channel:
    return Channel(row["id"], ChannelKind(row["kind"]), frozenset(row["scopes"]), row["division"], row["name"])


def count_seen(writes: WriteBatch, recent_keys: Sequence[RecentKey], scope: str, at: datetime) -> None:
    """Count requests whose keys were already counted in this minute; the statement returns `(channel, quota, total)` of
    each channel.

    Writing raises `Stale` if a key is no longer valid for the scope, if its channel has another division, or if the
    quota does not suffice for all of them.
    """
    requests = Counter(recent_keys)
    keys = Counter(key.channel.id for key in requests)
    writes.add(
        f"""
        INSERT INTO channel_usage AS usage
        SELECT id, $6, sum(asked.requests)
        FROM unnest($1::bytea[], $2::text[], $3::int[], $4::int[]) AS asked (key_hash, division, requests, keys)
        JOIN channel ON revoked_at IS NULL AND $7 = ANY(scopes) AND (channel.key_hash = asked.key_hash
            OR old_key_hash = asked.key_hash AND old_key_until > $5)
        WHERE settings ->> 'division' IS NOT DISTINCT FROM asked.division
        GROUP BY id HAVING count(*) = max(keys) ORDER BY id
        ON CONFLICT (channel, minute) DO UPDATE SET requests = usage.requests + excluded.requests
        WHERE usage.requests + excluded.requests <= coalesce({_QUOTA}, $8)
        """,  # noqa: S608 (a constant)
        [key.key_hash for key in requests], [key.channel.division for key in requests], list(requests.values()),
        [keys[key.channel.id] for key in requests], at, minute_of(at), scope, USUAL,
        rows=len(keys),
        telling=f"(channel, {_QUOTA}, requests)",
    )  # fmt: skip


def each(keys: Sequence[RecentKey], counted: Iterable[tuple[str, int | None, int]]) -> list[KeyUsage]:
    """For each request the channel and its count, from the totals of `count_seen`."""
    quotas = {channel: (quota, total) for channel, quota, total in counted}
    remaining = Counter(key.channel.id for key in keys)
    askings = []
    for key in keys:
        quota, total = quotas[key.channel.id]
        remaining[key.channel.id] -= 1
        askings.append(KeyUsage(key.channel, quota, total - remaining[key.channel.id]))
    return askings


async def holder(db: Connection, key_hash: bytes, at: datetime) -> Channel | None:
    """The channel of a key, without counting a request; None for a key that is unknown, expired or revoked."""
    row = await db.fetchrow(
        """
        SELECT id, kind, name, scopes, settings ->> 'division' AS division FROM channel
        WHERE revoked_at IS NULL AND (key_hash = $1 OR old_key_hash = $1 AND old_key_until > $2)
        """,
        key_hash, at,
    )  # fmt: skip
    return _channel(row) if row else None


async def forget_usage(db: Connection, channel: str, before: datetime) -> None:
    """Delete counts from before a moment."""
    await db.execute("DELETE FROM channel_usage WHERE channel = $1 AND minute < $2", channel, before)


async def rotate(db: Connection, channel: str, key_hash: bytes, old_until: datetime) -> bool:
    """Set a new key; the present one stays valid until `old_until`. False if there is no such channel."""
    done = await db.fetchval(
        """
        UPDATE channel SET old_key_hash = key_hash, old_key_until = $3, key_hash = $2
        WHERE id = $1 AND revoked_at IS NULL RETURNING true
        """,
        channel, key_hash, old_until,
    )  # fmt: skip
    return bool(done)


async def revoke(db: Connection, channel: str, at: datetime) -> bool:
    """Revoke all keys of a channel; False if there is no such channel."""
    done = await db.fetchval(
        "UPDATE channel SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING true", channel, at
    )
    return bool(done)


async def put_scopes(db: Connection, channel: str, scopes: Sequence[str]) -> bool:
    """Set the scopes of a channel; False if there is no such channel."""
    done = await db.fetchval("UPDATE channel SET scopes = $2 WHERE id = $1 RETURNING true", channel, list(scopes))
    return bool(done)


async def scopes_of(db: Connection, channel: str) -> Sequence[str]:
    """The scopes of a channel; empty if there is no such channel."""
    return list(await db.fetchval("SELECT scopes FROM channel WHERE id = $1", channel) or ())


async def usage(db: Connection, at: datetime) -> list[Usage]:
    """All channels with their usage during the day that ends at `at`; revoked channels come last."""
    rows = await db.fetch(
        """
        SELECT id, kind, name, scopes, (settings ->> 'quota_per_minute')::int, created_at, revoked_at, old_key_until,
            coalesce(sum(requests) FILTER (WHERE minute = $1::timestamptz), 0), coalesce(sum(requests), 0),
            coalesce(max(requests), 0), max(minute)
        FROM channel LEFT JOIN channel_usage ON channel = id AND minute > $1::timestamptz - interval '1 day'
        GROUP BY id ORDER BY revoked_at IS NOT NULL, id
        """,
        minute_of(at),
    )
    return [Usage(*row) for row in rows]


async def is_active(db: Connection, channel: str) -> bool:
    """Whether there is such a channel and it was not revoked."""
    return bool(await db.fetchval("SELECT true FROM channel WHERE id = $1 AND revoked_at IS NULL", channel))


async def with_scope(db: Connection, channels: Sequence[str], scope: str) -> list[str]:
    """Which of these channels were not revoked and have the scope."""
    rows = await db.fetch(
        "SELECT id FROM channel WHERE id = ANY($1) AND revoked_at IS NULL AND $2 = ANY(scopes)", list(channels), scope
    )
    return [row["id"] for row in rows]


async def put_channel(
    db: Connection, id: str, kind: ChannelKind, name: str, key_hash: bytes, scopes: Sequence[str]
) -> None:
    """Insert a channel, or give an existing one a new key."""
    await db.execute(
        """
        INSERT INTO channel (id, kind, name, key_hash, scopes) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, name = excluded.name,
            key_hash = excluded.key_hash, scopes = excluded.scopes, revoked_at = NULL,
            old_key_hash = NULL, old_key_until = NULL
        """,
        id, kind, name, key_hash, list(scopes),
    )  # fmt: skip
