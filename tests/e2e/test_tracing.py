"""A demand that is raised over HTTP is one trace, in a collector that is not ours, through every process it reaches."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from deploy.cli.channels import keys
from deploy.local.deployment import Options, Running, deployed
from tests.tracing.collector import Collector, collecting
from tests.conftest import reachable

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.skipif(find_spec("rotel") is None, reason="the collector has no package for this machine"),
]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CANARY = "13912345678"
ON_THE_WAY = (
    "POST /v1/demands",
    "relay demand.submitted",
    "handle demand.submitted routing",
    "handle demand.submitted feedback",
    "handle demand.submitted reporting",
    "relay demand.routed",
    "handle demand.routed reporting",
    "handle demand.routed feedback",
    "send file",
    "relay demand.notification-sent",
    "handle demand.notification-sent reporting",
)


@dataclass
class Traced:
    """A deployment, and the collector that its processes send to."""

    running: Running
    collector: Collector


@pytest.fixture(scope="module")
async def traced(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Traced]:
    """Everything up, with an endpoint for traces."""
    directory = reachable(tmp_path_factory, "traced")
    async with collecting(tmp_path_factory.mktemp("collector")) as collector:
        env = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "HUYING_NOTIFICATION_FILE": str(directory / "messages.jsonl"),
            "HUYING_LOG_FORMAT": "json",
        }
        async with deployed(Options(directory=directory, port=0, env=env)) as running:
            yield Traced(running, collector)


async def test_a_demand_is_one_trace_from_the_request_to_the_view_and_the_message(traced: Traced):
    collector = traced.collector
    key = keys(Path(traced.running.options.directory) / "channels.json")["web"]
    sent = {"X-API-Key": key, "Idempotency-Key": "traced", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    demand = {
        "title": f"路灯坏了，请打{CANARY}", "category": "street-lighting", "division": "440605011001",
        "contact": {"phone": CANARY},
    }  # fmt: skip
    async with httpx.AsyncClient(base_url=traced.running.url, headers=sent, trust_env=False) as client:
        answer = await client.post("/v1/demands", json=demand)
    assert answer.status_code == 201, answer.text
    await collector.until(*ON_THE_WAY)

    spans = {span.id: span for span in collector.of(TRACE)}
    assert set(ON_THE_WAY) <= {span.name for span in spans.values()}
    assert {span.parent for span in spans.values()} - set(spans) == {"00f067aa0ba902b7"}, "one tree, below the channel's"
    assert chain(spans, "send file")[-1] == "POST /v1/demands"
    assert chain(spans, "handle demand.routed reporting")[:3] == [
        "handle demand.routed reporting",
        "relay demand.routed",
        "handle demand.submitted routing",
    ]
    about = {span.attributes.get("huying.demand.number") for span in spans.values()}
    assert about == {answer.json()["number"]}
    processes = {span.process for span in spans.values()}
    assert processes == {"gateway", "intake-worker", "routing-worker", "feedback-worker", "reporting-projector"}
    assert not [body for body in collector.raw if CANARY.encode() in body or "路灯".encode() in body]


def chain(spans: dict, name: str) -> list[str]:
    """The names from a span up to the first one."""
    span = next(span for span in spans.values() if span.name == name)
    names = [span.name]
    while span := spans.get(span.parent):
        names.append(span.name)
    return names
