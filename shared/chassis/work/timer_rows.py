"""The rows of timers while they are run: claimed, put off, finished."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from shared.chassis.database.pool import Connection
from shared.chassis.database.write_batch import WriteBatch


async def claim(db: Connection, kinds: Sequence[str], at: datetime, most: int) -> Sequence[asyncpg.Record]:
    """What is due by now, oldest first, and claimed by nobody else until this transaction ends."""
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
    """Try one again later that failed."""
    await db.execute(
        "UPDATE timer SET due_at = $4, attempts = attempts + 1, cause = $5 WHERE (kind, key, name) = ($1, $2, $3)",
        kind,
        key,
        name,
        until,
        cause,
    )


def finish(writes: WriteBatch, done: Sequence[tuple[str, UUID, str, datetime]]) -> None:
    """Remove timers that were run, by kind, key, name and time, except those that were planned for another moment
    meanwhile."""
    if done:
        writes.add(
            """
            DELETE FROM timer USING unnest($1::text[], $2::uuid[], $3::text[], $4::timestamptz[])
                AS done (kind, key, name, at)
            WHERE (timer.kind, timer.key, timer.name, timer.at) = (done.kind, done.key, done.name, done.at)
            """,
            *map(list, zip(*done, strict=True)),
        )
