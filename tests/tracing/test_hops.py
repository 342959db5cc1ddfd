"""Facts of many traces are handled in one batch, each in its own; what is not followed passes through."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import structlog
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NoOpTracer

from shared.chassis.base import logs
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.database.pool import Pool
from shared.chassis.tracing import hops, spans
from shared.contracts.numbers import number
from tests import story
from tests.chassis.conftest import Log, RecordedFacts, envelope
from tests.tracing.conftest import unchosen
from tests.tracing.test_trace_context import SPAN, TRACE

OTHER = "0af7651916cd43dd8448eb211c80319c"
Spans = InMemorySpanExporter


def told(key: UUID) -> Any:
    return envelope(story.SUBMISSION.model_copy(update={"number": number("NH", 2021, key.int % 10**6)}), 1, key)


def traced(trace: str = TRACE, key: UUID = story.ID, flags: str = "01") -> Any:
    return told(key)._replace(traceparent=f"00-{trace}-{SPAN}-{flags}")


def traces(recorded: Spans) -> list[tuple[str, str]]:
    return [(f"{span.context.trace_id:032x}", span.name) for span in recorded.get_finished_spans() if span.context]


async def test_each_fact_of_a_batch_has_a_span_in_its_own_trace(delivery: Delivery, log: Log, recorded: Spans):
    delivery.clock = lambda: story.AT
    unsampled = traced("1" * 32, UUID(int=3), "00")
    facts = [traced(), traced(OTHER, UUID(int=2)), unsampled, told(UUID(int=4))]
    await delivery.deliver([log.record(fact) for fact in facts])
    name = "handle demand.submitted reporting"
    assert traces(recorded) == [(TRACE, name), (OTHER, name)]
    parents = {span.parent and f"{span.parent.span_id:016x}" for span in recorded.get_finished_spans()}
    assert parents == {SPAN}


async def test_what_is_not_durable_is_not_recorded(
    delivery: Delivery, log: Log, projection: RecordedFacts, recorded: Spans
):
    delivery.clock = lambda: story.AT
    projection.fault = LookupError("never")
    await delivery.deliver([log.record(traced())])
    assert traces(recorded) == []


async def test_facts_of_long_ago_are_not_followed(delivery: Delivery, log: Log, recorded: Spans):
    delivery.clock = lambda: story.AT + hops.RECENT + timedelta(seconds=1)
    await delivery.deliver([log.record(traced())])
    assert hops.relayed([traced()], delivery.clock()) == ([traced()], [])
    assert traces(recorded) == []


async def test_a_dead_letter_keeps_its_trace_and_the_log_names_both(
    delivery: Delivery,
    log: Log,
    pool: Pool,
    capsys: pytest.CaptureFixture[str],
):
    structlog.reset_defaults()
    logs.set_up("reporting-projector", "json", "info", more=[spans.name_in_line])
    try:
        await delivery.deliver([log.record(traced()._replace(data="{"))])
    finally:
        structlog.reset_defaults()
    (line,) = [line for text in capsys.readouterr().out.splitlines() if (line := json.loads(text))["level"] == "error"]
    assert (line["process"], line["trace"], line["demand"]) == ("reporting-projector", TRACE, str(story.ID))
    kept = await pool.fetchval("SELECT traceparent FROM journal WHERE type = 'huying.dead-lettered.v1'")
    assert kept == traced().traceparent


def test_a_process_without_traces_passes_them_through():
    assert not spans.is_on()
    assert hops.relayed([traced()], story.AT) == ([traced()], ())
    assert hops.sent(traced().traceparent, "sms").traceparent == traced().traceparent
    assert hops.handled(traced(), "reporting", story.AT) is spans.NO_SPAN
    assert spans.begin("timer") is spans.NO_SPAN


def test_what_follows_from_a_request_that_was_not_chosen_is_not_chosen_anew(recorded: Spans):
    begun = unchosen()
    fact = told(story.ID)._replace(traceparent=begun.traceparent)
    assert (begun.traceparent or "")[-3:] == "-00"
    assert hops.relayed([fact], story.AT) == ([fact], [])
    for span in (hops.handled(fact, "reporting", story.AT), hops.sent(fact.traceparent, "sms")):
        assert (span.is_recorded, span.traceparent) == (False, begun.traceparent)
    assert traces(recorded) == []


def test_a_tracer_that_is_switched_off_begins_no_trace(recorded: Spans):
    spans.set_tracer(NoOpTracer())
    assert spans.begin("GET") is spans.NO_SPAN


def test_a_line_of_the_log_names_the_trace_at_work(recorded: Spans):
    assert spans.name_in_line(None, "info", {"event": "x"}) == {"event": "x"}
    with spans.at_work(hops.handled(traced(), "reporting", story.AT)) as span:
        span.about("demand", story.ID, "NH21-000001-W")
        line = spans.name_in_line(None, "info", {"event": "x"})
    assert line == {"event": "x", "trace": TRACE, "demand": str(story.ID)}
