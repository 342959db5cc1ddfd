"""Feedback's SQL about demands, one function for each statement."""

from uuid import UUID

from shared.chassis.database.pool import Connection
from shared.contracts.demand.state import Demand


async def demand(db: Connection, id: UUID) -> Demand | None:
    """The state of a demand, without a lock; None if feedback has none."""
    state = await db.fetchval("SELECT state::text FROM demand WHERE id = $1", id)
    return Demand.model_validate_json(state) if state else None
