"""Makes the spans of a fact's hops: relayed, handled by a service, followed by a timer or a message."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from opentelemetry.trace import SpanKind

from shared.chassis.tracing import spans
from shared.chassis.tracing.spans import NO_SPAN, Span
from shared.contracts.envelope import Envelope, unversioned

RECENT: Final = timedelta(days=1)
"""The age up to which a fact's trace is continued. Older facts are read when a journal or a topic is replayed, and
their traces are finished."""


def relayed(facts: Sequence[Envelope], now: datetime) -> tuple[Sequence[Envelope], Sequence[Span]]:
    """The facts with the `traceparent` of their new relay spans, and these spans, which the caller must end."""
    if not spans.is_on():
        return facts, ()
    sent, open_spans = [], []
    for fact in facts:
        if fact.traceparent and now - fact.time < RECENT:
            span = spans.follow(
                fact.traceparent,
                f"relay {unversioned(fact.type)}",
                SpanKind.PRODUCER,
                spans.names(fact.stream, fact.key, fact.subject),
            )
            if span.is_recorded:
                open_spans.append(span)
                fact = fact._replace(traceparent=span.traceparent)
        sent.append(fact)
    return sent, open_spans


def handled(fact: Envelope, service: str, now: datetime) -> Span:
    """The span of one fact in a batch; each fact of a batch may belong to another trace."""
    if fact.traceparent is None or not spans.is_on() or now - fact.time > RECENT:
        return NO_SPAN
    return spans.follow(
        fact.traceparent,
        f"handle {unversioned(fact.type)} {service}",
        SpanKind.CONSUMER,
        spans.names(fact.stream, fact.key, fact.subject),
    )


def due(kind: str, service: str) -> Span:
    """The span of a timer. It begins a new trace, because a timer may be due days after it was planned."""
    return spans.begin(f"timer {kind} {service}")


def sent(traceparent: str | None, to: str) -> Span:
    """The span of a message or request to `to`, the name of a gateway or of another receiver."""
    if traceparent is None or not spans.is_on():
        return Span(traceparent)
    return spans.follow(traceparent, f"send {to}", SpanKind.CLIENT, {})
