"""Pagination by opaque cursors, which are also sent in a `Link` header. Rule: RFC 8288."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Final, NamedTuple, TypeVar
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel, Field, WithJsonSchema
from pydantic.config import JsonDict

from shared.contracts.refusals import Code, FieldError, Refused

P = TypeVar("P")


def _without_default(schema: JsonDict) -> None:
    schema.pop("default", None)


class Page(BaseModel):
    """A page of a list; `next` is absent on the last one, so that a client may go on for as long as it is there."""

    next: Annotated[str | None, WithJsonSchema({"type": "string"})] = Field(
        None,
        exclude_if=lambda cursor: cursor is None,
        description="cursor of the next page, absent on the last; also in the Link header",
        json_schema_extra=_without_default,
    )


def cursor_of(position: bytes) -> str:
    """Encode a position in a list as a cursor."""
    return urlsafe_b64encode(position).decode().rstrip("=")


def read(cursor: str, parse: Callable[[bytes], P]) -> P:
    """The position that a cursor holds. `parse` raises `ValueError` for a wrong one; then this raises `Refused`."""
    try:
        return parse(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        error = FieldError(
            "after",
            "不是本接口给出的游标，请原样使用上一页的 next（事件接口为 cursor）",
            "is not a cursor: send the `next` of the previous page unchanged (of events: the `cursor`)",
        )
        raise Refused(Code.INVALID, f"after: {error.en}", f"after：{error.zh}", (error,)) from None


class Moment(NamedTuple):
    """A position in a list that is sorted by time and id: the page begins after the row with this time and id."""

    at: datetime
    id: UUID

    @classmethod
    def of(cls, cursor: bytes) -> "Moment":
        """Decode the bytes of a cursor; raises `ValueError`."""
        return cls(datetime.fromisoformat(cursor[16:].decode("ascii")), UUID(bytes=cursor[:16]))

    def as_cursor(self) -> str:
        """Encode this position as a cursor."""
        return cursor_of(self.id.bytes + self.at.isoformat().encode())


OLDEST: Final = Moment(datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))
"""The beginning of a list that is sorted from the oldest to the newest."""
NEWEST: Final = Moment(datetime(9999, 1, 1, tzinfo=UTC), UUID(int=2**128 - 1))
"""The beginning of a list that is sorted from the newest to the oldest."""


def moment(cursor: str, beginning: Moment) -> Moment:
    """The position of a cursor; `beginning` if the cursor is empty. Raises `Refused`."""
    return read(cursor, Moment.of) if cursor else beginning


def link(cursor: str | None, request: Request, response: Response, **also: int) -> None:
    """Set the Link header to the next page if there is a cursor; `also` are further query parameters of its URL."""
    if cursor:
        url = request.url.include_query_params(after=cursor, **also)
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
