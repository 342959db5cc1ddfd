"""Fast paths: answer a route that is called very often without FastAPI's own layers."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from fastapi import APIRouter
from fastapi.routing import APIRoute

from shared.chassis.database.pool import PASSING
from shared.chassis.http import problem_details
from shared.chassis.http.body_limit import replaying, whole
from shared.contracts.refusals import Refused


class FastRequest(NamedTuple):
    """A request. The names of headers are in small letters, and no header came twice."""

    headers: Mapping[bytes, bytes]
    body: bytes

    def header(self, name: bytes) -> str:
        """The value of a header without surrounding spaces (RFC 9110, section 5.5); empty if it is missing."""
        return self.headers.get(name, b"").strip(b" \t").decode("latin-1")


class FastResponse(NamedTuple):
    """A response; the header `Content-Length` is added to it."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes


Answer = Callable[[FastRequest], Awaitable[FastResponse | None]]


class FastPath(APIRoute):
    """A route whose requests go to `answer` first; if it returns None, the request goes through FastAPI as usual.

    `answer` handles only correct requests. It leaves all others to the declared route, so that validation errors and
    the OpenAPI document have one source.
    """

    answer: ClassVar[Any]


def fast_path(answer: Answer) -> type[FastPath]:
    """A route class with this fast path, for `route_class_override=`."""
    return type("ShortCut", (FastPath,), {"answer": staticmethod(answer)})


class FastPaths:
    """Middleware that answers requests of fast paths and passes on all others. The limit of bodies must be outside of
    it."""

    def __init__(self, app: Any, routers: Sequence[APIRouter]) -> None:
        routes = [route for router in routers for route in router.routes if isinstance(route, FastPath)]
        self.app = app
        self.routes = {(method, route.path): route for route in routes for method in route.methods or ()}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        route = self.routes.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        headers = dict(scope["headers"]) if route else {}
        if route is None or scope["query_string"] or len(headers) < len(scope["headers"]):
            await self.app(scope, receive, send)
            return
        body = await whole(receive) or b""
        try:
            reply = await route.answer(FastRequest(headers, body))
        except (Refused, *PASSING) as fault:
            scope["route"] = route
            await problem_details.problem_of(fault, scope["path"], route.path)(scope, receive, send)
            return
        if reply is None:
            await self.app(scope, replaying(body, receive), send)
            return
        scope["route"] = route
        length = (b"content-length", b"%d" % len(reply.body))
        await send({"type": "http.response.start", "status": reply.status, "headers": [length, *reply.headers]})
        await send({"type": "http.response.body", "body": reply.body})
