"""Reads the lists of a desk, page by page, and counts them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, NamedTuple
from uuid import UUID

import asyncpg
from fastapi import Query
from pydantic import Field

from services.routing.cases.worklist_filters import Filters, conditions_of
from shared.chassis.database.pool import Connection
from shared.chassis.http import pagination
from shared.contracts.demand.state import Demand

COUNTED_UP_TO: Final = 1000
"""A count stops here: `1000` means "1000 or more"."""


class List(StrEnum):
    """The lists of a desk; each holds some of the open cases."""

    OPEN = "open"
    MINE = "mine"
    OVERDUE = "overdue"
    DUE_SOON = "due-soon"
    UNSIGNED = "unsigned"
    RETURNED = "returned"
    REOPENED = "reopened"
    URGED = "urged"
    NEW_WORDS = "new-words"
    PAUSED = "paused"
    ASSISTING = "assisting"
    TO_DECIDE = "to-decide"
    ESCALATED = "escalated"
    TRIAGE = "triage"


Sort = Literal["due", "age"]


class _Lane(NamedTuple):
    """How a list is read: from the rows of `table` whose column `key` is one of the desk's units.

    The table has an index that begins with the key and continues with the columns by which the list is sorted.
    `condition` must have the same wording as the condition of that index. In it `$2` is the person's name, `$3` now,
    `$4` the end of tomorrow, and `$5` the person's subject, "" if there is none.
    """

    condition: str = "true"
    key: str = "demand.open_unit"
    table: str = "demand"
    id: str = "demand.id"


_LANES: Final[Mapping[List, _Lane]] = {
    List.OPEN: _Lane(),
    List.MINE: _Lane("demand.handler = $2 AND $5 IN ('', coalesce(demand.state ->> 'handler_subject', $5))"),
    List.OVERDUE: _Lane("demand.work_due_at < $3"),
    List.DUE_SOON: _Lane("demand.work_due_at >= $3 AND demand.work_due_at < $4"),
    List.UNSIGNED: _Lane("demand.is_unsigned"),
    List.RETURNED: _Lane("demand.is_returned"),
    List.REOPENED: _Lane("demand.is_reopened"),
    List.URGED: _Lane("demand.is_urged"),
    List.NEW_WORDS: _Lane("demand.has_new_words"),
    List.PAUSED: _Lane("demand.is_paused"),
    List.ASSISTING: _Lane(key="assisting_case.unit", table="assisting_case", id="assisting_case.demand_id"),
    List.TO_DECIDE: _Lane(key="demand.extension_decider"),
    List.ESCALATED: _Lane("demand.open_unit IS NOT NULL", key="demand.escalated_to"),
    List.TRIAGE: _Lane(key="demand.triage_in"),
}
"""For the triage the key is the jurisdiction, not a unit."""


class CaseSummary(Demand):
    """A case as a list shows it."""

    urges: int = Field(0, description="how often the citizen asked to hurry")
    supports: int = Field(0, description="how many others have the same")
    has_new_words: bool = Field(False, description="the citizen said something since the last step")


@dataclass(frozen=True, slots=True)
class Desk:
    """Whose lists are read: those of `units`, by a person of the jurisdiction, at the moment `now`."""

    units: Sequence[str]
    name: str
    jurisdiction: str
    now: datetime
    tomorrow_ends: datetime
    subject: str = ""
    """The subject of the person's account, which is unique while names are not; empty if there is none."""


@dataclass(frozen=True, slots=True)
class CaseCursor:
    """The cursor of a page: it begins after the case with this rank, due time and id."""

    rank: int
    due_at: datetime
    id: UUID

    @classmethod
    def of(cls, cursor: bytes) -> "CaseCursor":
        """Decode a cursor that `written` made; raises `ValueError`."""
        rank, _, due_at = cursor[16:].decode("ascii").partition(" ")
        return cls(int(rank), datetime.fromisoformat(due_at), UUID(bytes=cursor[:16]))

    def as_cursor(self) -> str:
        """Encode as a cursor."""
        return pagination.cursor_of(self.id.bytes + f"{self.rank} {self.due_at.isoformat()}".encode())


BEGINNING: Final = CaseCursor(-1, datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))
Cursor = Annotated[str, Query(max_length=120, description="`next` of the page before")]


def place_of(cursor: str) -> CaseCursor:
    """Decode the cursor of a request; the beginning of the list if it is empty. Raises `Refused`."""
    return pagination.read(cursor, CaseCursor.of) if cursor else BEGINNING


