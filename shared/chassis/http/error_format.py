"""Formats the refusals of middleware like those of the path's routes: as problem documents, pages or XML."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.routing import Match

from shared.chassis.http.problem_details import problem
from shared.contracts.refusals import Refused

FormatRefusal = Callable[[Refused, Any], Response]
"""Makes the response for a refusal of the request with this ASGI scope."""


class ErrorFormat(APIRoute):
    """A route with its own format for refusals; it applies to everything that is refused at its path."""

    looks_at_parameters: ClassVar[bool] = True
    """Whether the route itself refuses query parameters that it does not know."""

    @staticmethod
    def respond(refused: Refused, request: Request) -> Response:
        """The response for a refusal."""
        raise NotImplementedError


def as_problem(refused: Refused, scope: Any) -> Response:
    """The response as a problem document, the usual format."""
    return problem(refused, scope["path"])


def as_routed(routers: Sequence[APIRouter]) -> FormatRefusal:
    """Formats a refusal as the `ErrorFormat` route of the path does, for any method; else as a problem document.

    Only routes that are declared in `routers` directly count.
    """
    routes = [route for router in routers for route in router.routes if isinstance(route, ErrorFormat)]

    def respond(refused: Refused, scope: Any) -> Response:
        route = next((route for route in routes if route.matches(scope)[0] is not Match.NONE), None)
        return route.respond(refused, Request(scope)) if route else as_problem(refused, scope)

    return respond
