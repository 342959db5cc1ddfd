"""The filters of a desk's lists, and the SQL conditions that they become."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

NAMED: Final = (
    "(strpos(lower(concat_ws(' ', demand.number, demand.state ->> 'external_id', demand.state ->> 'title')),"
    " lower(${words})) > 0 OR demand.division = ANY(${places}::text[]))"
)
"""The SQL condition of a search: the parameter `words` is in the numbers or title, or the case lies in one of
`places`."""
_TYPES: Final[Mapping[type, str]] = {list: "text[]", str: "text", datetime: "timestamptz"}


class TimeRange(NamedTuple):
    """From a moment until before another one; None where it has no such end."""

    since: datetime | None = None
    until: datetime | None = None


ANY_TIME: Final = TimeRange()


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of a list."""

    division: str | None = None
    category: str | None = None
    handler: str | None = None
    text: str | None = None
    """A text in a number or the title."""
    places: Sequence[str] = ()
    """Divisions whose names contain `text`: a case in one of them is found too."""
    raised: TimeRange = ANY_TIME
    due: TimeRange = ANY_TIME


def conditions_of(filters: Filters, parameters: list[Any]) -> tuple[str, list[Any]]:
    """The SQL condition of these filters, and the parameters of the whole statement: `parameters`, then its own."""
    # Each parameter is used once here, because PostgreSQL must know the type of every parameter.
    conditions = [f"${n}::{_TYPES[type(value)]} IS NOT NULL" for n, value in enumerate(parameters, start=1)]
    values = list(parameters)
    for field, condition in (
        (filters.division, "demand.division = ${n}"),
        (filters.category, "demand.category = ${n}"),
        (filters.handler, "demand.handler = ${n}"),
        (filters.raised.since, "moment(demand.state ->> 'submitted_at') >= ${n}"),
        (filters.raised.until, "moment(demand.state ->> 'submitted_at') < ${n}"),
        (filters.due.since, "moment(demand.state ->> 'due_at') >= ${n}"),
        (filters.due.until, "moment(demand.state ->> 'due_at') < ${n}"),
    ):
        if field:
            values.append(field)
            conditions.append(condition.format(n=len(values)))
    if filters.text:
        values += [filters.text, list(filters.places)]
        conditions.append(NAMED.format(words=len(values) - 1, places=len(values)))
    return " AND ".join(conditions), values
