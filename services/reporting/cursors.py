"""Opaque cursors of a list in order of time: where its next page begins, also as a `Link` header. Rule: RFC 8288."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query, Request, Response

from shared.contracts.refusals import Code, FieldError, Refused

Cursor = Annotated[str, Query(max_length=96, description="`next` of the page before")]
_ID: Final = 16


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a list goes on: behind this moment (UTC text, as it is stored) and this demand."""

    at: str
    id: UUID


BEGINNING: Final = Spot("9999", UUID(int=2**128 - 1))
"""Newest first: before everything."""


def written(spot: Spot | None) -> str | None:
    """The cursor that leads there."""
    return urlsafe_b64encode(spot.id.bytes + spot.at.encode()).decode().rstrip("=") if spot else None


def read(cursor: str) -> Spot:
    """Where a cursor leads; the beginning where there is none."""
    if not cursor:
        return BEGINNING
    try:
        told = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return Spot(told[_ID:].decode("ascii").replace("\0", ""), UUID(bytes=told[:_ID]))
    except ValueError:
        error = FieldError("after", "不是本接口给出的游标", "is no cursor: send `next` of the page before, unchanged")
        raise Refused(Code.INVALID, f"after: {error.en}", f"after：{error.zh}", (error,)) from None


def link(cursor: str | None, request: Request, response: Response) -> None:
    """Tell the next page in the Link header too."""
    if cursor:
        url = request.url.include_query_params(after=cursor)
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
