"""Spans: one for each hop of a trace, if this process sends traces and the trace is sampled.

Rules: W3C Trace Context (`traceparent`); OpenTelemetry's conventions for HTTP and messaging. A span has a name, times,
ids and codes. It never has the URL of a request, a text, or the message of a fault: those may name a person.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final
from uuid import UUID

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, StatusCode, TraceFlags

from shared.contracts.trace_context import TraceParent, parse

Attributes = Mapping[str, str | int]


class Span:
    """One hop of a trace. `traceparent` is for the next hop, even if this span is not recorded; None: no trace."""

    __slots__ = ("_names", "_recorded", "traceparent")

    def __init__(self, traceparent: str | None = None, recorded: trace.Span | None = None) -> None:
        self.traceparent = traceparent
        self._recorded = recorded
        self._names: dict[str, str] = {}

    @property
    def is_recorded(self) -> bool:
        """Whether this process records and sends the span; a trace that is not recorded has a `traceparent` too."""
        return self._recorded is not None

    @property
    def passed_on(self) -> str | None:
        """The `traceparent` for requests to other services."""
        return self.traceparent

    def accept(self) -> None:
        """Note that the caller of the request was authenticated; only `OfferedSpan` uses it."""

    def about(self, stream: str, key: UUID, subject: str) -> None:
        """Name the aggregate of this hop: its stream, its id, and its number for people (empty if it has none yet)."""
        if self._recorded:
            self._names[stream] = str(key)
            self.note(names(stream, key, subject))

    def note(self, attributes: Attributes) -> None:
        """Add attributes."""
        if self._recorded:
            self._recorded.set_attributes(attributes)

    def rename(self, name: str) -> None:
        """Change the name of the span."""
        if self._recorded:
            self._recorded.update_name(name)

    def fail(self, kind: str) -> None:
        """Mark the span as failed; `kind` is a code, never the message of the fault."""
        if self._recorded:
            self._recorded.set_status(StatusCode.ERROR, kind)

    def end(self) -> None:
        """End the span; a span that never ends is never sent."""
        if self._recorded:
            self._recorded.end()
            self._recorded = None


NO_SPAN: Final = Span()
_CURRENT: Final[ContextVar[Span]] = ContextVar("span", default=NO_SPAN)
_tracer: trace.Tracer | None = None


def set_tracer(tracer: trace.Tracer | None) -> None:
    """Record spans with this tracer from now on; None: record no spans."""
    global _tracer
    _tracer = tracer


def is_on() -> bool:
    """Whether this process records spans."""
    return _tracer is not None


def current() -> Span:
    """The span of the request or message that is handled now."""
    return _CURRENT.get()


def accept() -> None:
    """Call this when the credential of the current request is valid: its span joins the trace that the caller sent."""
    _CURRENT.get().accept()


@contextmanager
def at_work(span: Span) -> Iterator[Span]:
    """Make this the current span inside the `with` block."""
    before = _CURRENT.set(span)
    try:
        yield span
    finally:
        _CURRENT.reset(before)


def begin(name: str, kind: SpanKind = SpanKind.INTERNAL) -> Span:
    """The first span of a new trace; `NO_SPAN` if this process sends no traces. If the trace is not sampled, its
    `traceparent` says so to all later hops."""
    return _recorded(name, kind, Context(), {}) if _tracer else NO_SPAN


def follow(parent: str | None, name: str, kind: SpanKind, attributes: Attributes, began: int | None = None) -> Span:
    """The span of the next hop of a trace. If it is not recorded, it passes on `parent` unchanged. `began`: its start
    in nanoseconds of Unix time, if not now."""
    if parent is None:
        return NO_SPAN
    trace_parent = parse(parent) if _tracer else None
    if trace_parent is None or not trace_parent.is_sampled:
        return Span(parent)
    return _recorded(name, kind, _context(trace_parent), attributes, began)


def end(spans: Iterable[Span]) -> None:
    """End spans, when the work of their hops is durable."""
    for span in spans:
        span.end()


def _context(parent: TraceParent) -> Context:
    remote = SpanContext(parent.trace_id, parent.span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return trace.set_span_in_context(NonRecordingSpan(remote), Context())


def _recorded(name: str, kind: SpanKind, context: Context, attributes: Attributes, began: int | None = None) -> Span:
    assert _tracer
    span = _tracer.start_span(name, context, kind, attributes, start_time=began)
    own_context = span.get_span_context()
    if not own_context.is_valid:  # OTEL_SDK_DISABLED
        return NO_SPAN
    traceparent = (
        f"00-{own_context.trace_id:032x}-{own_context.span_id:016x}-{own_context.trace_flags & TraceFlags.SAMPLED:02x}"
    )
    return Span(traceparent, span if span.is_recording() else None)


def names(stream: str, key: UUID, subject: str) -> Attributes:
    """The attributes that name an aggregate."""
    return {f"huying.{stream}.id": str(key)} | ({f"huying.{stream}.number": subject} if subject else {})


def name_in_line(_: Any, __: str, line: Any) -> Any:
    """A structlog processor: adds the current trace and its aggregate to a log line."""
    span = _CURRENT.get()
    if span.traceparent and (trace_parent := parse(span.traceparent)):
        return {**span._names, "trace": f"{trace_parent.trace_id:032x}", **line}
    return line
