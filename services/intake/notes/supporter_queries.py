"""Intake's questions about who supports a demand, one function each."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.chassis.database.pool import Connection


class First(NamedTuple):
    """What was answered when somebody supported a demand first."""

    note: UUID
    at: datetime


async def first(db: Connection, demand: UUID, persons: Sequence[bytes]) -> First | None:
    """What was answered to any of these persons first."""
    row = await db.fetchrow(
        "SELECT note, at FROM supporter WHERE demand_id = $1 AND person = ANY($2::bytea[]) ORDER BY at, note LIMIT 1",
        demand,
        list(persons),
    )
    return First(*row) if row else None


async def put(db: Connection, demand: UUID, persons: Sequence[bytes], answered: First) -> None:
    """From now on these are answered alike."""
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
    """One more that tells nobody apart, and how many there are; a count that began before `since` starts anew."""
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
