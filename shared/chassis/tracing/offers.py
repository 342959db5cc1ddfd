"""A request that brings a trace goes on in it once it has shown who it is; until then it is in a trace of its own."""

from time import time_ns

from opentelemetry.trace import SpanKind

from shared.chassis.tracing import spans
from shared.chassis.tracing.spans import Span


class OfferedSpan(Span):
    """The span of such a request. What it began with is never sent where the trace that was offered is taken."""

    __slots__ = ("_begun", "_offer")

    def __init__(self, traceparent: str, name: str, kind: SpanKind) -> None:
        own = spans.begin(name, kind)
        super().__init__(own.traceparent, own._recorded)
        self._offer: str | None = traceparent
        self._begun = name, kind, time_ns()

    @property
    def passed_on(self) -> str | None:
        """The service that is asked who this is records nothing: it is not known yet in which trace."""
        return f"{self.traceparent[:-2]}00" if self.traceparent and self._offer else self.traceparent

    def accept(self) -> None:
        """Take the trace that was offered."""
        if self._offer:
            (name, kind, at), offer, self._offer = self._begun, self._offer, None
            taken = spans.follow(offer, name, kind, {}, at)
            self.traceparent, self._recorded = taken.traceparent, taken._recorded

    def end(self) -> None:
        """It is over, and takes nothing any more."""
        self._offer = None
        super().end()
