"""Text messages become demands, by the names that the gateway uses."""

import re
from datetime import UTC, datetime
from urllib.parse import urlencode

import httpx
import pytest

from services.intake.registry import Registry
from services.intake.vault.contacts import erase
from services.intake.vault.sealing import Vault
from shared.chassis.database import Pool
from shared.contracts.facts import ChannelKind
from tests.intake.inbound.conftest import channel, facts, kinds, secrets_of
from tests.intake.test_api import count, is_a_problem

WHERE = "/inbound/sms/sms"
GOOD = {"from": "+8613912345678", "text": "学校门口没有路灯", "id": "m1"}


@pytest.fixture
async def key(pool: Pool, vault: Vault) -> str:
    return await channel(pool, vault, ChannelKind.SMS)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_text_message_becomes_a_demand(
    gate: httpx.AsyncClient, pool: Pool, vault: Vault, key: str, method: str
):
    told = {"params" if method == "GET" else "data": GOOD | {"key": key}}
    answer = await gate.request(method, WHERE, **told)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    (demand,) = await facts(pool)
    assert demand["number"] in answer.text
    assert (demand["title"], demand["channel_kind"]) == ("学校门口没有路灯", "sms")
    assert GOOD["from"] not in str(demand)
    assert GOOD["from"] in await secrets_of(pool, vault)


async def test_of_a_number_that_the_title_has_no_room_for_nothing_is_left(
    gate: httpx.AsyncClient, pool: Pool, vault: Vault, key: str
):
    said = "您好，我要反映桂城街道夏南社区门前路灯不亮一事，多次致电无人处理，身份证440682198503124511，电话13800138000"
    await gate.get(WHERE, params=GOOD | {"text": said, "key": key})
    (demand,) = await facts(pool)
    assert demand["title"].startswith("您好，我要反映")
    assert not {"440682", "138001"} & {demand["title"][n : n + 6] for n in range(60)}
    assert said in await secrets_of(pool, vault)


async def test_a_code_that_is_sent_about_a_demand_that_has_ended_is_published_nowhere(
    gate: httpx.AsyncClient, pool: Pool, key: str
):
    answer = await gate.get(WHERE, params=GOOD | {"key": key})
    number, code = re.findall(r"编号 (\S+)，查询码 (\w+)", answer.text)[0]
    async with pool.acquire() as db:
        await db.execute("UPDATE demand SET state = jsonb_set(state, '{status}', '\"closed\"')")
    await gate.get(WHERE, params=GOOD | {"text": f"{number} {code} 路灯又坏了", "id": "m2", "key": key})
    again = (await facts(pool))[1]
    assert (again["title"], code in str(again)) == (f"{number} ［查询码］ 路灯又坏了", False)


async def test_a_gateway_that_repeats_itself_makes_one_demand(gate: httpx.AsyncClient, pool: Pool, key: str):
    answers = {(await gate.get(WHERE, params=GOOD | {"key": key})).text for _ in range(3)}
    assert len(answers) == 1
    assert await kinds(pool) == ["submitted"]


async def test_a_reference_that_comes_again_from_another_sender_is_another_demand(
    gate: httpx.AsyncClient, pool: Pool, key: str
):
    first = await gate.get(WHERE, params=GOOD | {"key": key})
    number, code = re.findall(r"编号 (\S+)，查询码 (\w+)", first.text)[0]
    other = await gate.get(WHERE, params=GOOD | {"from": "13899990000", "key": key})
    assert (number in other.text, code in other.text) == (False, False)
    assert await kinds(pool) == ["submitted", "submitted"]


async def test_a_reference_that_comes_again_with_other_words_is_another_message(
    gate: httpx.AsyncClient, pool: Pool, key: str
):
    await gate.get(WHERE, params=GOOD | {"key": key})
    await gate.get(WHERE, params=GOOD | {"text": "还没有人来", "key": key})
    assert [fact["text"] for fact in await facts(pool)] == [GOOD["text"], "还没有人来"]


async def test_a_second_message_of_the_sender_supplements(gate: httpx.AsyncClient, pool: Pool, key: str):
    headers = {"X-API-Key": key}
    await gate.get(WHERE, params=GOOD, headers=headers)
    answer = await gate.get(WHERE, params=GOOD | {"text": "在村口", "id": "m2"}, headers=headers)
    assert "已补充" in answer.text
    assert await kinds(pool) == ["submitted", "supplemented"]


