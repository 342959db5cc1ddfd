"""Answers HEAD as GET, without the body. Rule: RFC 9110, 9.3.2."""

from collections.abc import Awaitable
from typing import Any


class HeadRequests:
    """Routes declare GET alone."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        asked: Awaitable[None]
        if scope.get("method") != "HEAD":
            asked = self.app(scope, receive, send)
            return asked

        async def silent(message: Any) -> None:
            await send(message | {"body": b""} if "body" in message else message)

        asked = self.app(scope | {"method": "GET"}, receive, silent)
        return asked
