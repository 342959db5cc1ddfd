"""Lets what handles a request add headers to its answer, whatever the answer becomes."""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Final

_ADDED: Final[ContextVar[dict[str, str] | None]] = ContextVar("added", default=None)


PRIVATE: Final = {"Cache-Control": "private, no-store"}
"""For what is shown to one person: whoever passes it on must not keep it."""


SAFE: Final = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin"))
"""With every answer: no guessing of kinds, and no addresses with secret codes told to others."""
OVER_TLS: Final = (b"strict-transport-security", b"max-age=31536000")


def add(headers: Mapping[str, str]) -> None:
    """Tell these with the answer, be it a refusal; outside of a request nobody is told."""
    added = _ADDED.get()
    if added is not None:
        added.update(headers)


class AddedHeaders:
    """Tells with each answer what was added while it was made."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        added: dict[str, str] = {}

        async def tell(message: Any) -> None:
            if message["type"] == "http.response.start":
                more = [(name.lower().encode(), value.encode()) for name, value in added.items()]
                own = [*message.get("headers", ()), *more]
                message = message | {"headers": [*own, *_safe(scope, own)]}
            await send(message)

        before = _ADDED.set(added)
        try:
            await self.app(scope, receive, tell)
        finally:
            _ADDED.reset(before)


def _safe(scope: Any, own: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The usual headers that the answer does not set itself."""
    names = {name for name, _ in own}
    usual = (*SAFE, OVER_TLS) if _over_tls(scope) else SAFE
    return [header for header in usual if header[0] not in names]


def _over_tls(scope: Any) -> bool:
    """Whether the client speaks TLS, with us or with a proxy before us."""
    if scope.get("scheme") == "https":
        return True
    return any(name == b"x-forwarded-proto" and value == b"https" for name, value in scope.get("headers", ()))
