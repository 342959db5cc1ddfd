"""Limits the size of request bodies, reads a body whole, and gives a body that was read to the next layer again."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import ClientDisconnect

from shared.chassis.http.error_format import FormatRefusal, as_problem
from shared.contracts.refusals import Code, FieldError, Refused

MAX_BODY: Final = 1_048_576
"""The most bytes of a body in a request with credentials."""
ANONYMOUS: Final = 65_536
"""The most bytes of any other body: it is read and parsed before the request can be refused."""
CREDENTIALS: Final = ("Authorization",)
"""Headers that hold credentials, in addition to those that routers declare."""


@dataclass(frozen=True, slots=True)
class LargerBodies:
    """A larger limit in bytes for all paths that begin with `path`. With `header`, it holds only for requests with this
    header; `example` is an example of its value."""

    path: str
    size: int
    header: str | None = None
    example: str | None = None


class LimitedRouter(APIRouter):
    """A router that declares larger body limits, and headers that hold credentials."""

    def __init__(self, *larger: LargerBodies, credentials: Sequence[str] = (), **options: Any) -> None:
        super().__init__(**options)
        self.larger = larger
        self.credentials = tuple(credentials)


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """The body limits of an application: larger limits by path, and the headers of credentials (in small letters)."""

    larger: tuple[LargerBodies, ...] = ()
    credentials: tuple[bytes, ...] = tuple(name.lower().encode() for name in CREDENTIALS)

    @classmethod
    def of(cls, routers: Sequence[APIRouter]) -> "BodyLimits":
        """The limits that these routers declare."""
        declaring = [router for router in routers if isinstance(router, LimitedRouter)]
        names = (*CREDENTIALS, *(name for router in declaring for name in router.credentials))
        larger = tuple(larger for router in declaring for larger in router.larger)
        return cls(larger, tuple(dict.fromkeys(name.lower().encode() for name in names)))

    def at(self, path: str, headers: Mapping[bytes, bytes]) -> tuple[int, LargerBodies | None]:
        """The limit in bytes for a request, and the larger limit that needs a header which this request does not
        have."""
        usual = MAX_BODY if any(name in headers for name in self.credentials) else ANONYMOUS
        larger = next((larger for larger in self.larger if path.startswith(larger.path)), None)
        if larger is None:
            return usual, None
        if larger.header is None or larger.header.lower().encode() in headers:
            return larger.size, None
        return usual, larger


class BodyLimit:
    """Middleware that refuses a body over the limit of its path before it is read into memory, with or without
    `Content-Length`.

    A request that the client breaks off is dropped: half a form can look complete.
    """

    def __init__(self, app: Any, limits: BodyLimits, format_refusal: FormatRefusal = as_problem) -> None:
        self.app = app
        self.limits = limits
        self.format_refusal = format_refusal

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        with suppress(ClientDisconnect):
            await self._limited(scope, receive, send)

    async def _limited(self, scope: Any, receive: Any, send: Any) -> None:
        sent = dict(scope["headers"])
        limit, larger = self.limits.at(scope["path"], sent)
        announced = sent.get(b"content-length", b"")
        if announced.isdigit():
            # The server reads no more bytes than `Content-Length` says.
            fits = int(announced) <= limit
        else:
            body = await whole(receive, limit)
            fits = body is not None
            receive = replaying(body or b"", receive)
        answer = self.app if fits else self.format_refusal(_too_large(limit, larger), scope)
        await answer(scope, receive, send)


def _too_large(limit: int, larger: LargerBodies | None) -> Refused:
    if larger:
        name = str(larger.header)
        en = f"a body of this size needs a key in the header {name}"
        zh = f"内容较大，请在请求头 {name} 中提供密钥"
        return Refused(Code.UNAUTHENTICATED, en, zh, (FieldError(name, zh, en, larger.example),))
    en = f"the body may have at most {limit // 1024} KiB"
    en += "" if limit > ANONYMOUS else " without a key or token"
    zh = f"{'' if limit > ANONYMOUS else '未提供密钥或凭证时，'}内容不得超过 {limit // 1024} KiB"
    return Refused(Code.TOO_LARGE, en, zh, (FieldError("Content-Length", zh, en, str(limit)),))


async def whole(receive: Any, limit: float = inf) -> bytes | None:
    """Read the whole body; None as soon as it is over the limit. Raises `ClientDisconnect` if the client leaves."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False)
        if size > limit:
            return None
    return b"".join(parts)


def replaying(body: bytes, receive: Any) -> Callable[[], Awaitable[Any]]:
    """A `receive` that gives a body that was already read, and then the messages that follow."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Any:
        return waiting.pop() if waiting else await receive()

    return replay
