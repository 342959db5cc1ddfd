"""Reads past demands for rehearsals, as they were when they were raised."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final
from uuid import UUID

from services.routing.cases.policies import routing_input, words_of
from services.routing.catalogue.rehearsal import PastDemand
from shared.chassis.database.pool import Pool
from shared.contracts.demand.facts import PlacedBy
from shared.contracts.demand.state import OWED, Demand
from shared.jurisdiction.conditions import RoutingInput

PAGE: Final = 100
"""So many demands are read and dispatched at once: some ten milliseconds, in which the process does nothing else."""


async def past_demands(pool: Pool, jurisdiction: str, newest: int, now: datetime) -> AsyncIterator[PastDemand]:
    """The newest demands of a jurisdiction, newest first. Demands that named no division are left out: they go to
    triage by any rules."""
    before: UUID | None = None
    remaining = newest
    while remaining > 0:
        async with pool.acquire(timeout=5) as db:
            rows = await db.fetch(
                """
                SELECT id, state::text, coalesce(text, '') AS text
                FROM demand LEFT JOIN wording ON demand_id = id
                WHERE state ->> 'jurisdiction' = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3
                """,
                jurisdiction,
                before,
                min(PAGE, remaining),
            )
        for row in rows:
            demand = Demand.model_validate_json(row["state"])
            if demand.placed_by is PlacedBy.DIVISION and demand.submitted_at:
                yield _past(demand, row["text"], demand.submitted_at, now)
        if len(rows) < min(PAGE, remaining):
            return
        before, remaining = rows[-1]["id"], remaining - len(rows)


def _past(demand: Demand, text: str, received_at: datetime, now: datetime) -> PastDemand:
    case = raised_as(demand, text, received_at)
    ended_at = demand.resolved_at or (now if demand.status in OWED else None)
    return PastDemand(demand.number, demand.title, case, received_at, ended_at)


def raised_as(demand: Demand, text: str, at: datetime) -> RoutingInput:
    """The values of a demand that the rules compare, as they were before anybody corrected its category."""
    first = demand.categories[0] if demand.categories else demand.category
    return routing_input(demand, at, words_of(demand, text))._replace(category=first)
