"""Routing's questions to its database, one function each."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from shared.chassis.database import Connection
from shared.chassis.writes import Writes
from shared.contracts.demand import Demand


async def id_of(db: Connection, number: str) -> UUID | None:
    """The demand with this number."""
    found: UUID | None = await db.fetchval("SELECT id FROM demand WHERE number = $1", number)
    return found


async def one(db: Connection, number: str) -> tuple[Demand, str] | None:
    """A demand and what the citizen wrote."""
    row = await db.fetchrow(
        """
        SELECT state::text, coalesce(wording.text, '') AS text
        FROM demand LEFT JOIN wording ON wording.demand_id = demand.id WHERE number = $1
        """,
        number,
    )
    return (Demand.model_validate_json(row["state"]), row["text"]) if row else None


async def worklist(db: Connection, unit: str, after: UUID | None, limit: int) -> list[Demand]:
    """What lies with a unit, oldest first."""
    rows = await db.fetch(
        """
        SELECT state::text FROM demand
        WHERE unit = $1 AND status IN ('routed', 'accepted', 'in_progress', 'listed') AND ($2::uuid IS NULL OR id > $2)
        ORDER BY id LIMIT $3
        """,
        unit,
        after,
        limit,
    )
    return [Demand.model_validate_json(row["state"]) for row in rows]


async def triage(db: Connection, jurisdiction: str, after: UUID | None, limit: int) -> list[Demand]:
    """What waits for a dispatcher of a jurisdiction, oldest first."""
    rows = await db.fetch(
        """
        SELECT state::text FROM demand
        WHERE status = 'triage' AND state ->> 'jurisdiction' = $1 AND ($2::uuid IS NULL OR id > $2)
        ORDER BY id LIMIT $3
        """,
        jurisdiction,
        after,
        limit,
    )
    return [Demand.model_validate_json(row["state"]) for row in rows]


async def said(db: Connection, cause: UUID) -> tuple[str, Demand] | None:
    """The command that was said for this cause, and its answer."""
    row = await db.fetchrow("SELECT command, answer::text FROM said WHERE cause = $1", cause)
    return (row["command"], Demand.model_validate_json(row["answer"])) if row else None


def put_said(writes: Writes, cause: UUID, command: str, answer: Demand, at: datetime) -> None:
    """Keep a command with its answer."""
    writes.add(
        "INSERT INTO said (cause, command, answer, said_at) VALUES ($1, $2, $3::text::jsonb, $4)",
        cause,
        command,
        answer.model_dump_json(exclude_defaults=True),
        at,
    )


def put_wordings(writes: Writes, ids: Sequence[UUID], texts: Sequence[str]) -> None:
    """Keep what citizens wrote."""
    writes.add(
        "INSERT INTO wording (demand_id, text) SELECT * FROM unnest($1::uuid[], $2::text[]) ON CONFLICT DO NOTHING",
        list(ids),
        list(texts),
    )
