"""The recipient of a message is requested from a real intake when it is sent, and the response is not stored."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.feedback.gateways.file import FileGateway
from services.feedback.gateways.recipients import ContactMethod, Recipient
from services.feedback.notifications.contacts import ERASED, NOTHING_LEFT, UNUSABLE, ContactClient
from services.feedback.notifications.messages import NO_CONTACT
from services.feedback.notifications.projection import notification_projection
from services.feedback.notifications.sending import messages
from services.feedback.ratings.domain import Reaction
from services.intake.channels import keys
from services.intake.settings import IntakeSettings
from shared.chassis.aggregates.repository import Repositories, Repository
from shared.chassis.base.tokens import Tokens
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.work.intent_sender import IntentSender
from shared.chassis.work.intents import RecipientsUnavailable
from shared.contracts.demand import facts as f
from shared.contracts.demand.rules import demand_rules
from shared.contracts.demand.state import Demand, Service
from shared.contracts.event_types import parse
from shared.identity.citizen_links import CitizenLinks
from tests import story
from tests.built import Built
from tests.chassis.conftest import Log, envelope
from tests.eventually import eventually
from tests.keys import KEYS
from tests.packs import shipped

PHONE = "13800138000"


class Line(httpx.AsyncBaseTransport):
    """A connection to intake that can be interrupted or return another response."""

    def __init__(self, intake: httpx.ASGITransport) -> None:
        self.intake, self.asked = intake, list[dict[str, Any]]()
        self.instead: httpx.Response | httpx.TransportError | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(json.loads(request.content))
        if isinstance(self.instead, httpx.TransportError):
            raise self.instead
        return self.instead or await self.intake.handle_async_request(request)


@dataclass
class Town:
    """Intake with a client of a channel, and feedback with its sender."""

    front: httpx.AsyncClient
    intake: Pool
    feedback: Pool
    line: Line
    repository: Repository[Demand, f.Fact]
    sender: IntentSender[Recipient]
    contacts: ContactClient
    out: Path
    log: Log = field(default_factory=Log)

    async def submitted(self, contact: dict[str, str] | None, kind: f.ChannelKind = f.ChannelKind.WEB) -> str:
        """Submit a demand to intake, deliver it to feedback, and return its number."""
        body = {"title": "路面破损", "division": "440605011001", "contact": contact}
        key = str(self.log.end)
        number = str(
            (await self.front.post("/v1/demands", json=body, headers={"Idempotency-Key": key})).json()["number"]
        )
        async with self.intake.acquire() as db:
            id, payload = await db.fetchrow("SELECT aggregateid, payload FROM journal WHERE subject = $1", number)
        fact = parse("demand.submitted.v1", payload).model_copy(update={"channel_kind": kind})
        await Delivery(self.feedback, Repositories.of(self.repository), "cluster").deliver(
            [self.log.record(envelope(fact, 1, id))]
        )
        return number

    async def sighted(self, number: str, kind: f.ChannelKind, contact: dict[str, str] | None) -> None:
        """Record a sighting by another channel, and deliver it to feedback."""
        key = await keys.add(self.intake, f"other-{kind}", kind, "Other")
        response = await self.front.post(
            f"/v1/demands/{number}/sightings",
            json={"external_id": "call-9", "contact": contact},
            headers={"X-API-Key": key},
        )
        assert response.status_code == 201, response.text
        async with self.intake.acquire() as db:
            id, payload = await db.fetchrow(
                "SELECT aggregateid, payload FROM journal WHERE subject = $1 AND type = 'demand.supported.v1'", number
            )
        record = self.log.record(envelope(parse("demand.supported.v1", payload), None, id))
        await Delivery(self.feedback, Repositories.of(self.repository), "cluster").deliver([record])

    @property
    def sent(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.read_text("utf-8").splitlines()] if self.out.exists() else []

    async def outcomes(self) -> list[tuple[str, str | None]]:
        async with self.feedback.acquire() as db:
            return [tuple(row) for row in await db.fetch("SELECT state, cause FROM intent ORDER BY position")]

    async def notes(self, pool: Pool, kind: str) -> list[dict[str, Any]]:
        async with pool.acquire() as db:
            rows = await db.fetch("SELECT payload FROM journal WHERE type = $1 ORDER BY position", f"demand.{kind}.v1")
        return [json.loads(row["payload"]) for row in rows]

    async def count_asked(self) -> int:
        return len(self.line.asked)

    async def due_again(self) -> None:
        async with self.feedback.acquire() as db:
            await db.execute("UPDATE intent SET due_at = now() WHERE state = 'pending'")


@pytest.fixture
async def town(intake_built: Built, database: str, tmp_path: Path) -> AsyncIterator[Town]:
    settings = IntakeSettings.model_validate(KEYS | {"DATABASE_URL": database})
    tokens = Tokens(settings.secret, 60)
    async with (
        await open_pool(database, "intake") as intake,
        await open_pool(database, "feedback") as feedback,
        intake_built.on(intake) as served,
    ):
        key = await keys.add(intake, "web", f.ChannelKind.WEB, "Web")
        transport = httpx.ASGITransport(served)
        line = Line(transport)
        notices = notification_projection(shipped(), CitizenLinks.at("http://here", settings.secret))
        repository: Repository[Demand, f.Fact] = Repository(
            "demand", demand_rules(Service.FEEDBACK, Reaction(shipped())), notices
        )
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://intake", headers={"X-API-Key": key}) as front,
            httpx.AsyncClient(transport=line, base_url="http://intake") as intake_client,
        ):
            contacts = ContactClient(intake_client, tokens, dict.fromkeys(ContactMethod, "file"))
            kind = messages(repository, contacts.recipients, [FileGateway(tmp_path / "out")], shipped())
            sender = IntentSender(feedback, kind, clock=lambda: story.AT)
            yield Town(front, intake, feedback, line, repository, sender, contacts, tmp_path / "out")


async def test_a_message_goes_to_the_telephone_of_the_contact_and_its_record_hides_the_number(town: Town):
    await town.submitted({"name": "邹", "phone": PHONE, "email": "z@example.net"})
    assert await town.sender.send_some() == 1
    (message,) = town.sent
    assert (message["to"], message["by"]) == ("138****8000", "phone")
    assert PHONE not in town.out.read_text("utf-8")
    assert await town.outcomes() == [("sent", None)]


async def test_each_access_to_a_contact_is_recorded_with_the_field_and_the_template(town: Town):
    await town.submitted({"name": "邹", "phone": PHONE})
    await town.sender.send_some()
    (viewed,) = await town.notes(town.intake, "personal-data-viewed")
    assert viewed == {"by": "service:feedback", "fields": ["phone"], "why": "submitted"}
    ((questions,),) = (request["questions"] for request in town.line.asked)
    assert (questions["why"], questions["ways"]) == ("submitted", ["phone", "wechat", "email"])


@pytest.mark.parametrize(
    ("kind", "contact", "address", "fields"),
    [
        (f.ChannelKind.WEB, {"email": "zou@example.net"}, "z****@example.net", ["phone", "wechat", "email"]),
        (f.ChannelKind.EMAIL, {"email": "zou@example.net"}, "z****@example.net", ["email", "phone", "wechat"]),
        (f.ChannelKind.WECHAT, {"wechat": "oTheOpenIdOfSomebody42"}, "oTh****dy42", ["wechat", "phone", "email"]),
        (f.ChannelKind.WECHAT, {"phone": PHONE}, "138****8000", ["wechat", "phone", "email"]),
    ],
)
async def test_a_citizen_is_reached_by_the_address_of_the_contact(
    town: Town, kind: f.ChannelKind, contact: dict[str, str], address: str, fields: Sequence[str]
):
    await town.submitted(contact, kind)
    await town.sender.send_some()
    assert [message["to"] for message in town.sent] == [address]
    assert [request["questions"][0]["ways"] for request in town.line.asked] == [fields]
    assert len(await town.notes(town.intake, "personal-data-viewed")) == 1, "what is not there is not shown"


@pytest.mark.parametrize(
    ("kind", "contact", "address"),
    [
        (f.ChannelKind.HOTLINE, {"phone": "13900139000", "wechat": "oTheOpenIdOfSomebody42"}, "139****9000"),
        (f.ChannelKind.WECHAT, {"phone": "13900139000", "wechat": "oTheOpenIdOfSomebody42"}, "oTh****dy42"),
    ],
)
async def test_a_person_of_a_sighting_gets_messages_on_their_own_channel(
    town: Town, kind: f.ChannelKind, contact: dict[str, str], address: str
):
    number = await town.submitted({"phone": PHONE})
    await town.sender.send_some()
    await town.sighted(number, kind, contact)
    await town.sender.send_some()
    first, second = town.sent
    assert (first["to"], first["template"]) == ("138****8000", "submitted")
    assert (second["to"], second["template"], number in second["body"]) == (address, "supported", True)
    assert (await town.notes(town.intake, "personal-data-viewed"))[-1]["why"] == "supported"


async def test_a_sighting_without_a_contact_causes_no_message(town: Town):
    number = await town.submitted({"phone": PHONE})
    await town.sighted(number, f.ChannelKind.HOTLINE, None)
    assert await town.sender.send_some() == 1
    assert [message["template"] for message in town.sent] == ["submitted"]


async def test_no_recipient_is_requested_for_a_demand_without_a_contact(town: Town):
    await town.submitted(None)
    assert await town.sender.send_some() == 0
    assert town.line.asked == []
    assert await town.outcomes() == [("skipped", NO_CONTACT)]


async def test_an_erased_contact_gets_no_message_and_the_record_says_why(town: Town):
    number = await town.submitted({"phone": PHONE})
    coordinator = town.contacts.tokens.write(
        "staff", {"name": "主任", "unit": "nh-coordinator", "roles": ["personal-data"]}
    )
    erased = await town.front.post(
        f"/v1/demands/{number}/contact/erasure",
        json={"why": "本人要求删除"},
        headers={"Authorization": f"Bearer {coordinator}"},
    )
    assert erased.status_code == 200, erased.text
    assert await town.sender.send_some() == 1
    assert await town.sender.send_some() == 0, "not asked for ever"
    assert (town.sent, await town.outcomes()) == ([], [("skipped", ERASED)])
    (note,) = await town.notes(town.feedback, "notification-failed")
    assert note["cause"] == ERASED


async def test_a_contact_with_only_a_name_gets_no_message(town: Town):
    await town.submitted({"name": "邹"})
    await town.sender.send_some()
    assert (town.sent, await town.outcomes()) == ([], [("skipped", NOTHING_LEFT.format(means="phone, wechat, email"))])


@pytest.mark.faults
@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.Response(503),
        httpx.Response(401),
        httpx.Response(200, text="<html>"),
        httpx.Response(404, text="nginx"),
    ],
)
async def test_no_message_is_lost_or_sent_twice_while_intake_is_away(
    town: Town, failure: httpx.Response | httpx.TransportError
):
    for _ in range(3):
        await town.submitted({"phone": PHONE})
    town.line.instead = failure
    for _ in range(2):
        with pytest.raises(RecipientsUnavailable):
            await town.sender.send_some()
    assert len(town.line.asked) == 2, "the others are not tried while nobody answers"
    assert await town.outcomes() == [("pending", None)] * 3
    town.line.instead = None
    assert await town.sender.send_some() == 3
    assert await town.sender.send_some() == 0
    assert len({message["id"] for message in town.sent}) == len(town.sent) == 3
    assert len(await town.notes(town.feedback, "notification-sent")) == 3


@pytest.mark.faults
async def test_the_sender_goes_on_by_itself_when_intake_is_back(town: Town):
    await town.submitted({"phone": PHONE})
    town.line.instead = httpx.ConnectError("refused")
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(town.sender.run())
        await eventually(town.count_asked, lambda asked: asked >= 2)
        town.line.instead = None
        await eventually(town.outcomes, lambda message: message == [("sent", None)])
        task.cancel()
    assert len(town.sent) == 1


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(500),
        httpx.Response(422, json={"type": "https://huying.example/problems/invalid"}),
        httpx.Response(200, json={"answers": [{"state": "unknown"}]}),
    ],
)
async def test_an_invalid_response_of_intake_postpones_one_message(town: Town, response: httpx.Response):
    await town.submitted({"phone": PHONE})
    town.line.instead = response
    assert await town.sender.send_some() == 1
    ((state, cause),) = await town.outcomes()
    assert (state, "intake" in str(cause), await town.sender.send_some()) == ("pending", True, 0)
    town.line.instead = None
    await town.due_again()
    assert (await town.sender.send_some(), len(town.sent)) == (1, 1)


async def test_imported_history_requests_no_recipients(town: Town):
    submission = story.SUBMISSION.model_copy(update={"imported": True, "contact": UUID(int=1)})
    await Delivery(town.feedback, Repositories.of(town.repository), "cluster").deliver(town.log.records(submission))
    assert (await town.sender.send_some(), town.line.asked) == (0, [])


@pytest.mark.parametrize(
    ("means", "address", "stored"),
    [
        (ContactMethod.PHONE, "+86 138-0013-8000", "861****8000"),
        (ContactMethod.PHONE, "86228888", "****"),
        (ContactMethod.EMAIL, "zou@example.net", "z****@example.net"),
        (ContactMethod.EMAIL, "no address", "****"),
        (ContactMethod.WECHAT, "short", "****"),
    ],
)
def test_an_address_is_stored_only_masked(means: ContactMethod, address: str, stored: str):
    recipient = Recipient(means, address)
    assert (recipient.masked, address in repr(recipient)) == (stored, False)


async def test_an_invalid_address_goes_to_no_gateway_and_delays_no_other(town: Town):
    await town.submitted({"email": '"'})
    await town.submitted({"phone": "１３８００１３８０００"})
    while await town.sender.send_some():
        pass
    assert [message["to"] for message in town.sent] == ["138****8000"]
    assert await town.outcomes() == [("skipped", UNUSABLE.format(means="email")), ("sent", None)]


async def test_a_contact_without_a_telephone_is_reached_at_another_address(town: Town):
    await town.submitted({"phone": "无", "email": "zou@example.net"})
    await town.submitted({"phone": "无", "email": '"'})
    await town.submitted({"phone": "无", "name": "邹"})
    while await town.sender.send_some():
        pass
    assert [message["to"] for message in town.sent] == ["z****@example.net"]
    skipped = ("skipped", UNUSABLE.format(means="phone"))
    assert await town.outcomes() == [("sent", None), skipped, skipped]
