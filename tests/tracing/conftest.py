"""Spans in memory, and a reader of facts."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from shared.chassis.tracing import spans
from shared.chassis.tracing.spans import Span
from tests.chassis.conftest import delivery, log, pool, remembered

__all__ = ["delivery", "log", "pool", "remembered"]


@pytest.fixture
def recorded() -> Iterator[InMemorySpanExporter]:
    """Every span that has ended since; tracing is on for this test."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    spans.turn_on(provider.get_tracer("tests"))
    yield exporter
    spans.turn_on(None)


def unchosen(name: str = "GET") -> Span:
    """The first span of a trace that is not recorded, begun by another process."""
    before = spans._tracer
    spans.turn_on(TracerProvider(ALWAYS_OFF).get_tracer("tests"))
    try:
        return spans.begin(name)
    finally:
        spans.turn_on(before)
