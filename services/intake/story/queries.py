"""The story's questions to intake's database, one function each."""

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from shared.chassis.database import Connection
from shared.contracts.facts import DemandSupplemented, DemandSupported, DemandUrged, WithdrawalRequested

MOST: Final = 500
"""Voices and steps of one demand that are shown, the latest."""


class Told(NamedTuple):
    """What was said to the citizen: `said` is a JSON object."""

    type: str
    unit: str | None
    said: str
    at: datetime


class Spoken(NamedTuple):
    """A note that the citizen told; `payload` is a JSON object."""

    id: UUID
    type: str
    payload: str
    at: datetime


async def told(db: Connection, demand: UUID) -> list[Told]:
    """What was said to the citizen, the earliest first."""
    rows = await db.fetch(
        "SELECT type, unit, said, at FROM demand_told WHERE demand_id = $1 ORDER BY sequence DESC LIMIT $2",
        demand,
        MOST,
    )
    return [Told(*row) for row in reversed(rows)]


async def spoken(db: Connection, demand: UUID) -> list[Spoken]:
    """What the citizen said after the submission, the earliest first."""
    rows = await db.fetch(
        """
        SELECT id, type, payload, time FROM journal
        WHERE aggregateid = $1 AND sequence IS NULL AND type = ANY($2::text[]) ORDER BY position DESC LIMIT $3
        """,
        demand,
        [kind.wire_type() for kind in (DemandSupplemented, DemandUrged, WithdrawalRequested)],
        MOST,
    )
    return [Spoken(*row) for row in reversed(rows)]


async def supports(db: Connection, demand: UUID) -> int:
    """How many others said that they have the same demand."""
    count: int = await db.fetchval(
        "SELECT count(*) FROM journal WHERE aggregateid = $1 AND sequence IS NULL AND type = $2",
        demand,
        DemandSupported.wire_type(),
    )
    return count


async def words(db: Connection, demand: UUID) -> str:
    """The masked text of a demand."""
    found: str | None = await db.fetchval("SELECT text FROM demand_listing WHERE id = $1", demand)
    return found or ""
