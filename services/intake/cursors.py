"""Opaque cursors: where the next page of a list begins, also as a `Link` header. Rule: RFC 8288."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from shared.contracts.refusals import Code, FieldError, Refused

Cursor = Annotated[str, Query(max_length=64, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200)]


def link(last: UUID | None, limit: int, request: Request, response: Response) -> str | None:
    """The cursor after `last`, told in the Link header too; None when there is no next page."""
    if last is None:
        return None
    cursor = urlsafe_b64encode(last.bytes).decode().rstrip("=")
    url = request.url.include_query_params(after=cursor, limit=limit)
    response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    return cursor


def read(cursor: str) -> UUID | None:
    """The row behind a cursor; None at the first page."""
    if not cursor:
        return None
    try:
        return UUID(bytes=urlsafe_b64decode(cursor + "=="))
    except ValueError:
        error = FieldError("after", "不是本接口给出的游标", "is no cursor: send `next` of the page before, unchanged")
        raise Refused(Code.INVALID, f"after: {error.en}", error.zh, (error,)) from None
