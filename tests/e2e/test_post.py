"""A citizen's letter goes through everything: taken in by mail, withdrawn by its number, closed, seen with its code."""

import smtplib
from collections.abc import AsyncIterator
from email.message import EmailMessage
from importlib.util import find_spec

import httpx
import pytest

from deploy.cli.channels import keys
from deploy.local.deployment import PROCESSES, Options, Running, deployed
from deploy.local.ports import free_port
from tests.conftest import reachable
from tests.e2e.conftest import huying
from tests.eventually import eventually
from tests.tracing.collector import CALLER, CANARY, DEMAND, TRACE, Collector, chain, collecting

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


@pytest.fixture(scope="module")
async def collector(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Collector | None]:
    """A collector of traces that is not ours; None where it has no package for this machine."""
    if find_spec("rotel") is None:
        yield None
        return
    async with collecting(tmp_path_factory.mktemp("collector")) as found:
        yield found


@pytest.fixture(scope="module")
async def with_mail(collector: Collector | None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """Everything up, with a mailbox, and traces of those who begin one."""
    directory = reachable(tmp_path_factory, "with-mail")
    env = {
        "HUYING_MAIL_PORT": str(free_port()), "HUYING_MAIL_PROTOCOL": "smtp", "OTEL_BSP_SCHEDULE_DELAY": "200",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint if collector else "",
    }  # fmt: skip
    options = Options(directory=directory, port=0, processes=(*PROCESSES, "intake-mail"), env=env)
    async with deployed(options) as found:
        yield found


async def test_a_letter_is_taken_withdrawn_closed_and_followed(with_mail: Running):
    setting = huying(with_mail, "channel", "set", "email", f"mailbox={BOX}", "division=440605000000")
    said, _ = setting.communicate(timeout=60)
    assert setting.returncode == 0, said
    deliver(int(with_mail.options.env["HUYING_MAIL_PORT"]))
    key = keys(with_mail.options.directory / "channels.json")["email"]
    async with httpx.AsyncClient(base_url=with_mail.url, headers={"X-API-Key": key}) as client:
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


async def test_a_demand_is_one_trace_through_every_process(with_mail: Running, collector: Collector | None):
    if collector is None:
        pytest.skip("the collector has no package for this machine")
    key = keys(with_mail.options.directory / "channels.json")["web"]
    sent = {"X-API-Key": key, "Idempotency-Key": "1", "traceparent": f"00-{TRACE}-{CALLER}-01"}
    async with httpx.AsyncClient(base_url=with_mail.url, headers=sent, trust_env=False) as client:
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
