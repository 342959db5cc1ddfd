"""A way past the framework, for a route that is called far more often than all others."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from fastapi import APIRouter
from fastapi.routing import APIRoute

from shared.chassis.database.pool import PASSING
from shared.chassis.http import problem_details
from shared.chassis.http.body_limit import replaying, whole
from shared.contracts.refusals import Refused


class FastRequest(NamedTuple):
    """A request as it came; the names of headers are in small letters, and none came twice."""

    headers: Mapping[bytes, bytes]
    body: bytes

    def header(self, name: bytes) -> str:
        """What was sent under a name, without the space around it (RFC 9110, section 5.5); empty where nothing was."""
        return self.headers.get(name, b"").strip(b" \t").decode("latin-1")


class FastResponse(NamedTuple):
    """An answer as it goes; its length is added."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes


Answer = Callable[[FastRequest], Awaitable[FastResponse | None]]


class FastPath(APIRoute):
    """A route whose requests are shown to `answer` first; where that gives None, they go the usual way.

    `answer` is for requests that are as they should be. Whatever is unusual it leaves to the declared route, so that
    the refusals of a wrong input and the document of the API have one source.
    """

    answer: ClassVar[Any]


def fast_path(answer: Answer) -> type[FastPath]:
    """For `route_class_override=`."""
    return type("ShortCut", (FastPath,), {"answer": staticmethod(answer)})


class FastPaths:
    """Answers what has a short cut, and hands on all else; it stands behind the limit of bodies."""

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
            await problem_details.of_fault(fault, scope["path"], route.path)(scope, receive, send)
            return
        if reply is None:
            await self.app(scope, replaying(body, receive), send)
            return
        scope["route"] = route
        length = (b"content-length", b"%d" % len(reply.body))
        await send({"type": "http.response.start", "status": reply.status, "headers": [length, *reply.headers]})
        await send({"type": "http.response.body", "body": reply.body})
