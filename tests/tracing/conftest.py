"""Spans in memory, and a reader of facts."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.chassis.tracing import spans
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
