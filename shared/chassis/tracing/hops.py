"""The hops of a fact: relayed, handled, followed by a timer or a message; each has a span with a name that reads."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from opentelemetry.trace import SpanKind

from shared.chassis.tracing import spans
from shared.chassis.tracing.spans import NO_SPAN, Span
from shared.contracts.envelope import Envelope, unversioned

RECENT: Final = timedelta(days=1)
"""How old a fact may be to be followed: a journal that is sent again from its beginning, and a reader that begins
again, would write into traces that are long gone."""


def relayed(facts: Sequence[Envelope], now: datetime) -> tuple[Sequence[Envelope], Sequence[Span]]:
    """The facts as they are sent, each naming the span of its sending, and these spans."""
    if not spans.is_on():
        return facts, ()
    sent, begun = [], []
    for fact in facts:
        if fact.traceparent and now - fact.time < RECENT:
            span = spans.follow(
                fact.traceparent,
                f"relay {unversioned(fact.type)}",
                SpanKind.PRODUCER,
                spans.names(fact.stream, fact.key, fact.subject),
            )
            if span.is_recorded:
                begun.append(span)
                fact = fact._replace(traceparent=span.traceparent)
        sent.append(fact)
    return sent, begun


def handled(fact: Envelope, service: str, now: datetime) -> Span:
    """The span of one fact in a batch: facts of many traces are handled together."""
    if fact.traceparent is None or not spans.is_on() or now - fact.time > RECENT:
        return NO_SPAN
    return spans.follow(
        fact.traceparent,
        f"handle {unversioned(fact.type)} {service}",
        SpanKind.CONSUMER,
        spans.names(fact.stream, fact.key, fact.subject),
    )


def due(kind: str, service: str) -> Span:
    """A timer begins a trace of its own: days may lie between it and what planned it."""
    return spans.begin(f"timer {kind} {service}")


def sent(traceparent: str | None, to: str) -> Span:
    """A message or a request that leaves for `to`, the name of a gateway or a word for what takes it."""
    if traceparent is None or not spans.is_on():
        return Span(traceparent)
    return spans.follow(traceparent, f"send {to}", SpanKind.CLIENT, {})