async def test_after_an_erasure_nobody_knows_who_spoke_of_the_demand(gate: httpx.AsyncClient, pool: Pool, key: str):
    await gate.get(WHERE, params=GOOD | {"key": key})
    assert await count(pool, "conversation") == 1
    async with pool.acquire() as db, db.transaction():
        await erase(db, await db.fetchval("SELECT id FROM submission"), datetime.now(UTC), "x", "x")
    assert await count(pool, "conversation") == 0


async def test_a_gateway_may_use_its_own_names(gate: httpx.AsyncClient, pool: Pool, vault: Vault, key: str):
    await Registry(pool, vault).put("sms", {"sms_sender": "mobile", "sms_text": "content", "sms_reference": "msgid"})
    params = {"mobile": "13912345678", "content": "路灯坏了", "msgid": "9", "key": key}
    assert (await gate.get(WHERE, params=params)).status_code == 200
    refused = await gate.get(WHERE, params=GOOD | {"key": key})
    assert [e["field"] for e in is_a_problem(refused)["errors"]] == ["mobile", "content", "msgid"]


WORDS = "学校门口没有路灯 a+b"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("charset", ["utf-8", "gb18030", "utf-16-be"])
async def test_a_text_is_read_in_the_charset_of_its_gateway(
    gate: httpx.AsyncClient, pool: Pool, vault: Vault, key: str, method: str, charset: str
):
    await Registry(pool, vault).put("sms", {"sms_charset": charset})
    told = urlencode({"from": GOOD["from"], "id": "1", "key": key, "text": WORDS.encode(charset)})
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = (
        await gate.get(f"{WHERE}?{told}") if method == "GET" else await gate.post(WHERE, content=told, headers=form)
    )
    assert answer.status_code == 200, answer.text
    assert (await facts(pool))[0]["text"] == WORDS


async def test_a_text_in_another_charset_is_refused_and_the_setting_named(
    gate: httpx.AsyncClient, pool: Pool, key: str
):
    refused = await gate.get(f"{WHERE}?{urlencode(GOOD | {'key': key, 'text': WORDS.encode('gbk')})}")
    assert refused.status_code == 422
    assert [e["field"] for e in is_a_problem(refused)["errors"]] == ["text"]
    assert "sms_charset" in refused.text
    assert await count(pool, "submission") == 0


async def test_a_text_that_was_cut_within_a_character_is_taken(gate: httpx.AsyncClient, pool: Pool, key: str):
    told = urlencode({"from": GOOD["from"], "id": "1", "key": key, "text": "路灯坏了".encode()[:-1]})
    assert (await gate.get(f"{WHERE}?{told}")).status_code == 200
    assert (await facts(pool))[0]["text"] == "路灯坏"


async def test_a_form_in_parts_is_read_too(gate: httpx.AsyncClient, pool: Pool, key: str):
    parts = {name: (None, value) for name, value in (GOOD | {"key": key}).items()}
    assert (await gate.post(WHERE, files=parts)).status_code == 200
    assert (await facts(pool))[0]["text"] == GOOD["text"]


async def test_an_empty_message_is_asked_for_words(gate: httpx.AsyncClient, pool: Pool, key: str):
    answer = await gate.get(WHERE, params=GOOD | {"text": " \u0000", "key": key})
    assert "请用文字" in answer.text
    assert await count(pool, "submission") == 0


@pytest.mark.parametrize("text", ["长" * 9000, "a\u0000b\u0007c", "𝄞😀", "<script>", "' OR 1=1 --", "\n\n x"])
async def test_any_text_is_taken(gate: httpx.AsyncClient, pool: Pool, vault: Vault, key: str, text: str):
    answer = await gate.post(WHERE, data=GOOD | {"text": text, "key": key})
    assert answer.status_code == 200, answer.text
    assert (await kinds(pool))[0] == "submitted"
    if len(text) > 8000:
        assert text in await secrets_of(pool, vault)


async def test_a_wrong_key_or_another_channels_is_refused(gate: httpx.AsyncClient, pool: Pool, vault: Vault, key: str):
    other = await channel(pool, vault, ChannelKind.WEB)
    for wrong, status in (("", 401), ("x", 401), (other, 403)):
        refused = await gate.get(WHERE, params=GOOD | {"key": wrong})
        assert refused.status_code == status
        is_a_problem(refused)
    assert await count(pool, "submission") == 0


async def test_a_channel_without_a_division_is_told_to_have_one(
    gate: httpx.AsyncClient, pool: Pool, vault: Vault, key: str
):
    await Registry(pool, vault).put("sms", {"division": None})
    refused = await gate.get(WHERE, params=GOOD | {"key": key})
    assert refused.status_code == 422
    assert "huying channel set" in is_a_problem(refused)["detail"]
