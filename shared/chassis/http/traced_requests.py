"""Begins the span of a request, and continues the trace of whoever shows who they are."""

from collections.abc import Sequence
from typing import Any, Final

from opentelemetry.trace import SpanKind

from shared.chassis.http import problem_details
from shared.chassis.http.event_stream import is_event_stream
from shared.chassis.tracing import spans
from shared.chassis.tracing.offers import OfferedSpan
from shared.chassis.tracing.spans import Span
from shared.contracts.trace_context import parse

UNTRACED: Final = frozenset({"/livez", "/readyz", "/metrics"})
TRACEPARENT: Final = b"traceparent"


class TracedRequests:
    """One span for each request, named by its method and its declared path.

    A `traceparent` that is sent is an offer where the request has one of the headers `credentials` (in small letters),
    by which other systems say who they are; it is continued when that credential was found to be good
    (`spans.accept`). Any other request is in a trace of its own: whoever is unknown neither chooses what is recorded
    nor writes into another's trace.
    """

    def __init__(self, app: Any, credentials: Sequence[bytes]) -> None:
        self.app = app
        self.credentials = frozenset(credentials)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] in UNTRACED:
            await self.app(scope, receive, send)
            return
        span = self._begun(scope)
        status = 500

        async def observed(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if is_event_stream(message):
                    _end(span, scope, status)
            await send(message)

        with spans.at_work(span):
            try:
                await self.app(scope, receive, observed)
            finally:
                _end(span, scope, status)

    def _begun(self, scope: Any) -> Span:
        given = [value for name, value in scope["headers"] if name == TRACEPARENT]
        method: str = scope["method"]
        # More than one is none (W3C Trace Context, 3.2.1).
        if len(given) == 1 and any(name in self.credentials for name, _ in scope["headers"]):
            parent = given[0].decode("latin-1").strip(" \t")
            if parse(parent):
                return OfferedSpan(parent, method, SpanKind.SERVER)
        return spans.begin(method, SpanKind.SERVER)


def _end(span: Span, scope: Any, status: int) -> None:
    method, route = scope["method"], problem_details.route_of(scope)
    span.rename(f"{method} {route}")
    span.note({"http.request.method": method, "http.route": route, "http.response.status_code": status})
    if status >= 500:
        span.fail(str(status))
    span.end()
