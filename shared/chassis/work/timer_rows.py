"""The queries on the table `timer` while timers run: claim, put off, finish."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from shared.chassis.database.pool import Connection
from shared.chassis.database.write_batch import WriteBatch


async def claim(db: Connection, kinds: Sequence[str], at: datetime, most: int) -> Sequence[asyncpg.Record]:
    """Lock due timers until the end of the transaction, oldest first; timers that others have locked are skipped."""
    return await db.fetch(
        """
        SELECT kind, key, at, payload::text, name, attempts FROM timer
        WHERE due_at <= $1 AND kind = ANY($2) ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED
        """,
        at,
        kinds,
        most,
    )


async def put_off(db: Connection, kind: str, key: UUID, name: str, until: datetime, cause: str) -> None:
    """Put off a timer that failed until its next try."""
    await db.execute(
        "UPDATE timer SET due_at = $4, attempts = attempts + 1, cause = $5 WHERE (kind, key, name) = ($1, $2, $3)",
        kind,
        key,
        name,
        until,
        cause,
    )


def finish(writes: WriteBatch, finished: Sequence[tuple[str, UUID, str, datetime]]) -> None:
    """Delete timers that have run, given as (kind, key, name, time); a timer that was moved meanwhile stays."""
    if finished:
        writes.add(
            """
            DELETE FROM timer USING unnest($1::text[], $2::uuid[], $3::text[], $4::timestamptz[])
                AS done (kind, key, name, at)
            WHERE (timer.kind, timer.key, timer.name, timer.at) = (done.kind, done.key, done.name, done.at)
            """,
            *map(list, zip(*finished, strict=True)),
        )
