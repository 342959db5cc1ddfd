"""Reads the finished cases (已办) of units, newest first, filtered by text and time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from services.routing.cases.worklist_filters import NAMED
from shared.chassis.database.pool import Connection
from shared.chassis.http.pagination import Moment
from shared.contracts.demand.state import Demand
from shared.contracts.moment import END, FIRST


@dataclass(frozen=True, slots=True)
class Finished:
    """The filter of finished cases: of these units, ended from `since` until before `until`, with `text` in a number or
    the title or in one of `divisions`, of `category`."""

    units: Sequence[str]
    since: datetime = FIRST
    until: datetime = END
    text: str = ""
    divisions: Sequence[str] = ()
    category: str = ""


class FinishedCase(NamedTuple):
    """A finished case, and when it was answered; if it ended without an answer, when it ended."""

    demand: Demand
    done_at: datetime


async def finished(
    db: Connection, filters: Finished, before: Moment, limit: int
) -> tuple[list[FinishedCase], Moment | None]:
    """At most `limit` finished cases before `before`, and where the next page begins; None on the last page. For each
    unit the statement reads its index from the end."""
    rows = await db.fetch(
        f"""
        SELECT cases.id, cases.done_at, cases.state::text FROM unnest($1::text[]) AS looked_at (unit)
        CROSS JOIN LATERAL (
            SELECT id, done_at, state FROM demand
            WHERE done_unit = looked_at.unit AND done_at >= $2 AND done_at < $3 AND (done_at, id) < ($4, $5)
                AND ($6 = '' OR {NAMED.format(words=6, places=7)}) AND ($8 = '' OR category = $8)
            ORDER BY done_at DESC, id DESC LIMIT $9
        ) AS cases
        ORDER BY cases.done_at DESC, cases.id DESC LIMIT $9
        """,  # noqa: S608 (a constant)
        list(filters.units), filters.since, filters.until, before.at, before.id, filters.text, list(filters.divisions),
        filters.category, limit + 1,
    )  # fmt: skip
    cases = [FinishedCase(Demand.model_validate_json(row["state"]), row["done_at"]) for row in rows[:limit]]
    last = rows[limit - 1] if len(rows) > limit else None
    return cases, Moment(last["done_at"], last["id"]) if last else None
