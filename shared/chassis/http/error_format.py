"""How a refusal is told to whom no route has seen yet: as the routes of that path tell theirs."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.routing import Match

from shared.chassis.http.problem_details import problem
from shared.contracts.refusals import Refused

Tell = Callable[[Refused, Any], Response]
"""The answer for a refusal of the request with this scope."""


class ErrorFormat(APIRoute):
    """A route whose refusals have a form of their own, and with it all that is refused at its path."""

    looks_at_parameters: ClassVar[bool] = True
    """Whether the route itself refuses query parameters that it does not know."""

    @staticmethod
    def tell(refused: Refused, request: Request) -> Response:
        """The answer for a refusal."""
        raise NotImplementedError


def as_problem(refused: Refused, scope: Any) -> Response:
    """As nearly every path tells it."""
    return problem(refused, scope["path"])


def as_routed(routers: Sequence[APIRouter]) -> Tell:
    """As the route of the path tells it, whatever the method, where it is declared in one of `routers` itself."""
    routes = [route for router in routers for route in router.routes if isinstance(route, ErrorFormat)]

    def tell(refused: Refused, scope: Any) -> Response:
        own = next((route for route in routes if route.matches(scope)[0] is not Match.NONE), None)
        return own.tell(refused, Request(scope)) if own else as_problem(refused, scope)

    return tell
