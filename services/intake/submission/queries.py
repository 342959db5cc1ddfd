"""Intake's SQL about submissions, one function for each statement."""

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
    """The next `count` serials for demand numbers."""
    rows = await db.fetch("SELECT nextval('demand_number') AS n FROM generate_series(1, $1)", count)
    return [row["n"] for row in rows]


async def leave_out_serials(db: Connection, count: int) -> int:
    """Skip the next `count` serials, so that no demand gets them; returns the first one that is skipped."""
    first: int = await db.fetchval("SELECT nextval('demand_number')")
    await db.execute("SELECT setval('demand_number', $1::bigint)", first + count - 1)
    return first


async def share_references(db: Connection, channel: str) -> None:
    """Take the shared lock of the channel's references, so that none becomes a sighting before this transaction
    ends."""
    await db.execute("SELECT pg_advisory_xact_lock_shared(hashtextextended('reference:' || $1, 0))", channel)


_SUBMISSIONS: Final = """
    INSERT INTO submission (id, channel, idempotency_key, external_id, fingerprint, number, submitted_at, programme)
    SELECT id, channel, idempotency_key, external_id, fingerprint, number, submitted_at, programme
    FROM unnest($1::submission_row[]) WITH ORDINALITY AS wanted
        (id, channel, idempotency_key, external_id, fingerprint, number, submitted_at, programme, place)
"""


def put(writes: WriteBatch, submissions: Sequence[Submission], repeated: Exception) -> None:
    """Insert submissions that have no `external_id`; writing raises `repeated` if one of them was written before."""
    writes.add(_SUBMISSIONS, _ordered(submissions))
    writes.clash("submission_channel_idempotency_key_key", repeated)


async def claim(db: Connection, submissions: Sequence[Submission]) -> set[UUID]:
    """Insert the submissions that are new and return their ids. Of two with the same key the first one is inserted.
    Waits for another transaction that is inserting the same key."""
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


async def earlier_submissions(db: Connection, submissions: Sequence[Submission]) -> dict[UUID, Submission]:
    """By the id of each submission that is not new, the earlier one: with the same key, with the same reference, or of
    the demand that the reference stands for as a sighting."""
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
    """The fingerprint of the content of each submission, by its id; empty after an erasure."""
    rows = await db.fetch("SELECT id, fingerprint FROM submission WHERE id = ANY($1::uuid[])", list(ids))
    return {row["id"]: row["fingerprint"] or b"" for row in rows}


async def withdraw(db: Connection, ids: Sequence[UUID]) -> None:
    """Delete submissions that this transaction inserted."""
    if ids:
        await db.execute("DELETE FROM submission WHERE id = ANY($1)", list(ids))


async def unrouted(db: Connection, most: int) -> tuple[int, float]:
    """Count the demands that have waited more than a minute for routing to route or triage them; returns the count and
    the longest waiting time in seconds, 0 if none waits.

    Three parts are looked at, each at most `most` rows: the latest and the earliest demands in intake's own copy that
    wait, and the latest submissions that the copy does not have yet. The latest alone would not show how long the
    earliest has waited, and the earliest alone may all be imported ones. These do not count: routing routes them like
    all others, but after a large import only within minutes, and while it is behind, the check `readers` names it. The
    copy says what routing did; for a returned or reopened demand the waiting time begins with that step. Ids are in the
    order of time.
    """
    row = await db.fetchrow(
        """
        SELECT least(count(*), $1) AS count, extract(epoch FROM now() - min(since))::float8 AS seconds
        FROM (
            SELECT greatest(recorded_at, updated_at) AS since
            FROM (
                (SELECT id, updated_at FROM demand_listing WHERE status IN ('submitted', 'returned', 'reopened')
                ORDER BY updated_at DESC LIMIT $1)
                UNION
                (SELECT id, updated_at FROM demand_listing WHERE status IN ('submitted', 'returned', 'reopened')
                ORDER BY updated_at LIMIT $1)
            ) AS listed
            -- With a limit each row is looked up: a plain join may read the whole of a table.
            CROSS JOIN LATERAL (SELECT state FROM demand WHERE demand.id = listed.id LIMIT 1) AS known
            LEFT JOIN LATERAL (SELECT recorded_at FROM submission WHERE submission.id = listed.id LIMIT 1) AS taken
                ON true
            WHERE coalesce(state ->> 'imported', 'false') <> 'true'
            UNION ALL
            SELECT recorded_at FROM (SELECT id, recorded_at FROM submission ORDER BY id DESC LIMIT $1) AS last
            WHERE NOT EXISTS (SELECT FROM demand WHERE demand.id = last.id)
        ) AS waiting
        WHERE since < now() - interval '1 minute'
        """,
        most,
    )
    assert row
    return row["count"], row["seconds"] or 0.0


def _ordered(submissions: Sequence[Submission]) -> list[Submission]:
    # All requests insert in the same order, so that two with the same keys cannot deadlock.
    return sorted(submissions, key=lambda s: (s.channel, s.idempotency_key))


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]
