"""The lists of a desk: what lies with a unit and what it must look at, each with its count."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import asyncpg
from fastapi import Query
from pydantic import Field

from shared.chassis.database.pool import Connection
from shared.chassis.http import pagination
from shared.contracts.demand.state import Demand

COUNTED_UP_TO: Final = 1000
"""Cases of a unit that are counted; where there are more, a count says `1000` and is to be read as "or more"."""


class List(StrEnum):
    """What a desk shows; each is a part of what is open."""

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
_OPEN: Final = "demand.status IN ('routed', 'accepted', 'in_progress', 'listed')"
_CONDITIONS: Final[Mapping[List, str]] = {
    List.OPEN: "true",
    List.MINE: "demand.state ? 'handler' AND demand.state ->> 'handler' = $2"
    " AND $5 IN ('', coalesce(demand.state ->> 'handler_subject', $5))",
    List.OVERDUE: "demand.work_due_at < $3",
    List.DUE_SOON: "demand.work_due_at >= $3 AND demand.work_due_at < $4",
    List.UNSIGNED: "demand.status = 'routed'",
    List.RETURNED: "demand.status = 'routed' AND demand.state ? 'returns'",
    List.REOPENED: "demand.state ? 'reopenings'",
    List.URGED: "attention.urges > 0",
    List.NEW_WORDS: "attention.words_at > moment(demand.state ->> 'updated_at')",
    List.PAUSED: "demand.state ? 'paused_at'",
}
"""Of the open cases of the units `$1`; `$2` is the person's name, `$3` now, `$4` the end of tomorrow,
`$5` what tells the person from others of that name, "" where nothing does.

What a state leaves out is 0, so `?` asks for more than that. Each is worded as the index of its list is.
"""
_ELSEWHERE: Final[Mapping[List, str]] = {
    List.ASSISTING: f"{_OPEN} AND demand.state -> 'assisting' ?| $1",
    List.TO_DECIDE: "demand.state ? 'extension' AND demand.state -> 'extension' ->> 'decider' = ANY($1)",
    List.ESCALATED: f"{_OPEN} AND demand.id IN (SELECT demand_id FROM attention WHERE escalated_to = ANY($1))",  # noqa: S608
    List.TRIAGE: "demand.status = 'triage' AND demand.state ->> 'jurisdiction' = $2",
}
"""Cases that are not the unit's own; of triage, `$2` is the jurisdiction."""
_TYPES: Final[Mapping[type, str]] = {list: "text[]", str: "text", datetime: "timestamptz"}
_WITH_ATTENTION: Final = "demand JOIN attention ON attention.demand_id = demand.id"


class CaseSummary(Demand):
    """A case as a list shows it."""

    urges: int = Field(0, description="how often the citizen asked to hurry")
    supports: int = Field(0, description="how many others have the same")
    has_new_words: bool = Field(False, description="the citizen said something since the last step")


@dataclass(frozen=True, slots=True)
class Desk:
    """Whose lists: the units that are looked at, the person, the jurisdiction, now, and the end of tomorrow there."""

    units: Sequence[str]
    name: str
    jurisdiction: str
    now: datetime
    tomorrow_ends: datetime
    subject: str = ""
    """What tells the person from others of that name."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to."""

    division: str | None = None
    category: str | None = None
    handler: str | None = None
    text: str | None = None
    """In the number or the title."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: behind the case with this rank, due time and id."""

    rank: int
    due_at: datetime
    id: UUID

    @classmethod
    def of(cls, cursor: bytes) -> "Place":
        """What `written` put into a cursor; raises `ValueError`."""
        rank, _, due_at = cursor[16:].decode("ascii").partition(" ")
        return cls(int(rank), datetime.fromisoformat(due_at), UUID(bytes=cursor[:16]))

    def written(self) -> str:
        """As a cursor."""
        return pagination.written(self.id.bytes + f"{self.rank} {self.due_at.isoformat()}".encode())


BEGINNING: Final = Place(-1, datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))
Cursor = Annotated[str, Query(max_length=120, description="`next` of the page before")]


def place_of(cursor: str) -> Place:
    """Where a cursor leads; raises `Refused`."""
    return pagination.read(cursor, Place.of) if cursor else BEGINNING


async def page(
    db: Connection, desk: Desk, name: List, sort: Sort, filters: Filters, after: Place, limit: int
) -> tuple[list[CaseSummary], Place | None]:
    """The cases of a list behind a place, and where the next page begins; None on the last one."""
    chosen = _scope(name, sort, limit)
    wanted, parameters = _filtered(filters, _parameters(desk, name))
    order = "demand.rank, demand.work_due_at, demand.id" if sort == "due" else "demand.id"
    behind = _behind(sort, len(parameters))
    rows = await db.fetch(
        f"""
        SELECT state::text, rank, work_due_at, id, coalesce(urges, 0) AS urges, coalesce(supports, 0) AS supports,
            coalesce(words_at > moment(state ->> 'updated_at'), false) AS has_new_words
        FROM (
            SELECT id FROM ({chosen.format(condition=wanted, behind=behind, order=order)}) AS demand
            ORDER BY {order} LIMIT {limit + 1}
        ) AS shown JOIN demand USING (id) LEFT JOIN attention ON attention.demand_id = id
        ORDER BY {order}
        """,  # noqa: S608 (parts of our own; what is asked for is in parameters)
        *parameters,
        *((after.rank, after.due_at, after.id) if sort == "due" else (after.id,)),
    )
    following = None
    if len(rows) > limit:
        rows, last = rows[:limit], rows[limit - 1]
        following = Place(last["rank"], last["work_due_at"], last["id"])
    return [_summary(row) for row in rows], following


