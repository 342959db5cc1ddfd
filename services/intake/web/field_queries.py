"""Intake's SQL about field visits, one function for each statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from shared.chassis.database.pool import Connection


@dataclass(frozen=True, slots=True)
class VisitRow:
    """A visit: `division` is the village, `members` the names of the team, `households` None until somebody counted."""

    id: UUID
    unit: str
    person: str
    jurisdiction: str
    division: str
    held_on: date
    members: str
    households: int | None


@dataclass(frozen=True, slots=True)
class VisitCount:
    """A visit in a list, with how many demands were booked and how many of these were solved on the spot."""

    id: UUID
    division: str
    held_on: date
    person: str
    booked: int
    on_the_spot: int


@dataclass(frozen=True, slots=True)
class BookedRow:
    """A demand that was booked; `title` is masked, as units read it, and `status` how it stands now."""

    demand_id: UUID
    number: str
    on_the_spot: bool
    booked_at: datetime
    title: str
    status: str


async def put_visit(db: Connection, visit: VisitRow, at: datetime) -> bool:
    """Insert or update a visit; False if it belongs to another unit."""
    done = await db.fetchval(
        """
        INSERT INTO field_visit AS known
            (id, unit, person, jurisdiction, division, held_on, members, households, begun_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (id) DO UPDATE SET division = excluded.division, held_on = excluded.held_on,
            members = excluded.members, households = coalesce(excluded.households, known.households)
        WHERE known.unit = excluded.unit RETURNING true
        """,
        visit.id, visit.unit, visit.person, visit.jurisdiction, visit.division, visit.held_on, visit.members,
        visit.households, at,
    )  # fmt: skip
    return bool(done)


async def visit(db: Connection, id: UUID, unit: str) -> VisitRow | None:
    """A visit of this unit; None if there is none."""
    row = await db.fetchrow(
        """
        SELECT id, unit, person, jurisdiction, division, held_on, members, households FROM field_visit
        WHERE id = $1 AND unit = $2
        """,
        id,
        unit,
    )
    return VisitRow(*row) if row else None


async def latest(db: Connection, unit: str, limit: int) -> Sequence[VisitCount]:
    """The last visits of a unit, the newest first."""
    rows = await db.fetch(
        """
        SELECT v.id, division, held_on, person, count(d.demand_id), count(d.demand_id) FILTER (WHERE on_the_spot)
        FROM (SELECT * FROM field_visit WHERE unit = $1 ORDER BY held_on DESC, begun_at DESC LIMIT $2) AS v
        LEFT JOIN field_demand AS d ON d.visit = v.id
        GROUP BY v.id, division, held_on, person, begun_at ORDER BY held_on DESC, begun_at DESC
        """,
        unit,
        limit,
    )
    return [VisitCount(*row) for row in rows]


async def put_demand(
    db: Connection, visit: UUID, demand: UUID, number: str, on_the_spot: bool, booked_at: datetime
) -> None:
    """Insert that a demand was booked on a visit; repeating it changes nothing."""
    await db.execute(
        """
        INSERT INTO field_demand (demand_id, visit, number, on_the_spot, booked_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING
        """,
        demand, visit, number, on_the_spot, booked_at,
    )  # fmt: skip


async def booked(db: Connection, visit: UUID) -> Sequence[BookedRow]:
    """The demands that were booked on a visit, in order."""
    rows = await db.fetch(
        """
        SELECT demand_id, field_demand.number, on_the_spot, booked_at, coalesce(state ->> 'title', ''),
            coalesce(state ->> 'status', 'submitted')
        FROM field_demand LEFT JOIN demand ON demand.id = demand_id
        WHERE visit = $1 ORDER BY booked_at, field_demand.number
        """,
        visit,
    )
    return [BookedRow(*row) for row in rows]
