"""Middleware that makes a span for each request, and continues the trace of an authenticated caller."""

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
    """Makes one span for each request, named by its method and its declared path.

    `credentials` are the names of headers (in small letters) with which other systems authenticate. If a request has
    one of them, its `traceparent` is kept, and is used once the credential was verified (`spans.accept`). Any other
    request starts a trace of its own: an unknown caller must not choose what is recorded, nor write into a trace of
    others.
    """

    def __init__(self, app: Any, credentials: Sequence[bytes]) -> None:
        self.app = app
        self.credentials = frozenset(credentials)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] in UNTRACED:
            await self.app(scope, receive, send)
            return
        span = self._begin_span(scope)
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

    def _begin_span(self, scope: Any) -> Span:
        traceparents = [value for name, value in scope["headers"] if name == TRACEPARENT]
        method: str = scope["method"]
        # A repeated `traceparent` must be ignored (W3C Trace Context, 3.2.1).
        if len(traceparents) == 1 and any(name in self.credentials for name, _ in scope["headers"]):
            parent = traceparents[0].decode("latin-1").strip(" \t")
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
