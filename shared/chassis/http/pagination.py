"""Opaque cursors: where the next page of a list begins, also as a `Link` header. Rule: RFC 8288."""

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


def written(place: bytes) -> str:
    """The cursor that leads to a place."""
    return urlsafe_b64encode(place).decode().rstrip("=")


def read(cursor: str, place: Callable[[bytes], P]) -> P:
    """Where a cursor leads; `place` reads it, with a `ValueError` where that is none. Raises `Refused`."""
    try:
        return place(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        error = FieldError("after", "不是本接口给出的游标", "is no cursor: send `next` of the page before, unchanged")
        raise Refused(Code.INVALID, f"after: {error.en}", f"after：{error.zh}", (error,)) from None


class Moment(NamedTuple):
    """Where a page of a list in order of time goes on: behind what has this moment and this id."""

    at: datetime
    id: UUID

    @classmethod
    def of(cls, cursor: bytes) -> "Moment":
        """What `written` put into a cursor; raises `ValueError`."""
        return cls(datetime.fromisoformat(cursor[16:].decode("ascii")), UUID(bytes=cursor[:16]))

    def written(self) -> str:
        """As a cursor."""
        return written(self.id.bytes + self.at.isoformat().encode())


OLDEST: Final = Moment(datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))
"""Before the first page of a list from the oldest on."""
NEWEST: Final = Moment(datetime(9999, 1, 1, tzinfo=UTC), UUID(int=2**128 - 1))
"""Before the first page of a list from the newest on."""


def moment(cursor: str, beginning: Moment) -> Moment:
    """Where a cursor leads; the beginning where there is none. Raises `Refused`."""
    return read(cursor, Moment.of) if cursor else beginning


def link(cursor: str | None, request: Request, response: Response, **also: int) -> None:
    """Tell the next page in the Link header, where there is one; `also` goes into its address."""
    if cursor:
        url = request.url.include_query_params(after=cursor, **also)
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
