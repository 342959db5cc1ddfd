"""A demand that is raised over HTTP is one trace in a collector that is not ours: every hop to its view and message."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from deploy.cli.services import manifests
from deploy.local.ports import free_port
from services.intake import app as intake
from services.intake.channels import keys
from services.intake.settings import IntakeSettings
from shared.chassis.database.pool import open_pool
from shared.chassis.http.app import web_app
from shared.chassis.process.components import worker_components
from shared.chassis.tracing.exporting import send_traces
from shared.contracts.demand import facts as f
from tests.conftest import Server
from tests.eventually import ended
from tests.keys import KEYS
from tests.serving import served
from tests.tracing.collector import CALLER, CANARY, DEMAND, TRACE, Collector, chain, collecting

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.skipif(find_spec("rotel") is None, reason="the collector has no package for this machine"),
]
ON_THE_WAY = (
    "POST /v1/demands",
    "relay demand.submitted",
    "handle demand.submitted routing",
    "handle demand.submitted feedback",
    "handle demand.submitted reporting",
    "relay demand.routed",
    "handle demand.routed reporting",
    "send file",
    "relay demand.notification-sent",
    "handle demand.notification-sent reporting",
)


@asynccontextmanager
async def whole(database: str, broker: Server, collector: Collector, folder: Path) -> AsyncIterator[tuple[str, str]]:
    """Intake's API, and the workers of all services with their relays, in this process; its address and a key."""
    port = free_port()
    given = KEYS | {
        "DATABASE_URL": database, "KAFKA_BOOTSTRAP_SERVERS": broker.url, "intake_url": f"http://127.0.0.1:{port}",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "notification_file": folder / "messages.jsonl",
        "attachments_folder": folder,
    }  # fmt: skip
    settings = IntakeSettings.model_validate(given)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(asyncio.to_thread, send_traces(settings, "whole"))
        pool = await stack.enter_async_context(await open_pool(database, "intake"))
        key = await keys.add(pool, "web", f.ChannelKind.WEB, "网站")
        web = web_app("intake", intake.api(settings, pool).routers)
        url = await stack.enter_async_context(served(uvicorn.Config(web, port=port, log_level="critical")))
        for service in manifests():
            await stack.enter_async_context(_working(service, given))
        yield url, key


@asynccontextmanager
async def _working(service: Any, given: Mapping[str, Any]) -> AsyncIterator[None]:
    settings = service.settings.model_validate(given)
    pool = await open_pool(settings.database_url, service.name)
    worker = replace(service.worker(settings, pool), by_faust=False)
    parts = await worker_components(settings, worker, pool, f"{service.name}-worker")
    tasks = [asyncio.create_task(part) for part in parts.running]
    try:
        yield
    finally:
        await ended(*tasks)
        for close in parts.closing:
            await close()


@pytest.fixture
async def collector(tmp_path: Path) -> AsyncIterator[Collector]:
    async with collecting(tmp_path) as found:
        yield found


async def test_a_demand_is_one_trace_from_the_request_to_the_view_and_the_message(
    database: str, own_broker: Server, collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
    async with whole(database, own_broker, collector, tmp_path) as (url, key):
        sent = {"X-API-Key": key, "Idempotency-Key": "1", "traceparent": f"00-{TRACE}-{CALLER}-01"}
        async with httpx.AsyncClient(base_url=url, headers=sent, trust_env=False) as client:
            answer = await client.post("/v1/demands", json=DEMAND)
        assert answer.status_code == 201, answer.text
        await collector.until(*ON_THE_WAY)

    spans = {span.id: span for span in collector.of(TRACE)}
    assert set(ON_THE_WAY) <= {span.name for span in spans.values()}
    assert {span.parent for span in spans.values()} - set(spans) == {CALLER}, "one tree, below the caller's span"
    assert chain(spans, "handle demand.routed reporting") == [
        "handle demand.routed reporting",
        "relay demand.routed",
        "handle demand.submitted routing",
        "relay demand.submitted",
        "POST /v1/demands",
    ]
    assert chain(spans, "handle demand.notification-sent reporting")[:3] == [
        "handle demand.notification-sent reporting",
        "relay demand.notification-sent",
        "send file",
    ]
    assert {span.attributes.get("huying.demand.number") for span in spans.values()} == {answer.json()["number"]}
    assert not [span for span in spans.values() if span.failed]
    assert not [body for body in collector.raw if CANARY.encode() in body or "路灯".encode() in body]
