"""A way past the framework, for a route that is called far more often than all others."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from shared.chassis import problems
from shared.chassis.database import PASSING
from shared.contracts.refusals import Refused

Answer = Callable[[Request], Awaitable[Response | None]]


class ShortCut(APIRoute):
    """A route whose requests are shown to `answer` first; where that gives None, they go the usual way.

    `answer` is for requests that are as they should be. Whatever is unusual it leaves to the declared route, so that
    the refusals of a wrong input and the document of the API have one source.
    """

    answer: ClassVar[Any]


def short_cut(answer: Answer) -> type[ShortCut]:
    """For `route_class_override=`."""
    return type("ShortCut", (ShortCut,), {"answer": staticmethod(answer)})


class ShortCuts:
    """Answers what has a short cut, and hands on all else."""

    def __init__(self, app: Any, routers: Sequence[APIRouter]) -> None:
        routes = [route for router in routers for route in router.routes if isinstance(route, ShortCut)]
        self.app = app
        self.routes = {(method, route.path): route for route in routes for method in route.methods or ()}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        route = self.routes.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if route is None:
            await self.app(scope, receive, send)
            return
        asked = Request(scope, receive)
        try:
            answer = await route.answer(asked)
        except (Refused, *PASSING) as fault:
            answer = problems.of_fault(fault, scope["path"], route.path)
        if answer is None:
            await self.app(scope, replaying(await asked.body(), receive), send)
        else:
            scope["route"] = route
            await answer(scope, receive, send)


def replaying(body: bytes, receive: Any) -> Callable[[], Awaitable[Any]]:
    """Gives a body that was read once more, and then whatever comes."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Any:
        return waiting.pop() if waiting else await receive()

    return replay
