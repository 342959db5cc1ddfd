"""SQL of the public lists: by place, by category, by text, the latest release first. Each is answered from an index."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from shared.chassis.database.pool import Connection
from shared.chassis.http.pagination import Moment
from shared.contracts.demand.state import Status

MOST_IN_SITEMAP: Final = 50_000
"""A sitemap has at most so many URLs; rule: sitemaps.org."""


@dataclass(frozen=True, slots=True)
class PublicFilter:
    """The filter of a list; a field that is None or empty does not filter."""

    jurisdiction: str
    divisions: Sequence[str] | None = None
    categories: Sequence[str] | None = None
    is_open: bool | None = None
    pieces: Sequence[str] = ()
    """Pairs of characters that must all occur in the text, see `shared.masking.pieces`."""


@dataclass(frozen=True, slots=True)
class ReleasedDemand:
    """One released demand of a list."""

    id: UUID
    number: str
    division: str
    category: str | None
    status: Status
    released_at: datetime
    changed_at: datetime
    title: str
    text: str
    answer: str
    """Empty if the answer no longer counts, because the demand was reopened since."""


_COLUMNS: Final = "listed.id, listed.number, listed.division, listed.category, listed.status, listed.released_at"
_ORDER: Final = "released_at DESC, id DESC"


def list_query(filter: PublicFilter, after: Moment, limit: int) -> tuple[str, list[object]]:
    """The statement for exactly these filters, so that the planner sees which index serves it.

    A subtree is read place by place, and category by category, so that each part takes its latest demands from the
    index.
    """
    values: list[object] = [filter.jurisdiction, after.at, after.id]
    tables = ["demand_listing AS listed"]
    conditions = ["listed.jurisdiction = $1", "listed.released_at IS NOT NULL"]
    conditions.append("(listed.released_at, listed.id) < ($2, $3)")
    outer: list[str] = []

    def each(name: str, codes: Sequence[str] | None) -> None:
        if codes is None:
            return
        values.append(list(codes))
        outer.append(f"unnest(${len(values)}::text[]) AS {name}s ({name})")
        conditions.append(f"listed.{name} = {name}s.{name}")

    if filter.is_open is not None:
        conditions.append("listed.is_open" if filter.is_open else "NOT listed.is_open")
    if filter.pieces:
        values.append(list(filter.pieces))
        tables.append("publication AS worded ON worded.demand_id = listed.id")
        conditions.append(f"worded.pieces @> ${len(values)}::text[]")
    each("division", filter.divisions)
    each("category", filter.categories)
    sql = f"""
        SELECT {_COLUMNS} FROM {" JOIN ".join(tables)} WHERE {" AND ".join(conditions)}
        ORDER BY listed.released_at DESC, listed.id DESC LIMIT {limit}
    """  # noqa: S608 (names of this module)
    if outer:
        crossed = " CROSS JOIN ".join(outer)
        sql = f"SELECT found.* FROM {crossed} CROSS JOIN LATERAL ({sql}) AS found ORDER BY {_ORDER} LIMIT {limit}"  # noqa: S608 (as above)
    question = f"""
        SELECT found.*, known.title, known.text, known.changed_at,
            CASE WHEN known.reopenings = coalesce((demand.state ->> 'reopenings')::int, 0)
                THEN known.answer ELSE '' END AS answer
        FROM ({sql}) AS found JOIN publication AS known ON known.demand_id = found.id
            JOIN demand ON demand.id = found.id
        ORDER BY found.released_at DESC, found.id DESC
    """  # noqa: S608 (as above)
    return question, values


async def page(
    db: Connection, filter: PublicFilter, after: Moment, limit: int
) -> tuple[list[ReleasedDemand], Moment | None]:
    """A page of released demands after a place, and where the next page begins; None on the last page."""
    question, values = list_query(filter, after, limit + 1)
    rows = [_row(row) for row in await db.fetch(question, *values)]
    page_rows = rows[:limit]
    return page_rows, Moment(page_rows[-1].released_at, page_rows[-1].id) if len(rows) > limit else None


async def months(db: Connection) -> list[datetime]:
    """The beginnings of the months (UTC) in which demands of any jurisdiction were released, the latest first."""
    rows = await db.fetch(
        """
        WITH RECURSIVE released (month) AS (
            SELECT date_trunc('month', max(released_at), 'UTC') FROM demand_listing WHERE released_at IS NOT NULL
            UNION ALL
            SELECT (
                SELECT date_trunc('month', max(released_at), 'UTC') FROM demand_listing
                WHERE released_at IS NOT NULL AND released_at < released.month
            ) FROM released WHERE released.month IS NOT NULL
        )
        SELECT month FROM released WHERE month IS NOT NULL LIMIT 600
        """
    )
    return [row["month"] for row in rows]


async def released_in(db: Connection, since: datetime, before: datetime) -> list[tuple[str, datetime]]:
    """The numbers of demands that were released within a month and are public, each with its last change; the latest
    first."""
    rows = await db.fetch(
        """
        SELECT number, changed_at FROM demand_listing AS listed JOIN publication ON demand_id = listed.id
        WHERE listed.released_at >= $1 AND listed.released_at < $2 ORDER BY listed.released_at DESC LIMIT $3
        """,
        since,
        before,
        MOST_IN_SITEMAP,
    )
    return [(row["number"], row["changed_at"]) for row in rows]


def _row(row: asyncpg.Record) -> ReleasedDemand:
    return ReleasedDemand(**{**row, "status": Status(row["status"])})
