"""Open311's SQL, one function for each statement; every statement uses an index."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from services.intake.open311.dates import Window
from shared.chassis.database.pool import Connection
from shared.contracts.demand.facts import RequestKind
from shared.contracts.demand.state import Status, is_confidential


@dataclass(frozen=True, slots=True)
class ListingRow:
    """A row of `demand_listing`."""

    id: UUID
    number: str
    jurisdiction: str
    channel: str
    kind: RequestKind
    category: str | None
    division: str
    title: str
    text: str
    lat: float | None
    lon: float | None
    status: Status
    submitted_at: datetime
    updated_at: datetime
    unit: str | None
    due_at: datetime | None
    summary: str


@dataclass(frozen=True, slots=True)
class UpdateRow:
    """A row of `demand_update` with the number of its demand; or a release, with the present status of the demand."""

    id: UUID
    demand_id: UUID
    number: str
    kind: RequestKind
    status: Status
    summary: str
    at: datetime
    is_release: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """The filter of a list; a field that is None or empty does not filter."""

    jurisdiction: str
    categories: Sequence[str]
    open: bool | None
    submitted: Window | None
    updated_after: datetime | None
    updated_before: datetime | None
    limit: int
    skip: int


CONFIDENTIAL: Final = [kind for kind in RequestKind if is_confidential(kind)]
"""Confidential kinds: no filter may disclose anything of them, so they are listed only by number and by the date of
submission."""

_LISTING = (
    "id, number, jurisdiction, channel, kind, category, division, title, text, lat, lon,"
    " status, submitted_at, updated_at, unit, due_at, summary"
)
_STEP_COLUMNS = "step.id, step.demand_id, listed.number, listed.kind, step.status, step.summary, step.at"
_RELEASE_COLUMNS = (
    "md5(known.demand_id::text || '/' || known.edition)::uuid AS id, known.demand_id, listed.number, listed.kind,"
    " listed.status, '' AS summary, known.changed_at AS at, true AS is_release"
)
"""The columns of the newest public edition of a demand; the same edition always has the same id."""
_RELEASES = "publication AS known JOIN demand_listing AS listed ON listed.id = known.demand_id"


async def listings(db: Connection, filter: Filter) -> list[ListingRow]:
    """The demands that match, the newest first."""
    question, values = listing_query(filter)
    return [_listing(row) for row in await db.fetch(question, *values)]


def listing_query(filter: Filter) -> tuple[str, list[object]]:
    """The statement for exactly these filters, so that the planner sees which index serves it.

    A filter by what is not shown of a report (举报) would disclose it, so such lists leave reports out.
    """
    conditions, values = ["jurisdiction = $1"], [filter.jurisdiction, filter.limit, filter.skip]

    def where(condition: str, value: object) -> None:
        values.append(value)
        conditions.append(condition.format(f"${len(values)}"))

    if filter.categories:
        where("category = ANY({}::text[])", list(filter.categories))
    if filter.open is not None:
        conditions.append("is_open" if filter.open else "NOT is_open")
    if filter.submitted:
        where("submitted_at >= {}", filter.submitted.first)
        where("submitted_at <= {}", filter.submitted.last)
    if filter.categories or filter.open is not None or filter.updated_after or filter.updated_before:
        where("kind <> ALL({}::text[])", CONFIDENTIAL)
    if filter.updated_after:
        where("updated_at >= {}", filter.updated_after)
    if filter.updated_before:
        where("updated_at <= {}", filter.updated_before)
    order = "submitted_at" if filter.submitted else "updated_at"
    question = f"""
        SELECT {_LISTING} FROM demand_listing WHERE {" AND ".join(conditions)}
        ORDER BY {order} DESC, id DESC LIMIT $2 OFFSET $3
    """  # noqa: S608 (conditions and columns are constants of this module)
    return question, values


async def listings_by_number(db: Connection, jurisdiction: str, numbers: Sequence[str]) -> list[ListingRow]:
    """The demands of these numbers that exist in the jurisdiction."""
    rows = await db.fetch(
        f"""
        SELECT {_LISTING} FROM demand_listing
        WHERE id IN (SELECT id FROM submission WHERE number = ANY($2::text[])) AND jurisdiction = $1
        ORDER BY submitted_at DESC, id DESC
        """,  # noqa: S608 (constant columns)
        jurisdiction, list(numbers),
    )  # fmt: skip
    return [_listing(row) for row in rows]


async def number_of(db: Connection, jurisdiction: str, demand: UUID) -> str | None:
    """The number of the demand with this id; None if there is none."""
    reference: str | None = await db.fetchval(
        "SELECT number FROM demand_listing WHERE id = $1 AND jurisdiction = $2", demand, jurisdiction
    )
    return reference


async def steps_of(db: Connection, demands: Sequence[UUID]) -> list[UpdateRow]:
    """The steps of these demands, the earliest first."""
    rows = await db.fetch(
        f"""
        SELECT {_STEP_COLUMNS} FROM demand_update AS step JOIN demand_listing AS listed ON listed.id = step.demand_id
        WHERE step.demand_id = ANY($1::uuid[]) ORDER BY step.demand_id, step.sequence
        """,  # noqa: S608 (constant columns)
        list(demands),
    )
    return [_step(row) for row in rows]


async def releases_of(db: Connection, demands: Sequence[UUID]) -> list[UpdateRow]:
    """The releases of what is public of these demands."""
    rows = await db.fetch(
        f"""
        SELECT {_RELEASE_COLUMNS} FROM {_RELEASES} WHERE known.demand_id = ANY($1::uuid[]) AND known.title IS NOT NULL
        """,  # noqa: S608 (constant columns and tables)
        list(demands),
    )
    return [_step(row) for row in rows]


async def steps_within(db: Connection, jurisdiction: str, when: Window, limit: int, skip: int) -> list[UpdateRow]:
    """The steps and releases of a jurisdiction within a window, the earliest first, without those of reports (举报)."""
    rows = await db.fetch(
        f"""
        SELECT id, demand_id, number, kind, status, summary, at, is_release FROM (
            (SELECT {_STEP_COLUMNS}, false AS is_release, step.sequence FROM demand_update AS step
                JOIN demand_listing AS listed ON listed.id = step.demand_id
                WHERE step.jurisdiction = $1 AND step.at BETWEEN $2 AND $3 AND listed.kind <> ALL($6::text[])
                ORDER BY step.at, step.sequence, step.id LIMIT $4::bigint + $5::bigint)
            UNION ALL
            (SELECT {_RELEASE_COLUMNS}, 0 AS sequence FROM {_RELEASES}
                WHERE listed.jurisdiction = $1 AND known.changed_at BETWEEN $2 AND $3 AND known.title IS NOT NULL
                    AND listed.kind <> ALL($6::text[])
                ORDER BY known.changed_at, known.demand_id LIMIT $4::bigint + $5::bigint)
        ) AS found
        ORDER BY at, sequence, id LIMIT $4 OFFSET $5
        """,  # noqa: S608 (constant columns and tables)
        jurisdiction, when.first, when.last, limit, skip, CONFIDENTIAL,
    )  # fmt: skip
    return [_step(row) for row in rows]


async def received(db: Connection, channel: str, update_id: str) -> UUID | None:
    """The demand to which this update of the channel was added; None if it is new."""
    id: UUID | None = await db.fetchval(
        "SELECT demand_id FROM update_received WHERE channel = $1 AND update_id = $2", channel, update_id
    )
    return id


async def receive(db: Connection, channel: str, update_id: str, demand: UUID, at: datetime) -> bool:
    """Insert this update of the channel; returns whether it is new. Waits for another transaction that inserts the same
    one."""
    done = await db.execute(
        "INSERT INTO update_received (channel, update_id, demand_id, received_at) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT DO NOTHING",
        channel, update_id, demand, at,
    )  # fmt: skip
    return done.endswith("1")


def _listing(row: asyncpg.Record) -> ListingRow:
    return ListingRow(**{**row, "kind": RequestKind(row["kind"]), "status": Status(row["status"])})


def _step(row: asyncpg.Record) -> UpdateRow:
    return UpdateRow(**{**row, "kind": RequestKind(row["kind"]), "status": Status(row["status"])})
