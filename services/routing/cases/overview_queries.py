"""SQL that counts the cases of units (open, overdue, due soon, unsigned, paused), and keeps and reads these counts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

import asyncpg

from shared.chassis.base.findings import COUNTED_UP_TO
from shared.chassis.database.pool import Connection

FIGURES: Final = ("open", "overdue", "due_soon", "unsigned", "reopened", "paused")


class UnitLoad(NamedTuple):
    """The counts of one unit's open cases; `oldest_due` is the earliest due time that is over, None if none is."""

    unit: str
    open: int
    overdue: int
    due_soon: int
    unsigned: int
    reopened: int
    paused: int
    oldest_due: datetime | None


COLUMNS: Final = ", ".join(UnitLoad._fields)


async def counted(db: Connection, units: Sequence[str], now: datetime, tomorrow_ends: datetime) -> list[UnitLoad]:
    """Count the open cases of these units, those with the most overdue cases first. Units without open cases are left
    out. The statement reads every open case."""
    rows = await db.fetch(
        """
        SELECT unit, open, overdue, due_soon, coalesce(unsigned, 0) AS unsigned,
            coalesce(reopened, 0) AS reopened, coalesce(paused, 0) AS paused, oldest_due
        FROM (
            SELECT open_unit AS unit, count(*) AS open, count(*) FILTER (WHERE work_due_at < $2) AS overdue,
                count(*) FILTER (WHERE work_due_at >= $2 AND work_due_at < $3) AS due_soon,
                min(work_due_at) FILTER (WHERE work_due_at < $2) AS oldest_due
            FROM demand WHERE open_unit = ANY($1::text[]) GROUP BY open_unit
        ) AS own LEFT JOIN (
            SELECT open_unit AS unit, count(*) AS unsigned FROM demand
            WHERE open_unit = ANY($1::text[]) AND is_unsigned GROUP BY open_unit
        ) AS new USING (unit) LEFT JOIN (
            SELECT open_unit AS unit, count(*) AS reopened FROM demand
            WHERE open_unit = ANY($1::text[]) AND is_reopened GROUP BY open_unit
        ) AS again USING (unit) LEFT JOIN (
            SELECT open_unit AS unit, count(*) AS paused FROM demand
            WHERE open_unit = ANY($1::text[]) AND is_paused GROUP BY open_unit
        ) AS standing USING (unit)
        ORDER BY overdue DESC, open DESC, unit
        """,
        list(units),
        now,
        tomorrow_ends,
    )
    return [_load(row) for row in rows]


async def stored_counts(db: Connection, units: Sequence[str]) -> tuple[list[UnitLoad], datetime | None]:
    """The worker's last counts, those with the most overdue cases first, and their moment; None if there is no
    count."""
    rows = await db.fetch(
        f"""
        SELECT {COLUMNS}, counted_at FROM unit_load WHERE unit = ANY($1::text[])
        ORDER BY overdue DESC, open DESC, unit
        """,  # noqa: S608 (constants)
        list(units),
    )
    return [_load(row) for row in rows], min((row["counted_at"] for row in rows), default=None)


async def counted_at(db: Connection, jurisdiction: str) -> datetime | None:
    """When the worker last counted the units of a jurisdiction; None if no unit had an open case then."""
    at: datetime | None = await db.fetchval(
        "SELECT max(counted_at) FROM unit_load WHERE jurisdiction = $1", jurisdiction
    )
    return at


class JurisdictionLoad(NamedTuple):
    """The open cases of a jurisdiction, summed from the counts of its units. `overdue_seconds` is the time since the
    earliest due time that is over, 0 if none is."""

    jurisdiction: str
    open: int
    overdue: int
    overdue_seconds: float


async def loads(db: Connection) -> list[JurisdictionLoad]:
    """The worker's last counts by jurisdiction; the cost does not depend on the number of cases."""
    rows = await db.fetch(
        """
        SELECT jurisdiction, sum(open), sum(overdue),
            coalesce(greatest(extract(epoch FROM now() - min(oldest_due)), 0), 0)::float8
        FROM unit_load GROUP BY jurisdiction ORDER BY jurisdiction
        """
    )
    return [JurisdictionLoad(*row) for row in rows]


class Triage(NamedTuple):
    """The cases of a jurisdiction that wait for a dispatcher: how many, counted up to `COUNTED_UP_TO`, and for how many
    seconds the first one has waited."""

    jurisdiction: str
    waiting: int
    seconds: float


async def in_triage(db: Connection) -> list[Triage]:
    """The triage of each jurisdiction. Each is counted on its own by the index, so that many waiting cases in one do
    not hide another. The waiting time begins at `updated_at`, which is the step into triage: in triage only notes
    follow."""
    rows = await db.fetch(
        """
        WITH RECURSIVE jurisdiction (triage_in) AS (
            SELECT min(triage_in) FROM demand WHERE triage_in IS NOT NULL
            UNION ALL
            SELECT (SELECT min(demand.triage_in) FROM demand WHERE demand.triage_in > jurisdiction.triage_in)
            FROM jurisdiction WHERE jurisdiction.triage_in IS NOT NULL
        )
        SELECT triage_in, count(*), extract(epoch FROM now() - min(moment(state ->> 'updated_at')))::float8
        FROM jurisdiction CROSS JOIN LATERAL (
            SELECT state FROM demand WHERE demand.triage_in = jurisdiction.triage_in ORDER BY id LIMIT $1
        ) AS waiting
        WHERE triage_in IS NOT NULL GROUP BY triage_in ORDER BY triage_in
        """,
        COUNTED_UP_TO,
    )
    return [Triage(row[0], row[1], row[2] or 0.0) for row in rows]


async def store_counts(db: Connection, jurisdiction: str, loads: Sequence[UnitLoad], at: datetime) -> None:
    """Replace the stored counts of a jurisdiction's units; must be called in a transaction."""
    await db.execute("DELETE FROM unit_load WHERE jurisdiction = $1", jurisdiction)
    await db.executemany(
        f"INSERT INTO unit_load ({COLUMNS}, jurisdiction, counted_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",  # noqa: S608
        [(*load, jurisdiction, at) for load in loads],
    )


def _load(row: asyncpg.Record) -> UnitLoad:
    return UnitLoad(**{name: row[name] for name in UnitLoad._fields})
