"""Sends spans to a collector by OTLP over HTTP; no other module loads OpenTelemetry's SDK."""

import contextvars
import logging
from collections.abc import Callable, Sequence
from typing import Final
from uuid import uuid4

import requests
import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased, Sampler, TraceIdRatioBased

from shared.chassis.base.trace_settings import TraceSettings
from shared.chassis.tracing import spans

log = structlog.get_logger()
NAME: Final = "huying"


def send_traces(settings: TraceSettings, process: str, instance: str = "") -> Callable[[], None]:
    """Record spans and send them in the background; returns a function that sends the last spans and stops."""
    # OpenTelemetry logs an error for each failed request; `LoggingExporter` logs it once.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    names = {
        "service.name": process, "service.namespace": NAME, "service.instance.id": instance or str(uuid4()),
    }  # fmt: skip
    provider = TracerProvider(sampler_of(settings), Resource.create(names), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(LoggingExporter(_exporter(settings))))
    spans.set_tracer(provider.get_tracer(NAME))

    def close() -> None:
        spans.set_tracer(None)
        provider.shutdown()

    return close


def sampler_of(settings: TraceSettings) -> Sampler:
    """The sampler of the settings. It decides only for new traces: later hops always follow the first decision, also
    with names that do not begin with `parentbased_`."""
    roots = {
        "always_on": ALWAYS_ON,
        "always_off": ALWAYS_OFF,
        "traceidratio": TraceIdRatioBased(settings.traces_sampler_arg),
    }
    return ParentBased(roots[settings.traces_sampler.removeprefix("parentbased_")])


def _exporter(settings: TraceSettings) -> OTLPSpanExporter:
    session = requests.Session()
    session.trust_env = False  # use no proxy, like all other clients here
    return OTLPSpanExporter(
        endpoint=f"{settings.otlp_endpoint.rstrip('/')}/v1/traces",
        certificate_file=str(settings.otlp_certificate) if settings.otlp_certificate else None,
        session=session,
    )


class LoggingExporter(SpanExporter):
    """Logs once that the collector takes no spans, and once that it takes them again."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._is_away, self._lost = False, 0
        # A background thread calls `export`: the copied context lets its log lines name the process.
        self._context = contextvars.copy_context()

    def export(self, batch: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch."""
        result = self._exporter.export(batch)
        if result is not SpanExportResult.SUCCESS:
            if not self._is_away:
                self._context.run(log.warning, "the trace collector does not accept traces", rows=len(batch))
            self._is_away, self._lost = True, self._lost + len(batch)
        elif self._is_away:
            self._context.run(
                log.warning, "the trace collector accepts traces again; some traces are lost", rows=self._lost
            )
            self._is_away, self._lost = False, 0
        return result

    def shutdown(self) -> None:
        """Stop sending."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flush the inner exporter: this one holds no spans back."""
        return self._exporter.force_flush(timeout_millis)
