"""A timer begins a trace, a message goes on in the trace of its fact, and what becomes of it does too."""

from datetime import timedelta
from uuid import UUID

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.chassis.database.pool import Pool
from shared.chassis.database.write_batch import WriteBatch
from shared.chassis.tracing.spans import Span, at_work
from shared.chassis.work import intents
from shared.chassis.work.intent_turns import next_intents
from shared.chassis.work.intents import Intent
from tests.chassis.parcels import AFTER, make_tables
from tests.chassis.test_timers import ONE, SENT, runner, step
from tests.story import AT
from tests.tracing.test_trace_context import SPAN, TRACE

GIVEN = f"00-{TRACE}-{SPAN}-01"


@pytest.fixture
async def parcels(pool: Pool) -> Pool:
    await make_tables(pool)
    return pool


async def test_a_timer_that_tells_something_begins_a_trace(parcels: Pool, recorded: InMemorySpanExporter):
    with at_work(Span(GIVEN)):
        await step(parcels, ONE, SENT, AT)
        await runner(parcels, AFTER - timedelta(seconds=1)).run_some()
        await runner(parcels).run_some()
    (span,) = recorded.get_finished_spans()
    assert (span.name, span.parent) == ("timer late post", None)
    assert span.attributes
    assert span.attributes["huying.parcel.id"] == str(ONE)
    traces = await parcels.fetch("SELECT substr(traceparent, 4, 32) AS trace FROM journal ORDER BY position")
    assert span.context
    assert [row["trace"] for row in traces] == [TRACE, f"{span.context.trace_id:032x}"]


async def test_an_intent_is_queued_with_its_trace(pool: Pool):
    writes = WriteBatch()
    queued = [Intent(UUID(int=n), "x", ONE, ONE, str(n), {}, traceparent=given) for n, given in ((1, GIVEN), (2, None))]
    intents.put(writes, queued)
    async with pool.acquire() as db:
        await writes.write(db)
        found = await next_intents(db, "x", 10)
    assert [one.intent.traceparent for one in found] == [GIVEN, None]
