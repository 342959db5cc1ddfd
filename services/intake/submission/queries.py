"""Intake's questions to its database, one function each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from shared.chassis.database.pool import Connection
from shared.chassis.database.write_batch import WriteBatch


class Submission(NamedTuple):
    """A row of `submission`, in the order of `submission_row`."""

    id: UUID
    channel: str
    idempotency_key: str
    external_id: str | None
    fingerprint: bytes
    number: str
    submitted_at: datetime
    programme: UUID | None = None


async def serials(db: Connection, count: int) -> list[int]:
    """The next serials for demand numbers."""
    rows = await db.fetch("SELECT nextval('demand_number') AS n FROM generate_series(1, $1)", count)
    return [row["n"] for row in rows]


async def leave_out_serials(db: Connection, count: int) -> int:
    """Give so many of the next serials to nobody; returns the first one that is left out."""
    first: int = await db.fetchval("SELECT nextval('demand_number')")
    await db.execute("SELECT setval('demand_number', $1::bigint)", first + count - 1)
    return first


async def share_references(db: Connection, channel: str) -> None:
    """Keep the channel's references from becoming sightings while they are submitted."""
    await db.execute("SELECT pg_advisory_xact_lock_shared(hashtextextended('reference:' || $1, 0))", channel)


_SUBMISSIONS: Final = """
    INSERT INTO submission (id, channel, idempotency_key, external_id, fingerprint, number, submitted_at, programme)
    SELECT id, channel, idempotency_key, external_id, fingerprint, number, submitted_at, programme
    FROM unnest($1::submission_row[]) WITH ORDINALITY AS wanted
        (id, channel, idempotency_key, external_id, fingerprint, number, submitted_at, programme, place)
"""


def put(writes: WriteBatch, submissions: Sequence[Submission], known: Exception) -> None:
    """Write submissions without references; writing raises `known` when one of them was written before."""
    writes.add(_SUBMISSIONS, _ordered(submissions))
    writes.clash("submission_channel_idempotency_key_key", known)


async def claim(db: Connection, submissions: Sequence[Submission]) -> set[UUID]:
    """Write the submissions that are new and say which, of twins the first in order; waits for one being written."""
    rows = await db.fetch(
        f"""
        {_SUBMISSIONS}
        WHERE NOT EXISTS (
            SELECT FROM sighting WHERE (channel, external_id) = (wanted.channel, wanted.external_id)
        )
        ORDER BY place
        ON CONFLICT DO NOTHING RETURNING id
        """,
        _ordered(submissions),
    )
    return {row["id"] for row in rows}


async def known(db: Connection, submissions: Sequence[Submission]) -> dict[UUID, Submission]:
    """For each submission that is not new, the one that was first: same key, same reference, or sighted under it."""
    rows = await db.fetch(
        """
        SELECT DISTINCT ON (asked.id) asked.id AS asked, first.*
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS asked (id, channel, key, external_id)
        LEFT JOIN sighting USING (channel, external_id)
        JOIN submission AS first ON first.id = sighting.demand_id
            OR first.channel = asked.channel AND first.idempotency_key = asked.key
            OR first.channel = asked.channel AND first.external_id = asked.external_id
        ORDER BY asked.id, (first.channel, first.idempotency_key) = (asked.channel, asked.key) DESC
        """,
        *_columns([(s.id, s.channel, s.idempotency_key, s.external_id) for s in submissions]),
    )
    return {
        row["asked"]: Submission(
            row["id"], row["channel"], row["idempotency_key"], row["external_id"],
            row["fingerprint"], row["number"], row["submitted_at"], row["programme"],
        )
        for row in rows
    }  # fmt: skip


async def fingerprints(db: Connection, ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """The content of each submission as its fingerprint; empty after an erasure."""
    rows = await db.fetch("SELECT id, fingerprint FROM submission WHERE id = ANY($1::uuid[])", list(ids))
    return {row["id"]: row["fingerprint"] or b"" for row in rows}


async def withdraw(db: Connection, ids: Sequence[UUID]) -> None:
    """Take claims back that this transaction made."""
    if ids:
        await db.execute("DELETE FROM submission WHERE id = ANY($1)", list(ids))


async def unrouted(db: Connection, last: int) -> tuple[int, float]:
    """Of the `last` submissions, how many have waited over a minute for routing to give them to a unit or to send them
    to triage, and for how many seconds the first has; 0 where none waits.

    Intake follows every demand, so its own copy tells what routing did; of one that was returned or reopened the step
    begins the time. Ids are in the order of time.
    """
    row = await db.fetchrow(
        """
        SELECT count(*), extract(epoch FROM now() - min(since))::float8 AS seconds
        FROM (SELECT id, recorded_at FROM submission ORDER BY id DESC LIMIT $1) AS last
        LEFT JOIN demand USING (id)
        CROSS JOIN LATERAL (
            SELECT greatest(recorded_at, (demand.state ->> 'updated_at')::timestamptz) AS since
        ) AS stood
        WHERE coalesce(demand.state ->> 'status', 'submitted') IN ('submitted', 'returned', 'reopened')
            AND since < now() - interval '1 minute' AND coalesce(demand.state ->> 'imported', 'false') <> 'true'
        """,
        last,
    )
    assert row
    return row["count"], row["seconds"] or 0.0


def _ordered(submissions: Sequence[Submission]) -> list[Submission]:
    # In one order, so that two requests with the same keys cannot block each other.
    return sorted(submissions, key=lambda s: (s.channel, s.idempotency_key))


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]