def _scope(name: List, sort: Sort, limit: int) -> str:
    columns = "demand.id, demand.rank, demand.work_due_at"
    rest = f"AND {{condition}} AND {{behind}} ORDER BY {{order}} LIMIT {limit + 1}"
    if name in _ELSEWHERE:
        # OFFSET 0: what is looked for may be rare, so the index that knows it comes before the one that sorts.
        fence = "OFFSET 0" if name is List.ASSISTING else ""
        cases = f"(SELECT * FROM demand WHERE {_ELSEWHERE[name]} {fence}) AS demand"  # noqa: S608 (our own)
        return f"SELECT {columns} FROM {cases} WHERE true {rest}"  # noqa: S608 (our own)
    # Unit by unit and rank by rank, so that each takes its first cases from the index, however many units there are.
    ranks = "CROSS JOIN unnest('{{0,1}}'::smallint[]) AS ranked (rank)" if sort == "due" else ""
    ranked = "AND demand.rank = ranked.rank" if ranks else ""
    source = _WITH_ATTENTION if "attention" in _CONDITIONS[name] else "demand"
    own = f"demand.unit = looked_at.unit {ranked} AND {_OPEN} AND {_CONDITIONS[name]} {rest}"
    return f"""
        SELECT cases.* FROM unnest($1::text[]) AS looked_at (unit) {ranks}
        CROSS JOIN LATERAL (SELECT {columns} FROM {source} WHERE {own}) AS cases
    """  # noqa: S608 (our own)


def _parameters(desk: Desk, name: List) -> list[Any]:
    if name in _ELSEWHERE:
        return [list(desk.units), desk.jurisdiction]
    return [list(desk.units), desk.name, desk.now, desk.tomorrow_ends, desk.subject]


def _filtered(filters: Filters, parameters: list[Any]) -> tuple[str, list[Any]]:
    # Each known parameter is named once, since PostgreSQL wants to know the type of all.
    named = [f"${n}::{_TYPES[type(value)]} IS NOT NULL" for n, value in enumerate(parameters, start=1)]
    values = list(parameters)
    for field, condition in (
        (filters.division, "demand.state ->> 'division' = ${n}"),
        (filters.category, "demand.state ->> 'category' = ${n}"),
        (filters.handler, "demand.state ->> 'handler' = ${n}"),
        (filters.text, "strpos(lower(demand.number || ' ' || (demand.state ->> 'title')), lower(${n})) > 0"),
    ):
        if field:
            values.append(field)
            named.append(condition.format(n=len(values)))
    return " AND ".join(named), values


def _behind(sort: Sort, known: int) -> str:
    if sort == "age":
        return f"demand.id > ${known + 1}"
    return f"(demand.rank, demand.work_due_at, demand.id) > (${known + 1}, ${known + 2}, ${known + 3})"


def _summary(row: asyncpg.Record) -> CaseSummary:
    demand = Demand.model_validate_json(row["state"])
    marks = {name: row[name] for name in ("urges", "supports", "has_new_words")}
    return CaseSummary.model_construct(**dict(demand), **marks)


async def counts(db: Connection, desk: Desk) -> dict[List, int]:
    """How many cases each list has, up to `COUNTED_UP_TO`."""
    own, other = _parameters(desk, List.OPEN), _parameters(desk, List.ASSISTING)
    row = await db.fetchrow(_COUNTING, *own)
    assert row
    found = {name: row[name] for name in _CONDITIONS}
    for name, condition in _ELSEWHERE.items():
        found[name] = await db.fetchval(
            f"""
            SELECT count(*) FROM (
                SELECT FROM demand WHERE {condition} AND $1::text[] IS NOT NULL AND $2::text IS NOT NULL
                LIMIT {COUNTED_UP_TO}
            ) AS few
            """,  # noqa: S608 (conditions of our own)
            *other,
        )
    return found


def _count_of(name: List) -> str:
    """Counts one list; marks are looked for among the first open cases, what is due by rank, as the index has it."""
    ours = f"demand.unit = ANY($1::text[]) AND {_OPEN}"
    if "attention" in _CONDITIONS[name]:
        cases = f"(SELECT id, state FROM demand WHERE {ours} LIMIT {COUNTED_UP_TO}) AS demand"  # noqa: S608 (our own)
        chosen = f"SELECT FROM {cases} JOIN attention ON attention.demand_id = demand.id WHERE {_CONDITIONS[name]}"
    else:
        ranked = "demand.rank IN (0, 1) AND" if "work_due_at" in _CONDITIONS[name] else ""
        chosen = f"SELECT FROM demand WHERE {ours} AND {ranked} {_CONDITIONS[name]}"
    return f'(SELECT count(*) FROM ({chosen} LIMIT {COUNTED_UP_TO}) AS few) AS "{name}"'  # noqa: S608 (our own)


_COUNTING: Final = f"""
    SELECT {", ".join(map(_count_of, _CONDITIONS))}
    WHERE $2::text IS NOT NULL AND $3::timestamptz IS NOT NULL AND $4::timestamptz IS NOT NULL AND $5::text IS NOT NULL
"""
