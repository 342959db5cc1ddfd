"""Cursors of lists in order of the demands' ids."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, TypeVar
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import AwareDatetime

from shared.chassis.http import pagination
from shared.chassis.http.pagination import NEWEST, OLDEST, Moment, moment

Cursor = Annotated[str, Query(max_length=100, description="`next` of the page before")]
UpdatedSince = Annotated[
    AwareDatetime | None,
    Query(
        examples=["2021-05-10T10:00:00Z"],
        description="RFC 3339, with `+` written as `%2B`: what changed at this moment or later, as this server noticed"
        " it, and in the minute before, since a change is seen a little after its moment. The moment at which you last"
        " began to ask will do: a demand is told twice rather than missed",
    ),
]
Limit = Annotated[int, Query(ge=1, le=200)]
R = TypeVar("R")
_FIRST: Final = UUID(int=0)
LATE: Final = timedelta(minutes=1)
"""A change has its moment when its transaction begins to number, and is seen when that is committed: so much later at
most."""


def cut(rows: Sequence[R], limit: int) -> tuple[Sequence[R], R | None]:
    """The rows of a page, of one more than it may hold; and the last of them where another page follows."""
    page = rows[:limit]
    return page, page[-1] if len(rows) > limit else None


def link(last: UUID | None, limit: int, request: Request, response: Response) -> str | None:
    """The cursor after `last`, told in the Link header too; None when there is no next page."""
    cursor = pagination.written(last.bytes) if last else None
    pagination.link(cursor, request, response, limit=limit)
    return cursor


def read(cursor: str) -> UUID | None:
    """The row behind a cursor; None at the first page."""
    return pagination.read(cursor, lambda place: UUID(bytes=place)) if cursor else None


def changes_after(since: datetime, cursor: str) -> Moment:
    """Behind what a list in order of changes goes on: the cursor, or everything that was seen before the moment."""
    beginning = min(max(since, OLDEST.at), NEWEST.at).astimezone(UTC) - LATE
    return moment(cursor, Moment(beginning, _FIRST))
