"""Feedback's questions to its database, one function each."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from shared.chassis.database.pool import Connection
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand.state import Demand


async def demand(db: Connection, id: UUID) -> Demand | None:
    """A demand as it stands, for who only looks at it."""
    state = await db.fetchval("SELECT state::text FROM demand WHERE id = $1", id)
    return Demand.model_validate_json(state) if state else None


def plan_closings(writes: WriteBatch, due: Sequence[tuple[UUID, datetime]], ended: Sequence[UUID]) -> None:
    """Remember when demands are to be closed, and forget others, those that went on."""
    if ended:
        writes.add("DELETE FROM closing WHERE demand_id = ANY($1)", list(ended))
    if due:
        writes.add(
            """
            INSERT INTO closing (demand_id, due_at) SELECT * FROM unnest($1::uuid[], $2::timestamptz[])
            ON CONFLICT (demand_id) DO UPDATE SET due_at = excluded.due_at
            """,
            [id for id, _ in due],
            [at for _, at in due],
        )


async def due_closings(db: Connection, now: datetime, limit: int) -> list[UUID]:
    """Demands whose time to be rated is over."""
    rows = await db.fetch(
        "SELECT demand_id FROM closing WHERE due_at <= $1 ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED",
        now,
        limit,
    )
    return [row["demand_id"] for row in rows]
