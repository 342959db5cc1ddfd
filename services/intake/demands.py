"""Reads intake's own copy of a demand, by its id or number."""

from uuid import UUID

from shared.chassis.database.pool import Connection
from shared.contracts.demand.state import Demand


async def by_id(db: Connection, id: UUID) -> Demand | None:
    """The state of the demand by the facts that intake has read; None if there is none."""
    state = await db.fetchval("SELECT state::text FROM demand WHERE id = $1", id)
    return Demand.model_validate_json(state) if state else None


async def by_number(db: Connection, number: str) -> Demand | None:
    """The state of the demand with this number, by the facts that intake has read; None if there is none."""
    state = await db.fetchval(
        "SELECT demand.state::text FROM submission JOIN demand USING (id) WHERE submission.number = $1",
        number,
    )
    return Demand.model_validate_json(state) if state else None
