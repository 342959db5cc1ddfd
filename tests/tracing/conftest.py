"""Spans in memory, and a reader of facts."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased

from shared.chassis.tracing import spans
from shared.chassis.tracing.spans import Span
from tests.chassis.conftest import delivery, log, pool, projection

__all__ = ["delivery", "log", "pool", "projection"]


@pytest.fixture
def recorded() -> Iterator[InMemorySpanExporter]:
    """Every span that has ended since; tracing is on for this test."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    spans.set_tracer(provider.get_tracer("tests"))
    yield exporter
    spans.set_tracer(None)


@contextmanager
def unchosen_traces(exporter: SpanExporter | None = None) -> Iterator[None]:
    """Traces that begin now are not chosen; those that others chose are exported."""
    before, provider = spans._tracer, TracerProvider(ParentBased(ALWAYS_OFF))
    if exporter:
        provider.add_span_processor(SimpleSpanProcessor(exporter))
    spans.set_tracer(provider.get_tracer("tests"))
    try:
        yield
    finally:
        spans.set_tracer(before)


def unchosen(name: str = "GET") -> Span:
    """The first span of a trace that is not recorded."""
    with unchosen_traces():
        return spans.begin(name)
