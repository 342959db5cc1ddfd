"""What people write to a number that is bound by SMPP reaches intake once, and the centre keeps it until then."""

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
from services.intake import app as intake
from services.intake import assembled
from services.intake.channels.gateway_settings import GatewayRegistry
from services.intake.settings import IntakeSettings
from services.intake.vault.contact import Contact
from services.intake.vault.opt_outs import OptOuts
from services.intake.vault.sealing import Vault
from shared.chassis.base.tokens import Tokens
from shared.chassis.database.pool import Pool, open_pool
from shared.contracts.demand.facts import ChannelKind
from tests.eventually import ended, eventually
from tests.feedback.test_smpp import Centre, at_once, centre, told
from tests.intake.inbound.conftest import DISTRICT, channel, facts, kinds, secrets_of
from tests.intake.test_notes import stands_at
from tests.keys import KEYS
from tests.serving import running

__all__ = ["centre"]
ME = "8613800138000"
NOT_NOW, NOT_EVER = 0x64, 0x66


@dataclass
class Away(httpx.AsyncBaseTransport):
    """The way to intake, which may be cut: before a request arrives, or before its answer comes back."""

    inner: httpx.AsyncBaseTransport
    cut: list[str] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        where = self.cut.pop(0) if self.cut else ""
        if where == "before":
            raise httpx.ConnectError("away")
        answer = await self.inner.handle_async_request(request)
        if where == "after":
            raise httpx.ReadTimeout("too late")
        return answer


@dataclass
class Bound:
    """A gateway that listens on its bind, the centre on the other side, and the intake that gets what people write."""

    running: Centre
    gateway: SmppGateway
    intake: Pool
    way: Away
    vault: Vault

    async def writes(
        self, words: str, coding: int = 8, sender: str = ME, charset: str = "utf-16-be", kind: int = 0
    ) -> int:
        """Somebody writes; the status with which it was acknowledged."""
        written = words.encode(charset)
        short, long = (written, []) if len(written) <= 254 else (b"", [smpp34.Tlv(smpp34.TLV_MESSAGE_PAYLOAD, written)])
        said = await self.running.bound[-1].deliver_sm(
            "12345", short, source_addr=sender, data_coding=coding, esm_class=kind, tlvs=long
        )
        return int(said.command_status)

    async def is_bound(self, times: int) -> None:
        async def binds() -> int:
            return len(self.running.bound)

        await eventually(binds, lambda found: found == times)


@pytest.fixture
async def bound(pool: Pool, database: str, centre: tuple[Centre, int]) -> AsyncIterator[Bound]:
    running_centre, port = centre
    settings = IntakeSettings.model_validate(KEYS | {"DATABASE_URL": database})
    async with await open_pool(database, "intake") as theirs:
        vault = assembled.vault(settings)
        await channel(theirs, vault, ChannelKind.SMS)
        async with running("intake", intake.api(settings, theirs)) as served:
            way = Away(httpx.ASGITransport(served, raise_app_exceptions=False))
            async with httpx.AsyncClient(transport=way, base_url="http://intake") as client:
                gateway = SmppGateway("sms", told(port, channel="sms"), pause=at_once)
                gateway.take_text = InboundTexts(pool, client, Tokens(KEYS["secret"])).take
                listening = asyncio.create_task(gateway.listen())
                built = Bound(running_centre, gateway, theirs, way, vault)
                await built.is_bound(1)
                yield built
                await ended(listening)
                await gateway.close()


async def given(pool: Pool) -> Sequence[dict[str, Any]]:
    return [fact for fact in await facts(pool) if fact["type"].startswith("demand.verdict-given")]


async def test_the_answer_to_a_message_is_the_verdict_on_it(bound: Bound):
    assert await bound.writes("桂澜路28号对面水管漏水") == 0
    await stands_at(bound.intake, (await facts(bound.intake))[0]["number"], "resolved")
    assert await bound.writes("不满意 水还在漏") == 0
    (verdict,) = await given(bound.intake)
    assert (verdict["rating"], verdict["solved"], verdict["comment"], verdict["asked"]) == (2, False, "水还在漏", "sms")


@pytest.mark.parametrize(("coding", "charset"), [(0, "ascii"), (8, "utf-16-be"), (15, "gb18030")])
async def test_one_word_stops_all_messages_whatever_it_is_written_in(bound: Bound, coding: int, charset: str):
    assert await bound.writes("TD" if coding == 0 else "退订", coding, charset=charset) == 0
    opt_outs = OptOuts(bound.vault)
    async with bound.intake.acquire() as db:
        assert await opt_outs.among(db, opt_outs.persons(Contact(phone="13800138000")))


@pytest.mark.parametrize("where", ["before", "after"])
async def test_what_intake_did_not_take_stays_at_the_centre_and_is_taken_once_when_it_comes_again(
    bound: Bound, pool: Pool, where: str
):
    bound.way.cut.append(where)
    assert await bound.writes("三巷路灯不亮") == NOT_NOW
    assert await bound.writes("三巷路灯不亮") == 0
    assert await kinds(bound.intake) == ["submitted"]
    assert await pool.fetchval("SELECT count(*) FROM inbound_text WHERE taken_at IS NOT NULL") == 1


