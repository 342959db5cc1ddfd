"""The bodies of requests: how large they may be, read whole, and shown once more."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import ClientDisconnect

from shared.chassis.http.error_format import Tell, as_problem
from shared.contracts.refusals import Code, FieldError, Refused

MAX_BODY: Final = 1_048_576
"""Bytes of a body of somebody who says who they are."""
ANONYMOUS: Final = 65_536
"""Bytes of any other body: it is read and parsed before anybody is refused."""
CREDENTIALS: Final = ("Authorization",)
"""Headers that say who asks, beside those that routers declare."""


@dataclass(frozen=True, slots=True)
class LargerBodies:
    """How many bytes a body may have at every path that begins so; with `header`, for whoever shows this header, of
    which `example` is one."""

    path: str
    size: int
    header: str | None = None
    example: str | None = None


class LimitedRouter(APIRouter):
    """A router that says where its routes take larger bodies, and which of their headers say who asks."""

    def __init__(self, *larger: LargerBodies, credentials: Sequence[str] = (), **options: Any) -> None:
        super().__init__(**options)
        self.larger = larger
        self.credentials = tuple(credentials)


@dataclass(frozen=True, slots=True)
class Limits:
    """How large bodies may be: where larger ones are taken, and the headers (in small letters) that say who asks."""

    larger: tuple[LargerBodies, ...] = ()
    credentials: tuple[bytes, ...] = tuple(name.lower().encode() for name in CREDENTIALS)

    @classmethod
    def of(cls, routers: Sequence[APIRouter]) -> "Limits":
        """What these routers declare."""
        declaring = [router for router in routers if isinstance(router, LimitedRouter)]
        names = (*CREDENTIALS, *(name for router in declaring for name in router.credentials))
        larger = tuple(larger for router in declaring for larger in router.larger)
        return cls(larger, tuple(dict.fromkeys(name.lower().encode() for name in names)))

    def at(self, path: str, headers: Mapping[bytes, bytes]) -> tuple[int, LargerBodies | None]:
        """How large a body may be here, and what it might be with another header."""
        usual = MAX_BODY if any(name in headers for name in self.credentials) else ANONYMOUS
        larger = next((larger for larger in self.larger if path.startswith(larger.path)), None)
        if larger is None:
            return usual, None
        if larger.header is None or larger.header.lower().encode() in headers:
            return larger.size, None
        return usual, larger


class BodyLimit:
    """Refuses a body over the limit of its path, announced or not, before it is read into memory.

    What the client broke off reaches nobody: half a form looks whole.
    """

    def __init__(self, app: Any, limits: Limits, tell: Tell = as_problem) -> None:
        self.app = app
        self.limits = limits
        self.tell = tell

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
            # The server reads no more than was announced.
            fits = int(announced) <= limit
        else:
            body = await whole(receive, limit)
            fits = body is not None
            receive = replaying(body or b"", receive)
        answer = self.app if fits else self.tell(_too_large(limit, larger), scope)
        await answer(scope, receive, send)


def _too_large(limit: int, larger: LargerBodies | None) -> Refused:
    if larger:
        name = str(larger.header)
        en = f"a body of this size needs a key in the header {name}"
        zh = f"内容较大，请在请求头 {name} 中提供密钥"
        return Refused(Code.UNAUTHENTICATED, en, zh, (FieldError(name, zh, en, larger.example),))
    en = f"a body may have {limit // 1024} KiB at most"
    en += "" if limit > ANONYMOUS else " without a key or token"
    zh = f"{'' if limit > ANONYMOUS else '未提供密钥或凭证时，'}内容不得超过 {limit // 1024} KiB"
    return Refused(Code.TOO_LARGE, en, zh, (FieldError("Content-Length", zh, en, str(limit)),))


async def whole(receive: Any, limit: float = inf) -> bytes | None:
    """The body; None as soon as it is over the limit. Raises `ClientDisconnect` when it breaks off."""
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
    """Gives a body that was read once more, and then whatever comes."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Any:
        return waiting.pop() if waiting else await receive()

    return replay
