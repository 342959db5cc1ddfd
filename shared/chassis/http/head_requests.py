"""Answers HEAD as GET, without the body. Rule: RFC 9110, 9.3.2."""

from collections.abc import Awaitable
from typing import Any


class HeadRequests:
    """Routes declare GET alone."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        answering: Awaitable[None]
        if scope.get("method") != "HEAD":
            answering = self.app(scope, receive, send)
            return answering

        async def silent(message: Any) -> None:
            await send(message | {"body": b""} if "body" in message else message)

        answering = self.app(scope | {"method": "GET"}, receive, silent)
        return answering
