"""SQL that reads the demands behind a figure, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.reporting.drilldown.pagination import DemandCursor
from services.reporting.figures.conditions import SqlCondition, numbered
from services.reporting.figures.queries import NOTHING_SAID, Consents
from shared.chassis.database.pool import Connection
from shared.contracts.demand.state import Demand

LOOKED_AT: Final = 5000
"""So many rows one statement may read. If few of them are counted, pages are short and there are more of them."""


Span = tuple[str, str]
"""From a moment until before another one, in UTC text as it is stored."""


@dataclass(frozen=True, slots=True)
class DemandConditions:
    """The demands to read: an index finds those that meet `indexed`, and each of these is checked for `checked`."""

    jurisdiction: str
    indexed: Sequence[SqlCondition]
    checked: Sequence[SqlCondition]


@dataclass(frozen=True, slots=True)
class DemandPage:
    """A page of demands, and where the next one begins; None if there is none."""

    demands: Sequence[Demand]
    next: DemandCursor | None
    consents: Consents = NOTHING_SAID
    """What was decided about the publication of these demands."""


async def demands(
    db: Connection, conditions: DemandConditions, span: Span, after: DemandCursor, limit: int
) -> DemandPage:
    """The demands of a span after the place `after`, newest first."""
    indexed, values = _near(conditions, span, after)
    checked, checked_values = numbered(conditions.checked, len(values) + 1)
    rows = await db.fetch(
        f"""
        SELECT state::text, submitted_at, id FROM ({indexed}) AS looked_at
        WHERE {checked} ORDER BY submitted_at DESC, id DESC LIMIT ${len(values) + 1}
        """,  # noqa: S608 (conditions are named in `conditions` and `handler`)
        *values,
        limit + 1,
        *checked_values,
    )
    page = [Demand.model_validate_json(row["state"]) for row in rows[:limit]]
    if len(rows) > limit:
        return DemandPage(page, DemandCursor(rows[limit - 1]["submitted_at"], rows[limit - 1]["id"]))
    return DemandPage(page, await _last_looked_at(db, indexed, values) if conditions.checked else None)


async def _last_looked_at(db: Connection, indexed: str, values: Sequence[object]) -> DemandCursor | None:
    """Where a statement stopped because it had read `LOOKED_AT` rows; None if it came to the end."""
    sql = f"SELECT submitted_at, id FROM ({indexed}) AS looked_at OFFSET {LOOKED_AT - 1}"  # noqa: S608 (as above)
    row = await db.fetchrow(sql, *values)
    return DemandCursor(row["submitted_at"], row["id"]) if row else None


def _near(conditions: DemandConditions, span: Span, after: DemandCursor) -> tuple[str, list[object]]:
    first = [conditions.jurisdiction, *span, after.at, after.id]
    indexed, values = numbered(conditions.indexed, len(first))
    sql = f"""
        SELECT id, state, status, division, submitted_at FROM demand_facts
        WHERE jurisdiction = $1 AND submitted_at >= $2 AND submitted_at < $3 AND (submitted_at, id) < ($4, $5)
            AND {indexed}
        ORDER BY submitted_at DESC, id DESC LIMIT {LOOKED_AT}
    """  # noqa: S608 (as above)
    return sql, [*first, *values]


async def months(db: Connection, jurisdiction: str, dimension: str, key: str, measures: Sequence[str]) -> list[date]:
    """The months in which anything of this row is counted, newest first. Without measures, all counters are taken."""
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
