"""Routing's SQL for the explanation of a case, from its copy of the demand and its journal."""

from dataclasses import dataclass
from datetime import datetime

from shared.chassis.database.pool import Connection
from shared.contracts.demand.facts import DemandRouted, DemandTriaged, Fact
from shared.contracts.demand.state import Demand
from shared.contracts.event_types import parse


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A decision that routing recorded, and when."""

    fact: DemandRouted | DemandTriaged
    at: datetime


async def demand(db: Connection, number: str) -> tuple[Demand, str] | None:
    """A demand and the masked text of its citizen; None if routing has none."""
    row = await db.fetchrow(
        """
        SELECT state::text, coalesce(text, '') AS text FROM demand LEFT JOIN wording ON demand_id = demand.id
        WHERE number = $1
        """,
        number,
    )
    return (Demand.model_validate_json(row["state"]), row["text"]) if row else None


async def decisions(db: Connection, demand: Demand) -> list[StoredDecision]:
    """All decisions of routing about a demand, in order."""
    rows = await db.fetch(
        """
        SELECT type, payload, time FROM journal
        WHERE aggregateid = $1 AND (type LIKE 'demand.routed.%' OR type LIKE 'demand.triaged.%') ORDER BY sequence
        """,
        demand.id,
    )
    decisions: list[tuple[Fact, datetime]] = [(parse(row["type"], row["payload"]), row["time"]) for row in rows]
    return [StoredDecision(fact, at) for fact, at in decisions if isinstance(fact, DemandRouted | DemandTriaged)]
