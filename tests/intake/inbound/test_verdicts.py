"""A citizen rates the answer by a text message or through a channel; it is recorded as a note for feedback."""

from typing import Any

import httpx
import pytest

from services.intake.inbound.spoken_verdict import spoken_verdict
from services.intake.notes.domain import Rate
from services.intake.personal_data.handler import erase
from services.intake.vault.sealing import Vault
from shared.chassis.base.clock import now
from shared.chassis.base.tokens import Tokens
from shared.chassis.database.pool import Pool
from shared.contracts.demand.facts import ChannelKind
from tests.intake.inbound.conftest import channel, facts, kinds
from tests.intake.test_api import is_a_problem
from tests.intake.test_notes import say, stands_at, taken
from tests.keys import KEYS

ME = "13800138000"


@pytest.fixture
async def key(pool: Pool, vault: Vault) -> str:
    return await channel(pool, vault, ChannelKind.SMS)


async def text(gate: httpx.AsyncClient, key: str, words: str, reference: str, sender: str = ME) -> str:
    parameters = {"from": sender, "text": words, "id": reference, "key": key}
    answer = await gate.get("/inbound/sms/sms", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.text


async def last(pool: Pool) -> dict[str, Any]:
    return (await facts(pool))[-1]


async def number_of_first(pool: Pool) -> str:
    return str((await facts(pool))[0]["number"])


@pytest.mark.parametrize(
    ("words", "rating", "solved", "comment"),
    [
        ("5", 5, True, ""),
        ("５分，谢谢", 5, True, "谢谢"),
        ("4 水修好了", 4, True, "水修好了"),
        ("3，但是没修好", 3, False, "但是没修好"),
        ("满意", 4, True, ""),
        ("非常满意！", 5, True, ""),
        ("不满意 水还在漏", 2, False, "水还在漏"),
        ("2 已解决，但是拖了一个月", 2, True, "已解决,但是拖了一个月"),
        ("未解决，水还在漏", None, False, "水还在漏"),
        ("Very dissatisfied. Nobody came", 1, False, "Nobody came"),
    ],
)
def test_a_verdict_is_read_in_the_forms_that_people_write(words: str, rating: int | None, solved: bool, comment: str):
    assert spoken_verdict(words) == Rate(rating=rating, solved=solved, comment=comment)


@pytest.mark.parametrize(
    "words",
    [
        "5号楼漏水",
        "1楼没水",
        "12345",
        "6",
        "0",
        "满意度调查什么时候开始",
        "已解决",
        "路灯不亮",
        "不满意度很高",
        "2021年的事",
        "",
    ],
)
def test_text_that_is_no_verdict_is_not_read_as_one(words: str):
    assert spoken_verdict(words) is None


async def test_a_reply_to_the_answer_is_the_verdict_on_it(outside: httpx.AsyncClient, pool: Pool, key: str):
    await text(outside, key, "桂澜路28号对面路灯不亮", "1")
    await stands_at(pool, await number_of_first(pool), "resolved")
    reply = await text(outside, key, "不满意 打13800138000没人接，水还在漏", "2")
    assert await kinds(pool) == ["submitted", "verdict-given"]
    verdict_fact = await last(pool)
    assert (verdict_fact["judged"], verdict_fact["rating"], verdict_fact["solved"], verdict_fact["asked"]) == (
        1,
        2,
        False,
        "sms",
    )
    assert ME not in verdict_fact["comment"]
    assert "未解决" in reply


async def test_a_repeated_verdict_gets_the_first_reply(outside: httpx.AsyncClient, pool: Pool, key: str):
    await text(outside, key, "桂澜路28号对面路灯不亮", "1")
    await stands_at(pool, await number_of_first(pool), "resolved")
    assert await text(outside, key, "5", "2") == await text(outside, key, "5", "2")
    assert await kinds(pool) == ["submitted", "verdict-given"]


async def test_a_repeated_verdict_with_number_and_code_gets_the_same_reply(
    client: httpx.AsyncClient, outside: httpx.AsyncClient, pool: Pool, key: str
):
    receipt = await taken(client)
    await stands_at(pool, receipt["number"], "resolved")
    words = f"{receipt['number']} {receipt['code']} 不满意 水还在漏"
    first = await text(outside, key, words, "1", sender="13900139000")
    assert "未解决" in first
    assert await text(outside, key, words, "1", sender="13900139000") == first
    assert await kinds(pool) == ["submitted", "verdict-given"]


async def test_a_digit_is_a_supplement_if_no_verdict_is_expected(outside: httpx.AsyncClient, pool: Pool, key: str):
    await text(outside, key, "桂澜路28号对面路灯不亮", "1")
    await text(outside, key, "5", "2")
    assert await kinds(pool) == ["submitted", "supplemented"]


async def test_nobody_can_rate_the_demand_of_another(outside: httpx.AsyncClient, pool: Pool, key: str):
    await text(outside, key, "桂澜路28号对面路灯不亮", "1")
    await stands_at(pool, await number_of_first(pool), "resolved")
    await text(outside, key, "1", "2", sender="13900139000")
    assert await kinds(pool) == ["submitted", "submitted"]


async def test_a_verdict_is_on_the_waiting_answer_despite_later_messages(
    outside: httpx.AsyncClient, pool: Pool, key: str
):
    await text(outside, key, "桂澜路28号对面路灯不亮", "1")
    first = await number_of_first(pool)
    await stands_at(pool, first, "closed")
    await text(outside, key, "村口的水管漏水", "2")
    await stands_at(pool, first, "resolved")
    assert first in await text(outside, key, "满意", "3")
    assert await kinds(pool) == ["submitted", "submitted", "verdict-given"]


async def message_sent(client: httpx.AsyncClient, pool: Pool, number: str) -> None:
    """Record that a message about the demand was sent to the telephone of its contact."""
    async with pool.acquire() as db:
        contact = await db.fetchval("SELECT state ->> 'contact' FROM demand WHERE state ->> 'number' = $1", number)
    request = {"number": number, "contact": contact, "ways": ["phone"], "why": "resolved"}
    token = Tokens(KEYS["secret"]).write("service", {"service": "feedback"})
    answer = await client.post(
        "/v1/contacts", json={"questions": [request]}, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.json()["answers"][0]["state"] == "known"


async def test_a_person_who_raised_it_on_the_web_can_rate_by_replying_to_the_message(
    client: httpx.AsyncClient, outside: httpx.AsyncClient, pool: Pool, key: str
):
    number = (await taken(client, contact={"name": "陈", "phone": "+86 138-0013-8000"}))["number"]
    await message_sent(client, pool, number)
    await stands_at(pool, number, "resolved")
    assert number in await text(outside, key, "不满意 水还在漏", "1", sender="8613800138000")
    assert (await last(pool))["type"].startswith("demand.verdict-given")
    assert await kinds(pool) == ["submitted", "personal-data-viewed", "verdict-given"]


async def test_a_reply_to_a_message_is_about_its_demand(
    client: httpx.AsyncClient, outside: httpx.AsyncClient, pool: Pool, key: str
):
    number = (await taken(client, contact={"phone": ME}))["number"]
    await message_sent(client, pool, number)
    assert number in await text(outside, key, "旁边那盏也不亮", "1")
    assert await kinds(pool) == ["submitted", "personal-data-viewed", "supplemented"]


async def test_an_erasure_removes_the_link_between_message_and_demand(client: httpx.AsyncClient, pool: Pool):
    number = (await taken(client, contact={"phone": ME}))["number"]
    await message_sent(client, pool, number)
    async with pool.acquire() as db, db.transaction():
        demand_id = await db.fetchval("SELECT demand_id FROM correspondent")
        await erase(db, demand_id, now(), "陈", "本人要求")
        assert await db.fetchval("SELECT count(*) FROM correspondent") == 0


async def test_a_channel_submits_a_verdict_and_names_who_entered_it(client: httpx.AsyncClient, pool: Pool):
    number = (await taken(client))["number"]
    verdict = {"rating": 4, "solved": True, "comment": "来过两次", "entered_by": "陈"}
    early = await say(client, number, "verdict", verdict)
    assert early.status_code == 409
    assert is_a_problem(early)["type"].endswith("illegal-transition")
    await stands_at(pool, number, "resolved")
    assert (await say(client, number, "verdict", verdict)).status_code == 202
    assert (await say(client, number, "verdict", verdict)).status_code == 202
    verdict_fact = await last(pool)
    assert (verdict_fact["rating"], verdict_fact["entered_by"], verdict_fact["asked"]) == (4, "陈", "web")
    assert await kinds(pool) == ["submitted", "verdict-given"]
    otherwise = await say(client, number, "verdict", verdict | {"rating": 1})
    assert is_a_problem(otherwise)["type"].endswith("key-reused")
    assert (await say(client, number, "verdict", {"solved": True}, "s2")).status_code == 422


async def test_a_verdict_has_tags_of_the_pack_and_no_others(client: httpx.AsyncClient, pool: Pool):
    number = (await taken(client))["number"]
    await stands_at(pool, number, "resolved")
    verdict = {"rating": 2, "solved": False, "tags": ["nice"]}
    refused = await say(client, number, "verdict", verdict)
    assert is_a_problem(refused)["errors"][0]["field"] == "tags"
    assert "prompt（办理及时）" in refused.json()["detail"]
    assert (await say(client, number, "verdict", verdict | {"tags": ["slow", "unclear"]})).status_code == 202
    assert (await last(pool))["tags"] == ["slow", "unclear"]


async def test_a_refusal_is_contested_but_not_approved(client: httpx.AsyncClient, pool: Pool):
    number = (await taken(client))["number"]
    await stands_at(pool, number, "declined")
    assert (await say(client, number, "verdict", {"rating": 5, "solved": True})).status_code == 409
    assert (await say(client, number, "verdict", {"solved": False, "comment": "就是你们管的"}, "s2")).status_code == 202
