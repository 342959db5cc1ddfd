"""Lets what handles a request add headers to its answer, whatever the answer becomes."""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Final

_ADDED: Final[ContextVar[dict[str, str] | None]] = ContextVar("added", default=None)


PRIVATE: Final = {"Cache-Control": "private, no-store"}
"""For what is shown to one person: whoever passes it on must not keep it."""


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
                message = message | {"headers": [*message.get("headers", ()), *more]}
            await send(message)

        before = _ADDED.set(added)
        try:
            await self.app(scope, receive, tell)
        finally:
            _ADDED.reset(before)
