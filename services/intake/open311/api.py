"""The HTTP routes of GeoReport v2, under `/open311/`."""

from collections.abc import Iterable
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match

from services.intake.open311 import forms, services
from services.intake.open311.discovery import ServerDescription, discovery
from services.intake.open311.documents import Receipt, Redeemed, Service, ServiceRequest
from services.intake.open311.errors import Open311Route, unknown, wrong_method
from services.intake.open311.extensions import RequestUpdate, UpdateReceipt
from services.intake.open311.forms import NewRequest, NewUpdate
from services.intake.open311.handler import Open311Handler
from services.intake.open311.lookup import Open311Lookup
from services.intake.open311.query_params import AskedOne, AskedRequests, AskedUpdates
from services.intake.open311.rendering import Format, render, render_list
from services.intake.open311.repeated_params import AskingRoute
from services.intake.settings import MAX_ATTACHMENT
from shared.chassis.http.body_limit import MAX_BODY, LargerBodies, LimitedRouter
from shared.jurisdiction.pack import Pack

V2: Final = "/open311/v2"
LARGER: Final = LargerBodies(f"{V2}/", MAX_ATTACHMENT + MAX_BODY)
"""Larger bodies are allowed without a key in a header, because the key is a field of the form."""
_EITHER: Final[dict[str, Any]] = {"content": {"text/xml": {}, "application/json": {}}}
_WRONG: Final = _EITHER | {"description": "a list of `code` and `description`, one for each thing to change"}
READ: Final[dict[int | str, dict[str, Any]]] = {200: _EITHER, "4XX": _WRONG, "5XX": _WRONG}
WRITTEN: Final[dict[int | str, dict[str, Any]]] = {201: _EITHER, "4XX": _WRONG, "5XX": _WRONG}
EVERY_METHOD: Final = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
Id = Annotated[str, Path(max_length=64)]
IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=100)]


def open311(handler: Open311Handler, lookup: Open311Lookup, description: ServerDescription) -> APIRouter:
    """The routes, and an Open311 error for every other path."""
    router = LimitedRouter(LARGER, tags=["Open311"], route_class=Open311Route, default_response_class=Response)

    @router.get("/open311/discovery.{format}", responses=READ)
    async def discover_open311(format: Format) -> Response:
        """Where the API is and how to get a key."""
        return render(discovery(description), format)

    reading, writing = _reading(lookup), _writing(handler)
    served = [*router.routes, *reading.routes, *writing.routes]
    router.include_router(reading)
    router.include_router(writing)

    @router.api_route("/open311/{path:path}", methods=EVERY_METHOD, include_in_schema=False)
    async def elsewhere(path: str, request: Request) -> Response:
        if methods := _methods(served, request):
            return wrong_method(request, methods)
        raise unknown("path", path, "/open311/v2/services.json")

    return router


def _reading(lookup: Open311Lookup) -> APIRouter:
    router = APIRouter(prefix=V2, route_class=AskingRoute, responses=READ)

    def jurisdiction(jurisdiction_id: Annotated[str | None, Query(max_length=64)] = None) -> Pack:
        return services.jurisdiction(lookup.packs, jurisdiction_id)

    Here = Annotated[Pack, Depends(jurisdiction)]  # noqa: N806 (an alias of a type)

    @router.get("/services.{format}")
    async def list_services(format: Format, pack: Here) -> Response:
        """The services that can be requested."""
        return render_list(Service, services.services(pack), format)

    @router.get("/services/{service_code}.{format}")
    async def describe_service(service_code: Id, format: Format, pack: Here) -> Response:
        """The attributes of a service."""
        return render(services.definition(pack, services.category(pack, service_code)), format)

    @router.get("/requests.{format}")
    async def find_requests(format: Format, pack: Here, query: Annotated[AskedRequests, Query()]) -> Response:
        """Demands by number, or those that fit all filters: 90 days at most, 1,000 at most."""
        return render_list(ServiceRequest, await lookup.requests(pack, query), format)

    @router.get("/requests/{service_request_id}.{format}")
    async def get_request(
        service_request_id: Id, format: Format, pack: Here, query: Annotated[AskedOne, Query()]
    ) -> Response:
        """One demand."""
        return render_list(ServiceRequest, await lookup.request(pack, service_request_id, query.extensions), format)

    @router.get("/tokens/{token}.{format}")
    async def redeem_token(token: Id, format: Format, pack: Here) -> Response:
        """The number of a demand whose id is known; submissions are numbered at once and need no token."""
        number = await lookup.redeem(pack, _uuid(token) or token)
        return render_list(Redeemed, [Redeemed(service_request_id=number, token=token)], format)

    @router.get("/servicerequestupdates.{format}")
    async def find_request_updates(format: Format, pack: Here, query: Annotated[AskedUpdates, Query()]) -> Response:
        """How demands went on, within a window or by their numbers (mySociety's extension)."""
        return render_list(RequestUpdate, await lookup.updates(pack, query), format)

    return router


def _writing(desk: Open311Handler) -> APIRouter:
    router = APIRouter(prefix=V2, route_class=Open311Route, responses=WRITTEN)

    @router.post("/requests.{format}", status_code=201, openapi_extra=forms.documented(NewRequest))
    async def submit_request(format: Format, request: Request, key: IdempotencyKey = None) -> Response:
        """Take a demand in; a form with api_key, service_code, attribute[division] and what GeoReport names."""
        registered = await desk.submit(await forms.read(request, NewRequest), key)
        notice = f"已登记，请记下编号 {registered.number} / Registered; please keep the number {registered.number}"
        service_notice = f"{notice} {registered.enclosed.note}".strip()
        return render_list(
            Receipt, [Receipt(service_request_id=registered.number, service_notice=service_notice)], format, 201
        )

    @router.post("/servicerequestupdates.{format}", status_code=201, openapi_extra=forms.documented(NewUpdate))
    async def update_request(format: Format, request: Request) -> Response:
        """Take an update of the citizen in, each update_id once (mySociety's extension)."""
        posted = await forms.read(request, NewUpdate)
        await desk.supplement(posted)
        return render_list(UpdateReceipt, [UpdateReceipt(update_id=posted.update_id)], format, 201)

    return router


def _methods(served: Iterable[BaseRoute], request: Request) -> list[str]:
    """The methods that the path of a request has."""
    there = [
        route for route in served if isinstance(route, APIRoute) and route.matches(request.scope)[0] is not Match.NONE
    ]
    methods = {method for route in there for method in route.methods or ()}
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)


def _uuid(token: str) -> UUID | None:
    try:
        return UUID(token)
    except ValueError:
        return None
