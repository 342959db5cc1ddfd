"""What operators do on a running deployment: look, find what could not be handled, try it again, follow the log."""

import asyncio
import json
import os
import signal
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from prometheus_client.parser import text_string_to_metric_families

from deploy.cli.channels import keys
from deploy.cli.demo import replay
from deploy.cli.services import SERVICE_NAMES
from deploy.local.deployment import Running
from tests.e2e.conftest import huying
from tests.eventually import eventually

pytestmark = pytest.mark.kafka


async def said(running: Running, *arguments: str) -> tuple[int, str]:
    """The exit code of a command and what it wrote."""
    command = huying(running, *arguments)
    output, _ = await asyncio.to_thread(command.communicate, timeout=60)
    return command.returncode, output


async def test_a_record_that_nobody_understands_is_found_shown_and_tried_again(running: Running):
    assert (await said(running, "dead-letters", "list"))[0] == 0
    async with AIOKafkaProducer(bootstrap_servers=running.runtime.kafka_bootstrap_servers) as producer:
        await producer.send_and_wait("huying.demand-events", b"not a fact", key=b"nobody", partition=0)
    code, listed = await eventually(
        lambda: said(running, "dead-letters", "list"), lambda told: told[1].count("ce_id") == 4, within=30
    )
    assert code == 1
    for service in ("intake", "routing", "feedback", "reporting"):
        assert service in listed
    pages, behind = [], ""
    for _ in range(4):
        code, page = await said(running, "dead-letters", "list", "--limit", "1", *behind.split())
        pages.append((code, page.count("ce_id"), behind))
        behind = page.partition("--limit 1 ")[2].strip()
    assert pages == [
        (1, 1, ""), (1, 1, "--after intake/1"), (1, 1, "--after routing/1"), (1, 1, "--after feedback/1")
    ]  # fmt: skip
    assert (behind, await said(running, "dead-letters", "list", "--after", "reporting/1")) == (
        "", (0, "no dead letters after reporting/1\n")
    )  # fmt: skip
    code, shown = await said(running, "dead-letters", "show", "routing", "1")
    assert (code, "not a fact" in shown) == (0, True)
    code, refused = await said(running, "dead-letters", "redrive", "routing", "1")
    assert (code, "still refused" in refused) == (1, True)
    code, found = await said(running, "doctor")
    assert (code, "dead letter" in found) == (1, True)


async def test_the_doctor_names_a_process_that_is_alive_and_does_nothing(running: Running):
    pid = running.pid("routing-worker")
    os.kill(pid, signal.SIGSTOP)
    try:
        code, found = await said(running, "doctor")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert (code, f"process routing-worker, pid {pid}: http" in found, "does not answer" in found) == (2, True, True)
    assert "routing-worker.log" in found


async def test_every_process_measures_in_the_words_of_the_services(running: Running):
    """Whatever a label says, it says of a service or a process by the name that people use."""
    for process, url in running.runtime.health.items():
        async with httpx.AsyncClient(base_url=url) as client:
            families = list(text_string_to_metric_families((await client.get("/metrics")).text))
        labels = [sample.labels for family in families for sample in family.samples if "huying_" in family.name]
        assert {label["process"] for label in labels if "process" in label} == {process}
        services = {label["service"] for label in labels if "service" in label}
        assert services <= {*SERVICE_NAMES, "none"}
        assert process.partition("-")[0] in {*services, "gateway"}


async def test_a_command_that_is_mistyped_says_what_there_is(running: Running):
    code, words = await said(running, "dead-letters", "show", "mailroom", "1")
    assert (code, "intake, routing, feedback, reporting" in words) == (2, True)
    code, words = await said(running, "dead-letters", "show", "routing", "999")
    assert (code, "no dead letter 999" in words) == (2, True)


async def test_what_happened_to_a_demand_can_be_followed(running: Running):
    key = keys(running.options.directory / "channels.json")["web"]
    async with httpx.AsyncClient(base_url=running.url, headers={"X-API-Key": key}) as client:
        body = {"title": "路灯不亮", "division": "440605011001", "category": "road-damage"}
        body |= {"contact": {"phone": "13800138000"}}
        answer = await client.post("/v1/demands", json=body, headers={"Idempotency-Key": "followed"})
    number = answer.json()["number"]
    code, written = await said(running, "events", "tail", "--from-start", "--number", number, "--json", "--count", "6")
    assert code == 0
    # On the same pipe it complains of the record that is no fact.
    told = [_step(json.loads(line)) for line in written.splitlines() if line.startswith("{")]
    assert told[0] == "submitted"
    assert sorted(told) == sorted(
        ("submitted", "viewed for submitted", "sent submitted", "routed", "viewed for routed", "sent routed")
    )
    for what in ("submitted", "routed"):
        assert told.index(what) < min(told.index(f"viewed for {what}"), told.index(f"sent {what}"))
    code, lines = await said(running, "events", "tail", "--from-start", "--number", number, "--count", "1")
    assert (code, lines.count("  demand."), "  demand.submitted.v1 " in lines) == (0, 1, True)


def _step(fact: dict[str, Any]) -> str:
    """What a fact says, short; which of the steps of two services comes first is for neither to say."""
    match fact["type"], fact["data"]:
        case "demand.personal-data-viewed.v1", {"why": why}:
            return f"viewed for {why}"
        case "demand.notification-sent.v1", {"template": template}:
            return f"sent {template}"
        case kind, _:
            return str(kind).removeprefix("demand.").rpartition(".")[0]


async def test_the_year_2021_is_replayed_through_the_pipeline(running: Running, capsys: pytest.CaptureFixture[str]):
    await replay(running)
    card = capsys.readouterr().out
    for figure in ("1,335", "1,230", "92.13 %", "728 / 458"):
        assert figure in card
    async with httpx.AsyncClient(base_url=running.url) as client:
        board = (await client.get("/board", params={"jurisdiction": "nanhai", "until": "2021-12-31"})).text
    assert "92.13" in board
