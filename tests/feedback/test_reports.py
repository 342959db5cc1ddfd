"""Delivery reports settle unknown outcomes, record outcomes once, and need the key."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.feedback import app
from services.feedback.gateways.recipients import Recipient
from services.feedback.notifications.queries import one_message
from services.feedback.settings import FeedbackSettings
from shared.chassis.database.pool import Pool
from shared.chassis.http.app import web_app
from shared.chassis.work.intents import Intent, IntentState, Outcome, Rejected, Sent, Unknown
from tests.feedback.senders import Repo, feedback_after, recorded_types, send_all, sending, watching
from tests.feedback.test_sending import WITH_CONTACT
from tests.keys import KEYS

KEY = "0123456789abcdef"
DECLARED = f"""
gateways:
  sms:
    kind: http-sms
    url: http://127.0.0.1:9/send
    reports:
      key: {KEY}
      previous_key: {KEY[::-1]}
      id: ref
      reference: msgid
      state: status
      cause: reason
      delivered: ["1", DELIVRD, "true"]
      failed: ["2", "16", "false"]
      accepted: ["8"]
      answer: got it
use: {{phone: sms}}
"""


class Gateway:
    """A gateway with a fixed outcome."""

    name = "sms"
    at_once = 4

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.given = 0

    async def send(self, intent: Intent, recipient: Recipient) -> Outcome:
        self.given += 1
        return self.outcome

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
async def client(pool: Pool, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    file = tmp_path / "gateways.yaml"
    file.write_text(DECLARED)
    settings = FeedbackSettings.model_validate(KEYS | {"DATABASE_URL": "postgresql://u@127.0.0.1/x", "gateways": file})
    application = web_app("feedback", app.api(settings, pool).routers)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://here") as opened:
        yield opened


async def a_message(pool: Pool, repository: Repo, outcome: Outcome) -> UUID:
    """Send a message to a gateway and return its id."""
    await feedback_after(pool, repository, WITH_CONTACT)
    sender = sending(pool, repository, Gateway(outcome))
    await send_all(sender)
    id: UUID = await pool.fetchval("SELECT id FROM intent")
    return id


async def state(pool: Pool, id: UUID) -> IntentState:
    async with pool.acquire() as db:
        row = await one_message(db, id)
    assert row
    return row.state


async def report(client: httpx.AsyncClient, key: str = KEY, **fields: Any) -> httpx.Response:
    return await client.get("/inbound/reports/sms", params={"key": key, **fields})


@pytest.mark.parametrize(
    ("outcome", "status", "after", "recorded"),
    [
        (Sent(), "1", IntentState.DELIVERED, ["sent"]),
        (Sent(), "16", IntentState.FAILED, ["sent", "failed"]),
        (Sent(), "8", IntentState.SENT, ["sent"]),
        (Unknown("silent"), "1", IntentState.DELIVERED, ["failed", "sent"]),
        (Unknown("silent"), "8", IntentState.SENT, ["failed", "sent"]),
        (Unknown("silent"), "2", IntentState.FAILED, ["failed", "failed"]),
        (Rejected("no"), "1", IntentState.FAILED, ["failed"]),
        (Sent(), "99", IntentState.SENT, ["sent"]),
    ],
)
async def test_a_report_changes_the_state_of_a_message_and_records_its_outcome_once(
    pool: Pool,
    repository: Repo,
    client: httpx.AsyncClient,
    outcome: Outcome,
    status: str,
    after: IntentState,
    recorded: list[str],
):
    id = await a_message(pool, repository, outcome)
    for _ in range(2):
        answer = await report(client, ref=str(id), status=status, reason="no such phone")
        assert (answer.status_code, answer.text) == (200, "got it")
    assert await state(pool, id) is after
    assert await recorded_types(pool) == [f"demand.notification-{fact_type}.v1" for fact_type in recorded]


async def test_both_keys_are_accepted_while_the_operators_key_is_being_changed(client: httpx.AsyncClient):
    answers = [await report(client, key, ref="m1", status="1") for key in (KEY, KEY[::-1], "another key of nobody")]
    assert [answer.status_code for answer in answers] == [200, 200, 401]


async def test_a_report_with_the_gateways_own_reference_is_found_in_a_json_list(
    pool: Pool, repository: Repo, client: httpx.AsyncClient
):
    id = await a_message(pool, repository, Sent("m17"))
    reports = [{"msgid": "other", "status": "DELIVRD"}, {"msgid": "m17", "status": True}]
    answer = await client.post("/inbound/reports/sms", json=reports, headers={"X-API-Key": KEY})
    assert answer.status_code == 200, answer.text
    assert await state(pool, id) is IntentState.DELIVERED


async def test_a_report_settles_a_message_of_a_killed_sender_before_it_is_given_up(
    pool: Pool, repository: Repo, client: httpx.AsyncClient
):
    await feedback_after(pool, repository, WITH_CONTACT)
    id: UUID = await pool.fetchval(
        "UPDATE intent SET state = 'sending', attempts = 1, via = 'sms', claimed_at = now() - interval '1 hour'"
        " RETURNING id"
    )
    assert (await report(client, ref=str(id), status="1")).status_code == 200
    gateway = Gateway(Sent())
    sender = sending(pool, repository, gateway)
    assert await watching(sender).give_up_some() == 0
    await send_all(sender)
    assert (gateway.given, await state(pool, id)) == (0, IntentState.DELIVERED)
    assert await recorded_types(pool) == ["demand.notification-sent.v1"]


async def test_a_message_reported_as_sent_is_not_sent_again_although_the_gateway_had_postponed_it(
    pool: Pool, repository: Repo, client: httpx.AsyncClient
):
    await feedback_after(pool, repository, WITH_CONTACT)
    id: UUID = await pool.fetchval(
        "UPDATE intent SET attempts = 1, via = 'sms', waits = 'retry', due_at = now() + interval '1 hour' RETURNING id"
    )
    await report(client, ref=str(id), status="1")
    assert await state(pool, id) is IntentState.DELIVERED


@pytest.mark.parametrize("path", ["sms", "mail"])
async def test_a_report_without_the_key_changes_nothing(
    pool: Pool, repository: Repo, client: httpx.AsyncClient, path: str
):
    id = await a_message(pool, repository, Unknown("silent"))
    for key in ("", "wrong-key-of-the-same"):
        answer = await client.get(f"/inbound/reports/{path}", params={"key": key, "ref": str(id), "status": "1"})
        assert answer.status_code == 401, answer.text
    assert await state(pool, id) is IntentState.UNKNOWN


async def test_an_invalid_report_is_refused_with_a_reason(client: httpx.AsyncClient):
    assert (await report(client, ref="no id", status="1")).status_code == 200
    invalid = await client.post("/inbound/reports/sms", content=b"[1", headers={"X-API-Key": KEY})
    assert (invalid.status_code, "JSON" in invalid.text) == (422, True)
