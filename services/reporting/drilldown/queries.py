"""The demands behind a figure, a page of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.reporting.drilldown.pagination import Spot
from services.reporting.figures.conditions import Condition, numbered
from services.reporting.figures.queries import NOTHING_SAID, Consents
from shared.chassis.database.pool import Connection
from shared.contracts.demand.state import Demand

LOOKED_AT: Final = 5000
"""Rows that one page may look at: where few of many are counted, pages are short and there are more of them."""


Span = tuple[str, str]
"""From a moment on and before another, in UTC text as it is stored."""


@dataclass(frozen=True, slots=True)
class Sought:
    """Demands of a jurisdiction: those that an index finds, of them those that pass when they are looked at."""

    jurisdiction: str
    near: Sequence[Condition]
    passing: Sequence[Condition]


@dataclass(frozen=True, slots=True)
class Listed:
    """A page, and where the next one begins; None where there is none."""

    demands: Sequence[Demand]
    next: Spot | None
    consents: Consents = NOTHING_SAID
    """What was said of their publication."""


async def demands(db: Connection, sought: Sought, span: Span, after: Spot, limit: int) -> Listed:
    """Those of a span behind `after`, newest first."""
    near, values = _near(sought, span, after)
    passing, more = numbered(sought.passing, len(values) + 1)
    rows = await db.fetch(
        f"""
        SELECT state::text, submitted_at, id FROM ({near}) AS looked_at
        WHERE {passing} ORDER BY submitted_at DESC, id DESC LIMIT ${len(values) + 1}
        """,  # noqa: S608 (conditions are named in `counted` and `opening`)
        *values,
        limit + 1,
        *more,
    )
    page = [Demand.model_validate_json(row["state"]) for row in rows[:limit]]
    if len(rows) > limit:
        return Listed(page, Spot(rows[limit - 1]["submitted_at"], rows[limit - 1]["id"]))
    return Listed(page, await _last_looked_at(db, near, values) if sought.passing else None)


async def _last_looked_at(db: Connection, near: str, values: Sequence[object]) -> Spot | None:
    """Where a look ended that may not go on; None where it came to the end."""
    sql = f"SELECT submitted_at, id FROM ({near}) AS looked_at OFFSET {LOOKED_AT - 1}"  # noqa: S608 (as above)
    row = await db.fetchrow(sql, *values)
    return Spot(row["submitted_at"], row["id"]) if row else None


def _near(sought: Sought, span: Span, after: Spot) -> tuple[str, list[object]]:
    first = [sought.jurisdiction, *span, after.at, after.id]
    near, values = numbered(sought.near, len(first))
    sql = f"""
        SELECT id, state, status, division, submitted_at FROM demand_facts
        WHERE jurisdiction = $1 AND submitted_at >= $2 AND submitted_at < $3 AND (submitted_at, id) < ($4, $5)
            AND {near}
        ORDER BY submitted_at DESC, id DESC LIMIT {LOOKED_AT}
    """  # noqa: S608 (as above)
    return sql, [*first, *values]


async def months(db: Connection, jurisdiction: str, dimension: str, key: str, measures: Sequence[str]) -> list[date]:
    """Those of which anything is counted, newest first; no measures: anything at all."""
    rows = await db.fetch(
        """
        SELECT month FROM (
            SELECT DISTINCT month FROM cohort_whole WHERE jurisdiction = $1 AND dimension = 'all' AND key = ''
        ) AS known
        WHERE EXISTS (
            SELECT FROM cohort_sum WHERE jurisdiction = $1 AND dimension = $2 AND level = 'month'
                AND period = known.month AND key = $3 AND n > 0 AND (cardinality($4::text[]) = 0 OR measure = ANY($4))
        ) OR EXISTS (
            SELECT FROM cohort WHERE jurisdiction = $1 AND dimension = $2
                AND month = known.month AND key = $3 AND n > 0 AND (cardinality($4::text[]) = 0 OR measure = ANY($4))
        )
        ORDER BY month DESC
        """,
        jurisdiction,
        dimension,
        key,
        measures,
    )
    return [row["month"] for row in rows]
