"""Cursors of lists in order of the demands' ids."""

from collections.abc import Sequence
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Query, Request, Response

from shared.chassis.http import pagination

Cursor = Annotated[str, Query(max_length=64, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200)]
R = TypeVar("R")


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
