"""A request has a span with a name that reads; a trace that it brings is continued for whoever says who they are."""

import asyncio
from contextlib import suppress
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from services.feedback.webhooks.introspection import IntrospectionClient
from services.intake import app as intake
from services.intake.channels import keys
from services.intake.settings import IntakeSettings
from shared.chassis.base.tokens import SERVICE_MAX_AGE, SERVICE_TOKEN, Tokens
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.http.app import web_app
from shared.chassis.http.service_client import service_client
from shared.chassis.tracing import spans
from shared.chassis.tracing.offers import OfferedSpan
from shared.chassis.tracing.spans import Span
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Service
from shared.contracts.refusals import Code, Refused
from shared.identity.introspection import Complaint, Introspected, KnownChannel
from shared.identity.person import Person
from shared.identity.staff_tokens import StaffTokens
from tests.keys import KEYS
from tests.tracing.conftest import unchosen, unchosen_traces
from tests.tracing.test_trace_context import SPAN, TRACE

SENT = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
DEMAND = {"title": "村口路面塌陷", "category": "road-damage", "division": "440605011001"}


@pytest.fixture
async def pool(database: str):
    async with await open_pool(database, "intake") as found:
        yield found


@pytest.fixture
def settings(database: str) -> IntakeSettings:
    return IntakeSettings.model_validate(KEYS | {"DATABASE_URL": database})


@pytest.fixture
def web(settings: IntakeSettings, pool: Pool, recorded: InMemorySpanExporter) -> FastAPI:
    return web_app("intake", intake.api(settings, pool).routers)


def client(web: FastAPI, **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(web), base_url="http://intake", headers=headers)


def parents(recorded: InMemorySpanExporter) -> list[str | None]:
    return [span.parent and f"{span.parent.span_id:016x}" for span in recorded.get_finished_spans()]


async def test_a_span_is_named_by_the_declared_path_and_holds_no_address(web: FastAPI, recorded: InMemorySpanExporter):
    async with client(web) as asking:
        await asking.get("/v1/demands/NH21-000001-W?code=secret")
        await asking.get("/livez")
    (span,) = recorded.get_finished_spans()
    assert span.name == "GET /v1/demands/{number}"
    assert "secret" not in span.to_json()
    assert "NH21-000001-W" not in span.to_json()


async def test_the_trace_of_a_stranger_is_not_continued(web: FastAPI, recorded: InMemorySpanExporter):
    async with client(web, **SENT) as asking:
        await asking.get("/v1/demands/NH21-000001-W")
    (span,) = recorded.get_finished_spans()
    assert span.context
    assert (f"{span.context.trace_id:032x}" == TRACE, span.parent) == (False, None)


@pytest.mark.parametrize("path", ["/v1/demands/NH21-000001-W", "/v1/findings/intake", "/v1/jurisdictions"])
@pytest.mark.parametrize("header", ["X-API-Key", "Authorization", "X-Demand-Code"])
async def test_the_trace_of_whoever_shows_no_good_credential_is_not_continued(
    web: FastAPI, recorded: InMemorySpanExporter, header: str, path: str
):
    async with client(web, **SENT, **{header: "Bearer garbage"}) as asking:
        await asking.get(path)
    (span,) = recorded.get_finished_spans()
    assert span.context
    assert (f"{span.context.trace_id:032x}" == TRACE, span.parent) == (False, None)


async def test_nobody_without_a_good_credential_has_a_trace_recorded(web: FastAPI, recorded: InMemorySpanExporter):
    async with client(web, **SENT, **{"X-API-Key": "garbage"}) as asking:
        with unchosen_traces(recorded):
            await asking.get("/v1/demands/NH21-000001-W")
    assert recorded.get_finished_spans() == ()


@pytest.mark.parametrize("flags", ["01", "00"])
async def test_a_caller_with_a_key_is_followed_where_their_trace_is_recorded(
    web: FastAPI, pool: Pool, recorded: InMemorySpanExporter, flags: str
):
    key = await keys.add(pool, "web", f.ChannelKind.WEB, "网站")
    async with client(web, traceparent=f"00-{TRACE}-{SPAN}-{flags}", **{"X-API-Key": key}) as asking:
        await asking.get("/v1/demands/NH21-000001-W")
    assert parents(recorded) == ([SPAN] if flags == "01" else [])


