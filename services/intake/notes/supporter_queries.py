"""Intake's SQL about supporters, one function for each statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.chassis.database.pool import Connection


class First(NamedTuple):
    """The answer to the first support of a person."""

    note: UUID
    at: datetime


async def first(db: Connection, demand: UUID, persons: Sequence[bytes]) -> First | None:
    """The first answer to any of these persons; None if none has supported the demand."""
    row = await db.fetchrow(
        "SELECT note, at FROM supporter WHERE demand_id = $1 AND person = ANY($2::bytea[]) ORDER BY at, note LIMIT 1",
        demand,
        list(persons),
    )
    return First(*row) if row else None


async def put(db: Connection, demand: UUID, persons: Sequence[bytes], answered: First) -> None:
    """Store the answer for these persons, so that all of them get the same one."""
    await db.execute(
        """
        INSERT INTO supporter (demand_id, person, note, at) SELECT $1, person, $3, $4 FROM unnest($2::bytea[]) AS person
        ON CONFLICT DO NOTHING
        """,
        demand,
        list(persons),
        answered.note,
        answered.at,
    )


async def count_nameless(db: Connection, demand: UUID, channel: str, at: datetime, since: datetime) -> int:
    """Count an anonymous support and return the count; if the count began before `since`, a new one begins."""
    count: int = await db.fetchval(
        """
        INSERT INTO nameless_support AS known (demand_id, channel, supports, since) VALUES ($1, $2, 1, $3)
        ON CONFLICT (demand_id, channel) DO UPDATE SET
            supports = CASE WHEN known.since < $4 THEN 1 ELSE known.supports + 1 END,
            since = CASE WHEN known.since < $4 THEN $3 ELSE known.since END
        RETURNING supports
        """,
        demand,
        channel,
        at,
        since,
    )
    return count
