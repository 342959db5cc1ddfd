"""Spans: one for each hop of a trace, begun only where traces are sent and this one was chosen to be recorded.

Rules: W3C Trace Context (`traceparent`); OpenTelemetry's conventions for HTTP and messaging. A span has a name, times,
ids and codes. It never has an address as it was sent, a text, or the words of a fault: those may name a person.
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
    """One hop. `traceparent` is what the next hop continues, recorded or not; None where there is no trace."""

    __slots__ = ("_names", "_recorded", "traceparent")

    def __init__(self, traceparent: str | None = None, recorded: trace.Span | None = None) -> None:
        self.traceparent = traceparent
        self._recorded = recorded
        self._names: dict[str, str] = {}

    @property
    def is_recorded(self) -> bool:
        """Whether this process sends it; a trace that only passes through has a `traceparent` too."""
        return self._recorded is not None

    @property
    def passed_on(self) -> str | None:
        """The `traceparent` of a request to another service."""
        return self.traceparent

    def accept(self) -> None:
        """Whoever asks has shown who they are (`OfferedSpan`)."""

    def about(self, stream: str, key: UUID, subject: str) -> None:
        """Name the aggregate that this hop is about: its stream, its id, and what people call it by (empty where nobody
        knows it yet)."""
        if self._recorded:
            self._names[stream] = str(key)
            self.note(names(stream, key, subject))

    def note(self, attributes: Attributes) -> None:
        """Add attributes."""
        if self._recorded:
            self._recorded.set_attributes(attributes)

    def rename(self, name: str) -> None:
        """Another name than it began with."""
        if self._recorded:
            self._recorded.update_name(name)

    def fail(self, kind: str) -> None:
        """It failed; `kind` is a word for how, never the words of the fault."""
        if self._recorded:
            self._recorded.set_status(StatusCode.ERROR, kind)

    def end(self) -> None:
        """It is over. One that never ends is never sent."""
        if self._recorded:
            self._recorded.end()
            self._recorded = None


NO_SPAN: Final = Span()
_CURRENT: Final[ContextVar[Span]] = ContextVar("span", default=NO_SPAN)
_tracer: trace.Tracer | None = None


def turn_on(tracer: trace.Tracer | None) -> None:
    """Record spans with this tracer from now on; None: record none."""
    global _tracer
    _tracer = tracer


def is_on() -> bool:
    """Whether this process records spans."""
    return _tracer is not None


def current() -> Span:
    """The span of the request, or of the message, that is being worked on."""
    return _CURRENT.get()


def accept() -> None:
    """The credential of the request that is worked on is good: it goes on in the trace that it brings."""
    _CURRENT.get().accept()


@contextmanager
def at_work(span: Span) -> Iterator[Span]:
    """Make this the current span."""
    before = _CURRENT.set(span)
    try:
        yield span
    finally:
        _CURRENT.reset(before)


def begin(name: str, kind: SpanKind = SpanKind.INTERNAL) -> Span:
    """The first span of a new trace; `NO_SPAN` where there are none. Where the trace was not chosen, what follows hears
    so, and does not choose again."""
    return _recorded(name, kind, Context(), {}) if _tracer else NO_SPAN


def follow(parent: str | None, name: str, kind: SpanKind, attributes: Attributes, began: int | None = None) -> Span:
    """The span of the next hop of a trace; where it is not recorded, the trace passes through as it is. `began`: when,
    in nanoseconds of Unix time, where it is not now."""
    if parent is None:
        return NO_SPAN
    known = parse(parent) if _tracer else None
    if known is None or not known.is_sampled:
        return Span(parent)
    return _recorded(name, kind, _context(known), attributes, began)


def end(spans: Iterable[Span]) -> None:
    """What they did is durable."""
    for span in spans:
        span.end()


def _context(parent: TraceParent) -> Context:
    known = SpanContext(parent.trace_id, parent.span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return trace.set_span_in_context(NonRecordingSpan(known), Context())


def _recorded(name: str, kind: SpanKind, context: Context, attributes: Attributes, began: int | None = None) -> Span:
    assert _tracer
    span = _tracer.start_span(name, context, kind, attributes, start_time=began)
    own = span.get_span_context()
    if not own.is_valid:  # OTEL_SDK_DISABLED
        return NO_SPAN
    traceparent = f"00-{own.trace_id:032x}-{own.span_id:016x}-{own.trace_flags & TraceFlags.SAMPLED:02x}"
    return Span(traceparent, span if span.is_recording() else None)


def names(stream: str, key: UUID, subject: str) -> Attributes:
    """The attributes that name an aggregate."""
    return {f"huying.{stream}.id": str(key)} | ({f"huying.{stream}.number": subject} if subject else {})


def name_in_line(_: Any, __: str, line: Any) -> Any:
    """For structlog: name in a line of the log the trace that is at work, and what it is about."""
    span = _CURRENT.get()
    if span.traceparent and (known := parse(span.traceparent)):
        return {**span._names, "trace": f"{known.trace_id:032x}", **line}
    return line
