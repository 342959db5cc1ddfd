"""The SQL conditions of the demands that a figure counts; they must agree with `domain`, which decides for one
demand."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from services.reporting.figures.domain import COMPLETED, LEVELS, SATISFIED, UNKNOWN
from shared.contracts.demand.facts import RequestKind
from shared.contracts.demand.state import OWED, is_confidential

COLLECTED: Final = "collected"
DONE: Final = "completed"
OVERDUE: Final = "overdue"
_MARKS: Final = "returned|reopened|late|on-time|not-reached|on-the-spot|(?:first-)?(?:rating:[1-5]|rated|satisfied)"
NAMES: Final = rf"^(?:collected|completed|overdue|{_MARKS}|status:[a-z_/]{{1,40}})$"
OF_THE_PAST: Final = (COLLECTED, DONE)
"""The figures that can be read as of an evening in the past; all others are known only for now."""


@dataclass(frozen=True, slots=True)
class SqlCondition:
    """An SQL condition, with `$?` in the place of each value."""

    sql: str
    values: Sequence[object] = ()


_STANDING: Final = "CASE status WHEN 'closed' THEN 'closed/' || coalesce(state ->> 'outcome', 'None') ELSE status END"
_LATE: Final = "((state ->> 'resolved_at')::timestamptz > (state ->> 'due_at')::timestamptz) = $?"
# Compared as text first, which is cheap: of many open demands few are overdue.
_OVERDUE: Final = """
    status = ANY($?::text[]) AND (state ->> 'due_at') COLLATE "C" < $? AND (state ->> 'due_at')::timestamptz < $?
"""
_PLAIN: Final = {
    "returned": SqlCondition("(state ->> 'returns')::int > 0"),
    "reopened": SqlCondition("(state ->> 'reopenings')::int > 0"),
    "not-reached": SqlCondition("(state ->> 'calls')::int > 0"),
    "on-the-spot": SqlCondition("(state ->> 'on_the_spot')::boolean"),
    "late": SqlCondition(_LATE, (True,)),
    "on-time": SqlCondition(_LATE, (False,)),
}


_JUDGED: Final = {
    "rated": ("rating", LEVELS), "satisfied": ("rating", SATISFIED),
    "first-rated": ("first_rating", LEVELS), "first-satisfied": ("first_rating", SATISFIED),
}  # fmt: skip
"""For each figure of satisfaction: which verdict it counts, the last or the first one, and which ratings."""
_CONFIDENTIAL: Final = [str(kind) for kind in RequestKind if is_confidential(kind)]
# The default kind is not stored.
PUBLIC: Final = SqlCondition("coalesce(state ->> 'kind', '') <> ALL($?::text[])", (_CONFIDENTIAL,))
"""Holds for demands that are no reports (举报). Reports are counted, but most lists leave them out, because a list
would say something about them."""


def counts(counted: str, now: datetime) -> Sequence[SqlCondition]:
    """The conditions of a demand that this figure counts; `counted` is one of `NAMES`."""
    kind, _, name = counted.partition(":")
    match kind:
        case "collected":
            return ()
        case "completed":
            return (SqlCondition(f"{_STANDING} = ANY($?::text[])", (sorted(COMPLETED),)),)
        case "overdue":
            return (SqlCondition(_OVERDUE, (sorted(OWED), text(now + timedelta(seconds=1)), now)),)
        case "status":
            return (SqlCondition(f"{_STANDING} = $?", (name,)),)
        case "rating":
            return (SqlCondition("state ->> 'rating' = $?", (name,)),)
        case "first-rating":
            return (SqlCondition("state ->> 'first_rating' = $?", (name,)),)
        case _ if judged := _JUDGED.get(kind):
            verdict, levels = judged
            return (SqlCondition(f"state ->> '{verdict}' = ANY($?::text[])", (list(map(str, levels)),)),)
        case _:
            return (_PLAIN[kind],)


def text(at: datetime) -> str:
    """The moment as text, cut to the second: as text it sorts before every stored moment of that second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def counters(counted: str) -> Sequence[str]:
    """The counters of which at least one is not zero in a month in which the figure counts anything; empty if there are
    none of the kind."""
    match counted:
        case "collected":
            return ()
        case "completed":
            return [f"status:{status}" for status in sorted(COMPLETED)]
        case "overdue":
            return [f"status:{status}" for status in sorted(OWED)]
        case _ if judged := _JUDGED.get(counted):
            verdict, levels = judged
            return [f"{verdict.replace('_', '-')}:{level}" for level in levels]
        case _:
            return [counted]


# A demand is completed from its last resolution on, unless it was reopened after that. No other fact changes this.
_DONE_BY: Final = """
    (SELECT split_part(type, '.', 2) FROM fact
    WHERE demand_id = looked_at.id AND time < $? AND split_part(type, '.', 2) IN ('resolved', 'reopened')
    ORDER BY sequence DESC LIMIT 1) = $?
"""
# The n-th `demand.routed` names the n-th of its units.
_UNIT_BY: Final = """
    coalesce(state -> 'units' ->> (nullif((SELECT count(*) FROM fact
    WHERE demand_id = looked_at.id AND time < $? AND split_part(type, '.', 2) = 'routed'), 0) - 1)::int, $?) = $?
"""


def counted_by(counted: str, evening: datetime) -> Sequence[SqlCondition]:
    """The conditions of a demand that this figure counted on that evening; `counted` is one of `OF_THE_PAST`."""
    return (SqlCondition(_DONE_BY, (evening, "resolved")),) if counted == DONE else ()


def held_by(unit: str, evening: datetime) -> SqlCondition:
    """The condition that this unit was responsible for the demand on that evening."""
    return SqlCondition(_UNIT_BY, (evening, UNKNOWN, unit))


# After n corrections the category is the one at index n of `categories`; without corrections it is `category`.
_CATEGORY_BY: Final = """
    coalesce(CASE WHEN state ? 'categories' THEN state -> 'categories' ->> (SELECT count(*) FROM fact
    WHERE demand_id = looked_at.id AND time < $? AND split_part(type, '.', 2) = 'reclassified')::int
    ELSE state ->> 'category' END, $?) = ANY($?::text[])
"""


def about_by(categories: Sequence[str], evening: datetime) -> SqlCondition:
    """The condition that the demand had one of these categories on that evening."""
    return SqlCondition(_CATEGORY_BY, (evening, UNKNOWN, list(categories)))


def numbered(conditions: Sequence[SqlCondition], after: int) -> tuple[str, list[object]]:
    """The conditions joined by AND, with numbered parameters that begin after `after`, and the values of the
    parameters."""
    values = [value for condition in conditions for value in condition.values]
    places = iter(range(after + 1, after + 1 + len(values)))
    joined = " AND ".join(condition.sql for condition in conditions) or "true"
    return re.sub(r"\$\?", lambda _: f"${next(places)}", joined), values
