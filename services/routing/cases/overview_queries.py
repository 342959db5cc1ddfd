"""How units stand: open cases, overdue, due soon, unsigned, paused, by unit."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from shared.chassis.database.pool import Connection

FIGURES: Final = ("open", "overdue", "due_soon", "unsigned", "reopened", "paused")


class UnitLoad(NamedTuple):
    """The open cases of one unit, counted; `oldest_due` is the due time that is the longest over, or None."""

    unit: str
    open: int
    overdue: int
    due_soon: int
    unsigned: int
    reopened: int
    paused: int
    oldest_due: datetime | None


async def by_unit(db: Connection, units: Sequence[str], now: datetime, tomorrow_ends: datetime) -> list[UnitLoad]:
    """The units that have open cases, those with the most overdue first."""
    rows = await db.fetch(
        """
        SELECT unit, open, overdue, due_soon, coalesce(unsigned, 0) AS unsigned,
            coalesce(reopened, 0) AS reopened, coalesce(paused, 0) AS paused, oldest_due
        FROM (
            SELECT unit, count(*) AS open, count(*) FILTER (WHERE work_due_at < $2) AS overdue,
                count(*) FILTER (WHERE work_due_at >= $2 AND work_due_at < $3) AS due_soon,
                min(work_due_at) FILTER (WHERE work_due_at < $2) AS oldest_due
            FROM demand
            WHERE unit = ANY($1::text[]) AND status IN ('routed', 'accepted', 'in_progress', 'listed') GROUP BY unit
        ) AS own LEFT JOIN (
            SELECT unit, count(*) AS unsigned FROM demand
            WHERE unit = ANY($1::text[]) AND status = 'routed' GROUP BY unit
        ) AS new USING (unit) LEFT JOIN (
            SELECT unit, count(*) AS reopened FROM demand
            WHERE unit = ANY($1::text[]) AND status IN ('routed', 'accepted', 'in_progress', 'listed')
                AND state ? 'reopenings' GROUP BY unit
        ) AS again USING (unit) LEFT JOIN (
            SELECT unit, count(*) AS paused FROM demand
            WHERE unit = ANY($1::text[]) AND status IN ('routed', 'accepted', 'in_progress', 'listed')
                AND state ? 'paused_at' GROUP BY unit
        ) AS standing USING (unit)
        ORDER BY overdue DESC, open DESC, unit
        """,
        list(units),
        now,
        tomorrow_ends,
    )
    return [UnitLoad(**dict(row)) for row in rows]
