"""Feedback's questions to its database, one function each."""

from uuid import UUID

from shared.chassis.database.pool import Connection
from shared.contracts.demand.state import Demand


async def demand(db: Connection, id: UUID) -> Demand | None:
    """A demand as it stands, for who only looks at it."""
    state = await db.fetchval("SELECT state::text FROM demand WHERE id = $1", id)
    return Demand.model_validate_json(state) if state else None
