"""The web application around a service's routes: body limits, metrics, problem documents, and health."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any, Final

import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Response
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from prometheus_client import CONTENT_TYPE_LATEST

from shared.chassis.base import metrics
from shared.chassis.base.checks import Check
from shared.chassis.base.metric_declarations import exposition
from shared.chassis.http import problem_details
from shared.chassis.http.body_limit import BodyLimit, BodyLimits
from shared.chassis.http.error_format import as_routed
from shared.chassis.http.event_stream import is_event_stream
from shared.chassis.http.fast_path import FastPaths
from shared.chassis.http.head_requests import HeadRequests
from shared.chassis.http.openapi import REFUSALS, ApiText, document
from shared.chassis.http.problem_details import Nowhere
from shared.chassis.http.query_parameters import known_parameters
from shared.chassis.http.response_headers import AddedHeaders
from shared.chassis.http.slow_senders import TimedProtocol
from shared.chassis.http.swagger_page import swagger_page
from shared.chassis.http.traced_requests import TracedRequests
from shared.chassis.tracing import spans

WORDLESS: Final = ApiText()


def web_app(
    title: str,
    routers: Sequence[APIRouter],
    ready: Sequence[Check] = (),
    alive: Sequence[Check] = (),
    words: ApiText = WORDLESS,
    headers: Mapping[str, str] | None = None,
    nowhere: Nowhere | None = None,
) -> FastAPI:
    """A FastAPI application with the routers. `ready` and `alive` are checks, which return None or a text that says
    what is wrong. `headers` are headers of the probes' answers; `nowhere` makes the 404 page for browsers."""
    app = Web(
        routers,
        title=title,
        version="1",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # the redirect would copy the Host header of the request
        generate_unique_id_function=_function,
    )
    for router in routers:
        app.include_router(router, responses=REFUSALS, dependencies=[Depends(known_parameters)])
    app.include_router(health(ready, alive, headers))
    app.include_router(swagger_page(app))
    problem_details.install(app, nowhere)
    document(app, words)
    return app


_NONE: Final[TelemetryConfig] = {"tracing": False, "metrics": False, "logs": False}
"""FastAPI's own telemetry would record query strings, which hold secret codes, and the texts of faults."""


class Web(FastAPI):
    """FastAPI inside the middleware that every request passes. A fast path skips all of FastAPI's own layers except the
    one for faults: they would take 18 of its 62 microseconds."""

    def __init__(self, routers: Sequence[APIRouter], **options: Any) -> None:
        super().__init__(telemetry=_NONE, **options)
        self._routers = routers

    def build_middleware_stack(self) -> Any:
        """The application that the server calls, with all middleware."""
        # The outermost layer of FastAPI answers faults, including those of fast paths.
        faults: Any = super().build_middleware_stack()
        faults.app = FastPaths(faults.app, self._routers)
        limits, observed = BodyLimits.of(self._routers), Measured(faults)
        traced = TracedRequests(observed, limits.credentials) if spans.is_on() else observed
        return HeadRequests(AddedHeaders(BodyLimit(traced, limits, as_routed(self._routers))))


def _function(route: APIRoute) -> str:
    """The operation id, which is also the name of the method in generated clients."""
    return route.name


def health(ready: Sequence[Check], alive: Sequence[Check], headers: Mapping[str, str] | None = None) -> APIRouter:
    """`/livez` (the process must be restarted if it fails) and `/readyz` (requests may be sent if it succeeds)."""
    router = APIRouter(include_in_schema=False)

    async def answer(checks: Sequence[Check]) -> Response:
        problems = [words for check in checks if (words := await check())]
        return Response("\n".join(problems) or "ok", 503 if problems else 200, headers, media_type="text/plain")

    @router.get("/livez")
    async def livez() -> Response:
        return await answer(alive)

    @router.get("/readyz")
    async def readyz() -> Response:
        return await answer(ready)

    return router


def measures() -> APIRouter:
    """`/metrics`, for a port that only operators can reach."""
    router = APIRouter(include_in_schema=False)

    @router.get("/metrics")
    async def exposed() -> Response:
        return Response(exposition(), media_type=CONTENT_TYPE_LATEST)

    return router


class Measured:
    """Middleware that measures the duration of each request, by service, route and status."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status, ended = perf_counter(), 500, 0.0

        async def observed(message: Any) -> None:
            nonlocal status, ended
            if message["type"] == "http.response.start":
                status = message["status"]
                if is_event_stream(message):
                    ended = perf_counter()
            await send(message)

        try:
            await self.app(scope, receive, observed)
        finally:
            route = scope.get("route")
            kind = metrics.requests(_service(route), scope["method"], problem_details.route_of(scope), status)
            kind.observe((ended or perf_counter()) - started)


def _service(route: Any) -> str:
    """The service whose code answers: one process may serve the APIs of all services."""
    room, _, module_path = getattr(getattr(route, "endpoint", None), "__module__", "").partition(".")
    return module_path.partition(".")[0] if room == "services" else "none"


class Quiet(uvicorn.Server):
    """A server that leaves signal handling to the process."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Do nothing: uvicorn would handle SIGTERM here."""
        yield


def server(app: FastAPI, host: str, port: int) -> Quiet:
    """An HTTP server for `app`; port 0 takes a free port."""
    return Quiet(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_level="warning",
            access_log=False,
            http=TimedProtocol,
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=5,
            lifespan="off",
        )
    )
