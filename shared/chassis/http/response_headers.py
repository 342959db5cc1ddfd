"""Lets the code that handles a request add headers to its response, even if the response becomes a refusal."""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Final

_ADDED: Final[ContextVar[dict[str, str] | None]] = ContextVar("added", default=None)


PRIVATE: Final = {"Cache-Control": "private, no-store"}
"""Headers of a response for one person: proxies and browsers must not store it."""


SAFE: Final = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin"))
"""Headers of every response: browsers must not guess media types, nor send our URLs, which may hold secret codes, to
other sites."""
OVER_TLS: Final = (b"strict-transport-security", b"max-age=31536000")


def add(headers: Mapping[str, str]) -> None:
    """Add headers to the response of the current request; does nothing outside of a request."""
    added = _ADDED.get()
    if added is not None:
        added.update(headers)


class AddedHeaders:
    """Middleware that adds the headers given to `add`, and the safety headers, to each response."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        added: dict[str, str] = {}

        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                more = [(name.lower().encode(), value.encode()) for name, value in added.items()]
                headers = [*message.get("headers", ()), *more]
                message = message | {"headers": [*headers, *_safe(scope, headers)]}
            await send(message)

        before = _ADDED.set(added)
        try:
            await self.app(scope, receive, send_with_headers)
        finally:
            _ADDED.reset(before)


def _safe(scope: Any, headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The safety headers that the response does not set itself."""
    names = {name for name, _ in headers}
    usual = (*SAFE, OVER_TLS) if _over_tls(scope) else SAFE
    return [header for header in usual if header[0] not in names]


def _over_tls(scope: Any) -> bool:
    """Whether the client uses TLS, to this server or to a proxy in front of it."""
    if scope.get("scheme") == "https":
        return True
    return any(name == b"x-forwarded-proto" and value == b"https" for name, value in scope.get("headers", ()))
