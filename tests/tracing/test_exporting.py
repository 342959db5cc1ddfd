"""Traces are sent where an endpoint is set; without one nothing of OpenTelemetry's SDK is loaded."""

import subprocess
import sys
from collections.abc import Sequence

import pytest
import structlog
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import Decision
from pydantic import ValidationError

from shared.chassis.base.settings import ProcessSettings
from shared.chassis.process import run
from shared.chassis.tracing import spans
from shared.chassis.tracing.exporting import LoggingExporter, sampler_of


def settings(**more: str) -> ProcessSettings:
    return ProcessSettings.model_validate({"DATABASE_URL": "postgresql://nobody@nowhere/none"} | more)


def test_a_process_without_an_endpoint_loads_no_sdk_and_records_nothing():
    program = (
        "import sys\nfrom shared.chassis.process import components, run\n"
        "from shared.chassis.base.settings import ProcessSettings\n"
        "assert run._traced('x', ProcessSettings.model_validate({'DATABASE_URL': 'x'}), print) is print\n"
        "print([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'requests', 'google'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"


async def test_a_process_with_an_endpoint_records_until_it_ends():
    async def built() -> run.Components:
        return run.Components()

    parts = await run._traced("x", settings(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9"), built)()
    assert spans.is_on()
    for close in parts.closing:
        await close()
    assert not spans.is_on()


def test_an_endpoint_that_is_no_address_is_refused():
    with pytest.raises(ValidationError, match="OTEL_EXPORTER_OTLP_ENDPOINT"):
        settings(OTEL_EXPORTER_OTLP_ENDPOINT="collector:4318")


@pytest.mark.parametrize(
    ("name", "share", "chosen"),
    [
        ("always_on", "0", {True}),
        ("parentbased_always_on", "0", {True}),
        ("traceidratio", "0", {False}),
        ("parentbased_traceidratio", "0.5", {True, False}),
        ("always_off", "1", {False}),
        ("parentbased_always_off", "1", {False}),
    ],
)
def test_whoever_begins_a_trace_decides_by_the_standard_names(name: str, share: str, chosen: set[bool]):
    sampler = sampler_of(settings(OTEL_TRACES_SAMPLER=name, OTEL_TRACES_SAMPLER_ARG=share))
    ids = [n << 120 | n << 56 for n in range(1, 256)]
    decisions = {sampler.should_sample(None, id, "x").decision for id in ids}
    assert {decision is Decision.RECORD_AND_SAMPLE for decision in decisions} == chosen


class Failing(SpanExporter):
    """Takes nothing until it is told to."""

    takes = False

    def export(self, batch: Sequence[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.SUCCESS if self.takes else SpanExportResult.FAILURE


def test_a_collector_that_is_away_is_told_of_once_and_once_when_it_is_back():
    failing = Failing()
    saying = LoggingExporter(failing)
    with structlog.testing.capture_logs() as lines:
        for _ in range(3):
            saying.export([])
        failing.takes = True
        for _ in range(3):
            saying.export([])
    assert [line["event"] for line in lines] == [
        "the trace collector does not accept traces",
        "the trace collector accepts traces again; some traces are lost",
    ]