async def test_staff_and_services_with_a_good_token_are_followed(
    web: FastAPI, settings: IntakeSettings, recorded: InMemorySpanExporter
):
    staff, _ = StaffTokens.of(settings).write(Person("马", "nh-coordinator", frozenset()))
    service = Tokens(settings.secret, SERVICE_MAX_AGE).write(SERVICE_TOKEN, {"service": Service.FEEDBACK})
    async with client(web, **SENT) as asking:
        for token in (staff, service):
            await asking.post("/v1/introspection", json={"token": "x"}, headers={"Authorization": f"Bearer {token}"})
    assert parents(recorded) == [SPAN, SPAN]


async def test_until_it_is_known_who_asks_other_services_record_nothing(recorded: InMemorySpanExporter):
    offered = OfferedSpan(SENT["traceparent"], "GET", SpanKind.SERVER)
    own, passed = offered.traceparent or "", await passed_on(offered)
    assert (passed, TRACE in own) == (f"{own[:-2]}00", False)
    with spans.at_work(offered):
        spans.accept()
    passed = await passed_on(offered) or ""
    assert (passed, passed[3:35], passed[-3:]) == (offered.traceparent, TRACE, "-01")
    offered.end()
    assert parents(recorded) == [SPAN]


@pytest.mark.parametrize("good", [True, False])
async def test_feedback_goes_on_in_the_trace_of_whom_intake_knows(recorded: InMemorySpanExporter, good: bool):
    complaint = Complaint(code=Code.UNAUTHENTICATED, zh="无效", en="no")
    known = Introspected(channel=KnownChannel(id="web", name="网站")) if good else Introspected(refused=complaint)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text=known.model_dump_json()))
    asking = httpx.AsyncClient(transport=transport, base_url="http://intake")
    offered = OfferedSpan(SENT["traceparent"], "GET", SpanKind.SERVER)
    with spans.at_work(offered), suppress(Refused):
        await IntrospectionClient(asking, Tokens(KEYS["secret"], 60)).channel("k")
    offered.end()
    assert parents(recorded) == [SPAN if good else None]


async def test_demands_that_share_a_transaction_each_stay_in_the_trace_of_their_request(
    web: FastAPI, pool: Pool, recorded: InMemorySpanExporter
):
    key = await keys.add(pool, "web", f.ChannelKind.WEB, "网站")

    async def raised() -> str:
        trace = uuid4().hex
        sent = {"X-API-Key": key, "Idempotency-Key": trace, "traceparent": f"00-{trace}-{SPAN}-01"}
        async with client(web, **sent) as asking:
            answer = await asking.post("/v1/demands", json=DEMAND)
        assert answer.status_code == 201, answer.text
        return f"{trace} {answer.json()['number']}"

    raised_all = await asyncio.gather(*(raised() for _ in range(20)))
    rows = await pool.fetch("SELECT substr(traceparent, 4, 32) || ' ' || subject AS told FROM journal")
    assert sorted(row["told"] for row in rows) == sorted(raised_all)
    about = [(span.context, span.attributes or {}) for span in recorded.get_finished_spans()]
    named = [f"{context.trace_id:032x} {found['huying.demand.number']}" for context, found in about if context]
    assert sorted(named) == sorted(raised_all)


async def passed_on(span: Span) -> str | None:
    """The `traceparent` that another service gets from a request that is asked while this span is at work."""
    seen: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("traceparent"))
        return httpx.Response(200)

    asking = service_client("http://intake", httpx.Timeout(5))
    asking._transport = httpx.MockTransport(answer)
    with spans.at_work(span):
        async with asking:
            await asking.get("/")
    return seen[0]


async def test_a_request_to_another_service_passes_the_trace_on():
    assert await passed_on(spans.NO_SPAN) is None
    assert await passed_on(Span(SENT["traceparent"])) == SENT["traceparent"]


async def test_a_request_that_was_not_chosen_is_not_chosen_by_the_service_that_it_asks(
    web: FastAPI, pool: Pool, recorded: InMemorySpanExporter
):
    key, passed = await keys.add(pool, "web", f.ChannelKind.WEB, "网站"), await passed_on(unchosen()) or ""
    assert passed[-3:] == "-00"
    async with client(web, traceparent=passed, **{"X-API-Key": key}) as asking:
        await asking.get("/v1/demands/NH21-000001-W")
    assert recorded.get_finished_spans() == ()
