"""Reads and writes the cursors of the lists of demands."""

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
        description="RFC 3339, with `+` written as `%2B`: demands that changed at this time or later by the clock of"
        " this server, and in the minute before, because a change becomes visible a little later. Use the time of your"
        " previous request: a demand may be returned twice, but none is missed",
    ),
]
Limit = Annotated[int, Query(ge=1, le=200)]
R = TypeVar("R")
_FIRST: Final = UUID(int=0)
LATE: Final = timedelta(minutes=1)
"""A change is stamped within its transaction and can be read only after the commit: at most so much later."""


def cut(rows: Sequence[R], limit: int) -> tuple[Sequence[R], R | None]:
    """The first `limit` rows, and the last of these if `rows` holds more: then another page follows."""
    page = rows[:limit]
    return page, page[-1] if len(rows) > limit else None


def link(last: UUID | None, limit: int, request: Request, response: Response) -> str | None:
    """The cursor of the page after the demand `last`, also set as the `Link` header; None if there is no next page."""
    cursor = pagination.cursor_of(last.bytes) if last else None
    pagination.link(cursor, request, response, limit=limit)
    return cursor


def read(cursor: str) -> UUID | None:
    """The id of a demand in a cursor; None for the first page. Raises `Refused` for a cursor that cannot be read."""
    return pagination.read(cursor, lambda place: UUID(bytes=place)) if cursor else None


def changes_after(since: datetime, cursor: str) -> Moment:
    """After which change a list in order of changes begins: the cursor, or for the first page the moment `since`,
    earlier by the time that a commit may take (`LATE`)."""
    beginning = min(max(since, OLDEST.at), NEWEST.at).astimezone(UTC) - LATE
    return moment(cursor, Moment(beginning, _FIRST))