async def test_what_was_acknowledged_on_a_bind_that_broke_is_the_same_when_it_comes_again(bound: Bound):
    assert await bound.writes("三巷路灯不亮") == 0
    await bound.running.bound[0].unbind()
    await bound.is_bound(2)
    assert await bound.writes("三巷路灯不亮") == 0
    assert await kinds(bound.intake) == ["submitted"]
    assert await bound.writes("三巷路灯不亮") == 0
    assert await kinds(bound.intake) == ["submitted", "supplemented"], "acknowledged on this bind, so it was said again"


async def test_words_without_a_channel_are_refused_and_those_of_an_unknown_channel_are_kept(bound: Bound):
    bound.gateway.channel = "nowhere"
    assert await bound.writes("路灯不亮") == NOT_NOW
    bound.gateway.channel = ""
    assert await bound.writes("路灯不亮") == NOT_EVER
    assert await kinds(bound.intake) == []


async def test_the_door_is_for_services_alone(bound: Bound):
    async with httpx.AsyncClient(transport=bound.way.inner, base_url="http://intake") as client:
        body = {"id": "0b6f4c1e-5a51-4b61-9a51-9c2f0e6a4d11", "sender": ME, "words": "", "charset": "utf-8"}
        assert (await client.post("/inbound/sms/sms/texts", json=body)).status_code == 401


@pytest.mark.parametrize("kind", [0x08, 0x10, 0x18, 0x20, 0x48])
async def test_acknowledgements_and_news_of_messages_are_nobodys_words(bound: Bound, kind: int):
    assert await bound.writes("已收到", kind=kind) == 0
    assert await kinds(bound.intake) == []


@pytest.mark.parametrize("kind", [0x01, 0x40, 0x80])
async def test_words_are_taken_in_whatever_mode_they_come(bound: Bound, kind: int):
    assert await bound.writes("三巷路灯不亮", kind=kind) == 0
    assert await kinds(bound.intake) == ["submitted"]


@pytest.mark.parametrize("words", ["桂澜路28号对面水管漏水" * 600, "桂澜路水管漏水" + "a\x00b" * 900])
async def test_a_text_of_any_length_that_the_protocol_allows_is_taken(bound: Bound, words: str):
    assert await bound.writes(words) == 0
    (fact,) = [fact for fact in await facts(bound.intake) if "submitted" in fact["type"]]
    assert fact["text"].startswith("桂澜路")


@pytest.mark.parametrize("counted", ["header", "parameters"])
async def test_parts_of_a_long_text_are_one_however_the_centre_counts_them(bound: Bound, counted: str):
    words = "桂澜路28号对面水管漏水，墙也湿了".encode("utf-16-be")
    for number, piece in ((2, words[20:]), (1, words[:20]), (1, words[:20])):
        sar = [smpp34.Tlv(0x020C, b"\x01\x07"), smpp34.Tlv(0x020E, b"\x02"), smpp34.Tlv(0x020F, bytes((number,)))]
        kind, head, more = (0x40, bytes((5, 0, 3, 7, 2, number)), []) if counted == "header" else (0, b"", sar)
        said = await bound.running.bound[-1].deliver_sm(
            "12345", head + piece, source_addr=ME, data_coding=8, esm_class=kind, tlvs=more
        )
        assert said.command_status == 0
    assert [fact["text"] for fact in await facts(bound.intake)] == [words.decode("utf-16-be")]


@pytest.mark.parametrize(("sender", "phone"), [("", ""), ("1380\x0113800\x7f0", "1380138000"), ("1" * 60, "1" * 32)])
async def test_a_text_from_an_odd_sender_is_taken(bound: Bound, sender: str, phone: str):
    assert await bound.writes("三巷路灯不亮", sender=sender) == 0
    assert await kinds(bound.intake) == ["submitted"]
    assert f'"phone":"{phone}"' in await secrets_of(bound.intake, bound.vault)


async def test_texts_without_a_sender_are_not_one_conversation(bound: Bound):
    assert [await bound.writes(words, sender="") for words in ("三巷路灯不亮", "TD", "五巷水管漏水")] == [0, 0, 0]
    assert await kinds(bound.intake) == ["submitted", "submitted"]


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_what_intake_cannot_read_is_not_asked_for_again_and_is_counted(bound: Bound, pool: Pool, status: int):
    def refuse(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status)

    before = counted()
    async with httpx.AsyncClient(transport=httpx.MockTransport(refuse), base_url="http://intake") as client:
        bound.gateway.take_text = InboundTexts(pool, client, Tokens(KEYS["secret"])).take
        with capture_logs() as logs:
            assert await bound.writes("三巷路灯不亮") == NOT_EVER
    assert counted() == before + 1
    assert [log["log_level"] for log in logs if "is lost" in log["event"]] == ["error"]


def counted() -> float:
    return REGISTRY.get_sample_value("huying_inbound_texts_refused_total", {"gateway": "sms"}) or 0


async def test_what_a_channel_without_a_division_cannot_take_stays_at_the_centre(bound: Bound):
    await GatewayRegistry(bound.intake, bound.vault).put("sms", {"division": None})
    assert await bound.writes("三巷路灯不亮") == NOT_NOW
    await GatewayRegistry(bound.intake, bound.vault).put("sms", {"division": DISTRICT})
    assert await bound.writes("三巷路灯不亮") == 0
    assert await kinds(bound.intake) == ["submitted"]