async def page(
    db: Connection, desk: Desk, name: List, sort: Sort, filters: Filters, after: CaseCursor, limit: int
) -> tuple[list[CaseSummary], CaseCursor | None]:
    """At most `limit` cases of a list after `after`, and where the next page begins; None on the last page."""
    lane = _LANES[name]
    matching, parameters = conditions_of(filters, _parameters(desk, name))
    order = "rank, work_due_at, id" if sort == "due" else "id"
    rows = await db.fetch(
        f"""
        SELECT state::text, rank, work_due_at, id, urges, supports, has_new_words
        FROM (
            SELECT id FROM (
                SELECT DISTINCT {order} FROM ({_first(lane, sort, matching, len(parameters), limit)}) AS found
            ) AS cases ORDER BY {order} LIMIT {limit + 1}
        ) AS shown JOIN demand USING (id)
        ORDER BY {order}
        """,  # noqa: S608 (parts of our own; what is asked for is in parameters)
        *parameters,
        *((after.rank, after.due_at, after.id) if sort == "due" else (after.id,)),
    )
    next_page = None
    if len(rows) > limit:
        rows, last = rows[:limit], rows[limit - 1]
        next_page = CaseCursor(last["rank"], last["work_due_at"], last["id"])
    return [_summary(row) for row in rows], next_page


def _first(lane: _Lane, sort: Sort, matching: str, parameter_count: int, limit: int) -> str:
    """The SQL that reads the first cases after a place. It reads each unit on its own, and each rank on its own if the
    list is sorted by due time: so each part takes its rows from the index, however many units there are.

    The parameters of the place follow the first `parameter_count` ones.
    """
    columns, after_condition, ranks, ranked = lane.id, f"{lane.id} > ${parameter_count + 1}", "", ""
    if sort == "due":
        columns = f"{lane.table}.rank, {lane.table}.work_due_at, {lane.id}"
        after_condition = f"({columns}) > (${parameter_count + 1}, ${parameter_count + 2}, ${parameter_count + 3})"
        ranks = "CROSS JOIN unnest('{0,1}'::smallint[]) AS ranked (rank)"
        ranked = f"AND {lane.table}.rank = ranked.rank"
    source = lane.table
    if lane.table != "demand" and "demand." in matching:
        source += f" JOIN demand ON demand.id = {lane.id}"
    return f"""
        SELECT cases.* FROM unnest($1::text[]) AS looked_at (key) {ranks}
        CROSS JOIN LATERAL (
            SELECT {columns.replace(lane.id, f"{lane.id} AS id")} FROM {source}
            WHERE {lane.key} = looked_at.key {ranked} AND {lane.condition} AND {matching} AND {after_condition}
            ORDER BY {columns} LIMIT {limit + 1}
        ) AS cases
    """  # noqa: S608 (our own)


def _parameters(desk: Desk, name: List) -> list[Any]:
    keys = [desk.jurisdiction] if name is List.TRIAGE else list(desk.units)
    return [keys, desk.name, desk.now, desk.tomorrow_ends, desk.subject]


def _summary(row: asyncpg.Record) -> CaseSummary:
    demand = Demand.model_validate_json(row["state"])
    marks = {name: row[name] for name in ("urges", "supports", "has_new_words")}
    return CaseSummary.model_construct(**dict(demand), **marks)


async def counts(db: Connection, desk: Desk) -> dict[List, int]:
    """How many cases each list has, up to `COUNTED_UP_TO`."""
    row = await db.fetchrow(_COUNTING, *_parameters(desk, List.OPEN), desk.jurisdiction)
    assert row
    return {name: row[name] for name in List}


def _count_of(name: List) -> str:
    """The SQL that counts one list. A list that is chosen by due time names both ranks, because its index begins with
    them."""
    lane = _LANES[name]
    keys = "ARRAY[$6]" if name is List.TRIAGE else "$1::text[]"
    ranked = "demand.rank IN (0, 1) AND" if "work_due_at" in lane.condition else ""
    chosen = f"SELECT {lane.id} AS id FROM {lane.table} WHERE {lane.key} = ANY({keys}) AND {ranked} {lane.condition}"  # noqa: S608 (our own)
    if name is List.ASSISTING:  # a case has one row for each of the units that assist
        chosen = f"SELECT DISTINCT id FROM ({chosen} LIMIT {COUNTED_UP_TO} * cardinality($1::text[])) AS listed"  # noqa: S608 (our own)
    return f'(SELECT count(*) FROM ({chosen} LIMIT {COUNTED_UP_TO}) AS few) AS "{name}"'  # noqa: S608 (our own)


_COUNTING: Final = f"""
    SELECT {", ".join(map(_count_of, List))}
    WHERE $2::text IS NOT NULL AND $3::timestamptz IS NOT NULL AND $4::timestamptz IS NOT NULL AND $5::text IS NOT NULL
"""
