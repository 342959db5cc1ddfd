"""The span of a request that sends a `traceparent`: it joins that trace only after the caller was authenticated."""

from time import time_ns

from opentelemetry.trace import SpanKind

from shared.chassis.tracing import spans
from shared.chassis.tracing.spans import Span


class OfferedSpan(Span):
    """Begins in a trace of its own; `accept` replaces it by a span in the offered trace."""

    __slots__ = ("_beginning", "_offer")

    def __init__(self, traceparent: str, name: str, kind: SpanKind) -> None:
        span = spans.begin(name, kind)
        super().__init__(span.traceparent, span._recorded)
        self._offer: str | None = traceparent
        self._beginning = name, kind, time_ns()

    @property
    def passed_on(self) -> str | None:
        """The `traceparent` for requests to other services. Before `accept` it says "not sampled": the service that
        authenticates the caller must not record a span, because the right trace is not known yet."""
        return f"{self.traceparent[:-2]}00" if self.traceparent and self._offer else self.traceparent

    def accept(self) -> None:
        """Continue the offered trace."""
        if self._offer:
            (name, kind, at), offer, self._offer = self._beginning, self._offer, None
            span = spans.follow(offer, name, kind, {}, at)
            self.traceparent, self._recorded = span.traceparent, span._recorded

    def end(self) -> None:
        """End the span; a later `accept` has no effect."""
        self._offer = None
        super().end()
