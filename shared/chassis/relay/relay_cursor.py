"""The relay's cursor: how far each shard of a journal has been sent to each cluster and its topics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import asyncpg
import orjson

from shared.chassis.database.lease import Lease, LeaseLost
from shared.chassis.database.pool import Connection
from shared.chassis.kafka.log_identity import LogIdentity, recreated_topic

Ends = Mapping[str, Mapping[str, int]]
"""By topic and partition, the offset after the last fact. The partition is a string, as it is stored in JSON."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `number` of the `of` parts of a journal."""

    number: int = 0
    of: int = 1

    @property
    def lease(self) -> str:
        """The name of the lease for sending this shard."""
        return f"relay-{self.number}"


class Begin(NamedTuple):
    """Where to begin: everything up to `position` was sent. `because` says why the stored cursor was not used."""

    position: int
    ends: dict[str, dict[str, int]]
    because: str | None = None


async def begin(db: Connection, log: LogIdentity, ends: Ends, shard: Shard) -> Begin:
    """The position from which this shard is sent to the cluster `log`, whose partitions end at `ends`.

    A new cluster, and topics that were created again, get the whole journal from its beginning; nothing is sent again
    if there was no other cluster before. After a change of the number of shards, every shard begins at the position of
    the slowest old one.
    """
    rows = await db.fetch(
        """
        SELECT shards, position, topics, ends FROM relay_cursor
        WHERE cluster_id = $1 AND ((shards, shard) = ($2, $3) OR shards = (
            SELECT shards FROM relay_cursor WHERE cluster_id = $1 AND shards <> $2 ORDER BY moved_at DESC LIMIT 1
        ))
        """,
        log.cluster_id,
        shard.of,
        shard.number,
    )
    own_rows = [row for row in rows if row["shards"] == shard.of]
    cursors = own_rows or rows
    if not cursors:
        another = await db.fetchval("SELECT EXISTS (SELECT FROM relay_cursor WHERE cluster_id <> $1)", log.cluster_id)
        return Begin(0, {}, f"cluster {log.cluster_id} is new" if another else None)
    for row in cursors:
        if because := _replaced(row, log, ends):
            return Begin(0, {}, because)
    if own_rows:
        return Begin(own_rows[0]["position"], orjson.loads(own_rows[0]["ends"]))
    complete = len(cursors) == cursors[0]["shards"]  # an old shard without a cursor has sent nothing
    return Begin(min(row["position"] for row in cursors) if complete else 0, {})


def _replaced(row: asyncpg.Record, log: LogIdentity, ends: Ends) -> str | None:
    """Describes a topic or partition that is not the one the cursor was stored for."""
    return recreated_topic(orjson.loads(row["topics"]), log.topics) or shorter(orjson.loads(row["ends"]), ends)


def shorter(expected: Ends, now: Ends) -> str | None:
    """Describes a partition that ends before an offset that it acknowledged: it was created again, or truncated.

    Needed for brokers without topic ids. A missing partition is ignored: it may come back.
    """
    for topic, partitions in expected.items():
        for partition, end in partitions.items():
            present = now.get(topic, {}).get(partition, end)
            if present < end:
                return f"{topic}/{partition} ends at {present}, before the offset that it had acknowledged ({end})"
    return None


async def move(
    db: Connection, log: LogIdentity, shard: Shard, position: int, sent: int, ends: Ends, lease: Lease
) -> None:
    """Store that everything up to `position` was sent, `sent` facts more than before.

    Raises `LeaseLost`, and stores nothing, if another process has taken the lease.
    """
    moved = await db.fetchval(
        """
        INSERT INTO relay_cursor AS stored (cluster_id, shards, shard, position, sent, topics, ends)
        SELECT $1, $2, $3, $4, $5, $6, $7 FROM lease WHERE (lease.name, lease.epoch) = ($8, $9)
        ON CONFLICT (cluster_id, shards, shard) DO UPDATE SET position = excluded.position,
            sent = stored.sent + excluded.sent, topics = excluded.topics, ends = excluded.ends, moved_at = now()
        RETURNING true
        """,
        log.cluster_id,
        shard.of,
        shard.number,
        position,
        sent,
        orjson.dumps(dict(log.topics)).decode(),
        orjson.dumps(ends).decode(),
        lease.name,
        lease.epoch,
    )
    if not moved:
        raise LeaseLost(f"shard {shard.number} is sent by another process: the cursor is not changed")


async def backlog(db: Connection, shard: Shard) -> float:
    """The age in seconds of the first unsent fact, for the cursor that moved last; 0 if all was sent."""
    age = await db.fetchval(
        """
        SELECT extract(epoch FROM now() - recorded_at) FROM journal
        WHERE position > coalesce((SELECT position FROM relay_cursor
            WHERE (shards, shard) = ($1, $2) ORDER BY moved_at DESC LIMIT 1), 0)
        ORDER BY position LIMIT 1
        """,
        shard.of,
        shard.number,
    )
    return float(age or 0)


async def unsent(db: Connection, shards: int, most: int) -> Sequence[tuple[int, int]]:
    """For each shard, how many rows are after the cursor that moved last; at most `most` are counted."""
    rows = await db.fetch(
        """
        SELECT numbers.n, unsent.rows FROM generate_series(0, $1::integer - 1) AS numbers (n)
        LEFT JOIN LATERAL (
            SELECT position FROM relay_cursor AS stored
            WHERE (stored.shards, stored.shard) = ($1, numbers.n) ORDER BY moved_at DESC LIMIT 1
        ) AS cursor ON true
        CROSS JOIN LATERAL (
            SELECT count(*) AS rows FROM (
                SELECT FROM journal WHERE position > coalesce(cursor.position, 0)
                    AND ($1 = 1 OR abs(hashtext(aggregateid::text)) % $1 = numbers.n)
                ORDER BY position LIMIT $2
            ) AS first_rows
        ) AS unsent
        ORDER BY numbers.n
        """,
        shards,
        most,
    )
    return [(row["n"], row["rows"]) for row in rows]


class UnsentShard(NamedTuple):
    """A shard that no process sends: the age in seconds of its first unsent fact, and the last holder of its lease."""

    shard: int
    age: float
    holder: str | None


async def silences(db: Connection, shards: int, after: float) -> Sequence[UnsentShard]:
    """Shards with an unsent fact that is older than `after` seconds, and whose cursor has not moved for as long."""
    rows = await db.fetch(
        """
        SELECT numbers.n, extract(epoch FROM now() - first.recorded_at)::float AS age, lease.holder
        FROM generate_series(0, $1::integer - 1) AS numbers (n)
        LEFT JOIN LATERAL (
            SELECT position, moved_at FROM relay_cursor AS stored
            WHERE (stored.shards, stored.shard) = ($1, numbers.n) ORDER BY moved_at DESC LIMIT 1
        ) AS cursor ON true
        JOIN LATERAL (
            SELECT recorded_at FROM journal WHERE position > coalesce(cursor.position, 0) ORDER BY position LIMIT 1
        ) AS first ON true
        LEFT JOIN lease ON lease.name = 'relay-' || numbers.n
        WHERE first.recorded_at < now() - make_interval(secs => $2)
            AND coalesce(cursor.moved_at, '-infinity') < now() - make_interval(secs => $2)
        ORDER BY numbers.n
        """,
        shards,
        after,
    )
    return [UnsentShard(*row) for row in rows]
