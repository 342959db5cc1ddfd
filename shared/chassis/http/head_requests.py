"""Answers HEAD requests like GET, without the body. Rule: RFC 9110, 9.3.2."""

from collections.abc import Awaitable
from typing import Any


class HeadRequests:
    """Middleware, because routes declare only GET."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        response: Awaitable[None]
        if scope.get("method") != "HEAD":
            response = self.app(scope, receive, send)
            return response

        async def send_without_body(message: Any) -> None:
            await send(message | {"body": b""} if "body" in message else message)

        response = self.app(scope | {"method": "GET"}, receive, send_without_body)
        return response
