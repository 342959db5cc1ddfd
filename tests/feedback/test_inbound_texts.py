"""Text messages to a number that is bound by SMPP reach intake once, and the centre keeps them until then."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import smpp34
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from services.feedback.gateways.inbound_texts import InboundTexts
from services.feedback.gateways.smpp import SmppGateway
from services.intake import assembled
from services.intake.channels.gateway_settings import GatewayRegistry
from services.intake.settings import IntakeSettings
from services.intake.vault.contact import Contact
from services.intake.vault.opt_outs import OptOuts
from services.intake.vault.sealing import Vault
from shared.chassis.base.tokens import Tokens
from shared.chassis.database.pool import Pool, open_pool
from shared.contracts.demand.facts import ChannelKind
from tests.built import Built
from tests.eventually import ended, eventually
from tests.feedback.test_smpp import Centre, centre, declaration, no_pause
from tests.intake.inbound.conftest import DISTRICT, channel, facts, kinds, secrets_of
from tests.intake.test_notes import stands_at
from tests.keys import KEYS

__all__ = ["centre"]
ME = "8613800138000"
NOT_NOW, NOT_EVER = 0x64, 0x66


@dataclass
class Away(httpx.AsyncBaseTransport):
    """A connection to intake that can be interrupted before a request arrives, or before its response returns."""

    inner: httpx.AsyncBaseTransport
    cut: list[str] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        failure = self.cut.pop(0) if self.cut else ""
        if failure == "before":
            raise httpx.ConnectError("away")
        answer = await self.inner.handle_async_request(request)
        if failure == "after":
            raise httpx.ReadTimeout("too late")
        return answer


@dataclass
class Bound:
    """A gateway that receives on its bind, the message centre, and the intake that gets the messages."""

    running: Centre
    gateway: SmppGateway
    intake: Pool
    way: Away
    vault: Vault

    async def writes(
        self, words: str, coding: int = 8, sender: str = ME, charset: str = "utf-16-be", kind: int = 0
    ) -> int:
        """A person sends a text; returns the status of its acknowledgement."""
        encoded = words.encode(charset)
        short, long = (encoded, []) if len(encoded) <= 254 else (b"", [smpp34.Tlv(smpp34.TLV_MESSAGE_PAYLOAD, encoded)])
        response = await self.running.bound[-1].deliver_sm(
            "12345", short, source_addr=sender, data_coding=coding, esm_class=kind, tlvs=long
        )
        return int(response.command_status)

    async def is_bound(self, times: int) -> None:
        async def binds() -> int:
            return len(self.running.bound)

        await eventually(binds, lambda found: found == times)


@pytest.fixture
async def connected(intake_built: Built, pool: Pool, database: str, centre: tuple[Centre, int]) -> AsyncIterator[Bound]:
    running_centre, port = centre
    settings = IntakeSettings.model_validate(KEYS | {"DATABASE_URL": database})
    async with await open_pool(database, "intake") as intake_pool:
        vault = assembled.vault(settings)
        await channel(intake_pool, vault, ChannelKind.SMS)
        async with intake_built.on(intake_pool) as application:
            transport = Away(httpx.ASGITransport(application, raise_app_exceptions=False))
            async with httpx.AsyncClient(transport=transport, base_url="http://intake") as client:
                gateway = SmppGateway("sms", declaration(port, channel="sms"), pause=no_pause)
                gateway.take_text = InboundTexts(pool, client, Tokens(KEYS["secret"])).take
                listening = asyncio.create_task(gateway.listen())
                built = Bound(running_centre, gateway, intake_pool, transport, vault)
                await built.is_bound(1)
                yield built
                await ended(listening)
                await gateway.close()


async def received_texts(pool: Pool) -> Sequence[dict[str, Any]]:
    return [fact for fact in await facts(pool) if fact["type"].startswith("demand.verdict-given")]


async def test_the_answer_to_a_message_is_the_verdict_on_it(connected: Bound):
    assert await connected.writes("桂澜路28号对面水管漏水") == 0
    await stands_at(connected.intake, (await facts(connected.intake))[0]["number"], "resolved")
    assert await connected.writes("不满意 水还在漏") == 0
    (verdict,) = await received_texts(connected.intake)
    assert (verdict["rating"], verdict["solved"], verdict["comment"], verdict["asked"]) == (2, False, "水还在漏", "sms")


@pytest.mark.parametrize(("coding", "charset"), [(0, "ascii"), (8, "utf-16-be"), (15, "gb18030")])
async def test_one_word_stops_all_messages_in_every_charset(connected: Bound, coding: int, charset: str):
    assert await connected.writes("TD" if coding == 0 else "退订", coding, charset=charset) == 0
    opt_outs = OptOuts(connected.vault)
    async with connected.intake.acquire() as db:
        assert await opt_outs.among(db, opt_outs.persons(Contact(phone="13800138000")))


@pytest.mark.parametrize("failure", ["before", "after"])
async def test_a_text_that_intake_did_not_accept_stays_at_the_centre_and_is_accepted_once_later(
    connected: Bound, pool: Pool, failure: str
):
    connected.way.cut.append(failure)
    assert await connected.writes("三巷路灯不亮") == NOT_NOW
    assert await connected.writes("三巷路灯不亮") == 0
    assert await kinds(connected.intake) == ["submitted"]
    assert await pool.fetchval("SELECT count(*) FROM inbound_text WHERE taken_at IS NOT NULL") == 1


async def test_a_text_acknowledged_on_a_broken_bind_is_recognised_when_it_comes_again(connected: Bound):
    assert await connected.writes("三巷路灯不亮") == 0
    await connected.running.bound[0].unbind()
    await connected.is_bound(2)
    assert await connected.writes("三巷路灯不亮") == 0
    assert await kinds(connected.intake) == ["submitted"]
    assert await connected.writes("三巷路灯不亮") == 0
    assert await kinds(connected.intake) == ["submitted", "supplemented"], (
        "acknowledged on this bind, so it was said again"
    )


async def test_a_text_without_a_channel_is_refused_and_one_of_an_unknown_channel_is_kept(connected: Bound):
    connected.gateway.channel = "nowhere"
    assert await connected.writes("路灯不亮") == NOT_NOW
    connected.gateway.channel = ""
    assert await connected.writes("路灯不亮") == NOT_EVER
    assert await kinds(connected.intake) == []


async def test_the_route_is_only_for_services(connected: Bound):
    async with httpx.AsyncClient(transport=connected.way.inner, base_url="http://intake") as client:
        body = {"id": "0b6f4c1e-5a51-4b61-9a51-9c2f0e6a4d11", "sender": ME, "words": "", "charset": "utf-8"}
        assert (await client.post("/inbound/sms/sms/texts", json=body)).status_code == 401


@pytest.mark.parametrize("kind", [0x08, 0x10, 0x18, 0x20, 0x48])
async def test_acknowledgements_and_receipts_are_not_texts_of_people(connected: Bound, kind: int):
    assert await connected.writes("已收到", kind=kind) == 0
    assert await kinds(connected.intake) == []


@pytest.mark.parametrize("kind", [0x01, 0x40, 0x80])
async def test_texts_are_accepted_in_every_message_mode(connected: Bound, kind: int):
    assert await connected.writes("三巷路灯不亮", kind=kind) == 0
    assert await kinds(connected.intake) == ["submitted"]


@pytest.mark.parametrize("words", ["桂澜路28号对面水管漏水" * 600, "桂澜路水管漏水" + "a\x00b" * 900])
async def test_a_text_of_every_allowed_length_is_accepted(connected: Bound, words: str):
    assert await connected.writes(words) == 0
    (fact,) = [fact for fact in await facts(connected.intake) if "submitted" in fact["type"]]
    assert fact["text"].startswith("桂澜路")


@pytest.mark.parametrize("numbering", ["header", "parameters"])
async def test_parts_of_a_long_text_are_joined_with_either_numbering(connected: Bound, numbering: str):
    words = "桂澜路28号对面水管漏水，墙也湿了".encode("utf-16-be")
    for number, part_text in ((2, words[20:]), (1, words[:20]), (1, words[:20])):
        sar = [smpp34.Tlv(0x020C, b"\x01\x07"), smpp34.Tlv(0x020E, b"\x02"), smpp34.Tlv(0x020F, bytes((number,)))]
        kind, head, options = (0x40, bytes((5, 0, 3, 7, 2, number)), []) if numbering == "header" else (0, b"", sar)
        response = await connected.running.bound[-1].deliver_sm(
            "12345", head + part_text, source_addr=ME, data_coding=8, esm_class=kind, tlvs=options
        )
        assert response.command_status == 0
    assert [fact["text"] for fact in await facts(connected.intake)] == [words.decode("utf-16-be")]


@pytest.mark.parametrize(("sender", "phone"), [("", ""), ("1380\x0113800\x7f0", "1380138000"), ("1" * 60, "1" * 32)])
async def test_a_text_from_an_unusual_sender_is_accepted(connected: Bound, sender: str, phone: str):
    assert await connected.writes("三巷路灯不亮", sender=sender) == 0
    assert await kinds(connected.intake) == ["submitted"]
    assert f'"phone":"{phone}"' in await secrets_of(connected.intake, connected.vault)


async def test_texts_without_a_sender_are_separate_conversations(connected: Bound):
    assert [await connected.writes(words, sender="") for words in ("三巷路灯不亮", "TD", "五巷水管漏水")] == [0, 0, 0]
    assert await kinds(connected.intake) == ["submitted", "submitted"]


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_text_that_intake_cannot_read_is_not_repeated_and_is_counted(connected: Bound, pool: Pool, status: int):
    def refuse(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status)

    before = counted()
    async with httpx.AsyncClient(transport=httpx.MockTransport(refuse), base_url="http://intake") as client:
        connected.gateway.take_text = InboundTexts(pool, client, Tokens(KEYS["secret"])).take
        with capture_logs() as logs:
            assert await connected.writes("三巷路灯不亮") == NOT_EVER
    assert counted() == before + 1
    assert [log["log_level"] for log in logs if "is lost" in log["event"]] == ["error"]


def counted() -> float:
    return REGISTRY.get_sample_value("huying_inbound_texts_refused_total", {"gateway": "sms"}) or 0


async def test_a_text_for_a_channel_without_a_division_stays_at_the_centre(connected: Bound):
    await GatewayRegistry(connected.intake, connected.vault).put("sms", {"division": None})
    assert await connected.writes("三巷路灯不亮") == NOT_NOW
    await GatewayRegistry(connected.intake, connected.vault).put("sms", {"division": DISTRICT})
    assert await connected.writes("三巷路灯不亮") == 0
    assert await kinds(connected.intake) == ["submitted"]
