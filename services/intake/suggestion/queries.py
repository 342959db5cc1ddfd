"""SQL that reads the training examples of a deployment."""

from services.intake.suggestion.training import Example
from shared.chassis.database.pool import Connection
from shared.contracts.demand.facts import DemandSubmitted


async def routed(db: Connection, jurisdiction: str) -> list[Example]:
    """Demands with a category that were routed and that no unit returned, so nobody said that the category was
    wrong."""
    rows = await db.fetch(
        """
        SELECT journal.payload FROM journal JOIN demand ON demand.id = journal.aggregateid
        WHERE journal.type = $1 AND state ->> 'jurisdiction' = $2 AND state ->> 'category' IS NOT NULL
            AND state ->> 'unit' IS NOT NULL AND coalesce((state ->> 'returns')::int, 0) = 0
        ORDER BY journal.position
        """,
        DemandSubmitted.wire_type(),
        jurisdiction,
    )
    demand_submitteds = (DemandSubmitted.model_validate_json(row["payload"]) for row in rows)
    return [Example(fact.title, fact.text, fact.category) for fact in demand_submitteds if fact.category]
