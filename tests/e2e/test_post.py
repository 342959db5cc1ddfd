"""A citizen's letter goes through everything: taken in by mail, withdrawn by its number, closed, seen with its code."""

import smtplib
from email.message import EmailMessage

import httpx
import pytest

from deploy.cli.channels import keys
from deploy.local.deployment import Running
from tests.e2e.conftest import huying
from tests.eventually import eventually
from tests.tracing.collector import CALLER, CANARY, DEMAND, TRACE, Collector, chain

pytestmark = pytest.mark.kafka
BOX = "demands@nanhai.example"
WAY = {
    "POST /v1/demands": "gateway",
    "relay demand.submitted": "intake-worker",
    "handle demand.submitted routing": "routing-worker",
    "handle demand.submitted feedback": "feedback-worker",
    "handle demand.submitted reporting": "reporting-projector",
    "relay demand.routed": "routing-worker",
    "handle demand.routed reporting": "reporting-projector",
    "handle demand.routed feedback": "feedback-worker",
    "send file": "feedback-worker",
    "relay demand.notification-sent": "feedback-worker",
    "handle demand.notification-sent reporting": "reporting-projector",
}
"""The spans that a demand must leave, each with the process that it is of."""


async def test_a_letter_is_taken_withdrawn_closed_and_followed(shared: Running):
    setting = huying(shared, "channel", "set", "email", f"mailbox={BOX}", "division=440605000000")
    said, _ = setting.communicate(timeout=60)
    assert setting.returncode == 0, said
    deliver(int(shared.options.env["HUYING_MAIL_PORT"]))
    key = keys(shared.options.directory / "channels.json")["email"]
    async with httpx.AsyncClient(base_url=shared.url, headers={"X-API-Key": key}) as client:
        (demand,) = (await client.get("/v1/demands")).json()["demands"]
        assert demand["title"] == "路灯坏了"
        where = f"/v1/demands/{demand['number']}"

        async def standing() -> tuple[str, str | None]:
            found = (await client.get(where)).json()
            return found["status"], found["outcome"]

        await eventually(standing, lambda now: now[0] == "triage")
        asked = await client.post(f"{where}/withdrawal", json={}, headers={"Idempotency-Key": "w1"})
        assert asked.status_code == 202, asked.text
        await eventually(standing, lambda now: now == ("closed", "withdrawn"))


async def test_a_demand_is_one_trace_through_every_process(shared: Running, collector: Collector | None):
    if collector is None:
        pytest.skip("the collector has no package for this machine")
    key = keys(shared.options.directory / "channels.json")["web"]
    sent = {"X-API-Key": key, "Idempotency-Key": "1", "traceparent": f"00-{TRACE}-{CALLER}-01"}
    async with httpx.AsyncClient(base_url=shared.url, headers=sent, trust_env=False) as client:
        answer = await client.post("/v1/demands", json=DEMAND)
    assert answer.status_code == 201, answer.text

    async def arrived() -> tuple[set[str], set[str]]:
        """The names that are missing, and the spans below which others are and that have not come themselves."""
        spans = collector.of(TRACE)
        return set(WAY) - {span.name for span in spans}, {span.parent for span in spans} - {span.id for span in spans}

    # One tree, below the caller's span.
    await eventually(arrived, lambda missing: missing == (set(), {CALLER}), within=90)
    spans = {span.id: span for span in collector.of(TRACE)}
    assert WAY.items() <= {(span.name, span.process) for span in spans.values()}
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


def deliver(port: int) -> None:
    """Hand a letter over as a mail system does."""
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"], letter["Message-ID"] = "zou@example.net", BOX, "路灯坏了", "<1@x>"
    letter.set_content("学校门口")
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as line:
        line.send_message(letter)
