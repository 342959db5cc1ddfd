"""Text messages become demands, by the names that the gateway uses."""

import re
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from services.intake.channels.gateway_settings import GatewayRegistry
from services.intake.inbound.message import CUT, DOUBTFUL
from services.intake.personal_data.handler import erase
from services.intake.vault.sealing import Vault
from shared.chassis.database.pool import Pool
from shared.contracts.demand.facts import ChannelKind
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
    response = await gate.get(WHERE, params=GOOD | {"from": "13899990000", "key": key})
    assert (number in response.text, code in response.text) == (False, False)
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
    await GatewayRegistry(pool, vault).put(
        "sms", {"sms_sender": "mobile", "sms_text": "content", "sms_reference": "msgid"}
    )
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
    await GatewayRegistry(pool, vault).put("sms", {"sms_charset": charset})
    told = urlencode({"from": GOOD["from"], "id": "1", "key": key, "text": WORDS.encode(charset)})
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = (
        await gate.get(f"{WHERE}?{told}") if method == "GET" else await gate.post(WHERE, content=told, headers=form)
    )
    assert answer.status_code == 200, answer.text
    assert (await facts(pool))[0]["text"] == WORDS


def written(text: bytes, key: str, **more: str) -> str:
    return f"{WHERE}?{urlencode({'from': GOOD['from'], 'id': '1', 'key': key, 'text': text} | more)}"


@pytest.mark.parametrize("charset", ["utf-8", "gb18030", "utf-16-be", "utf-16-le"])
@pytest.mark.parametrize("meant", ["utf-8", "gb18030", "utf-16-be", "utf-16-le"])
@pytest.mark.parametrize("text", [WORDS, "street light out", "请在5月1日前处理😀谢谢"])
async def test_a_text_is_read_by_what_its_bytes_are_and_they_are_kept(
    gate: httpx.AsyncClient, pool: Pool, vault: Vault, key: str, charset: str, meant: str, text: str
):
    await GatewayRegistry(pool, vault).put("sms", {"sms_charset": charset})
    answer = await gate.get(written(text.encode(meant), key))
    assert answer.status_code == 200, answer.text
    (demand,) = await facts(pool)
    assert demand["text"] == text
    is_otherwise = text.encode(meant) != text.encode(charset)
    assert (b64encode(text.encode(meant)).decode() in await secrets_of(pool, vault)) == is_otherwise


@pytest.mark.parametrize("text", ["鍗楁捣澶ч亾璺伅", "路灯\ufffd坏了", "锟斤拷坏了", "å\x8d\x97æµ·å¤§"])
async def test_what_is_in_doubt_is_marked_for_whoever_reads_it_and_its_bytes_are_kept(
    gate: httpx.AsyncClient, pool: Pool, vault: Vault, key: str, text: str
):
    raw = text.encode()
    assert (await gate.get(written(raw, key))).status_code == 200
    (demand,) = await facts(pool)
    assert demand["text"].endswith(f"\n{DOUBTFUL}")
    assert "编码存疑" not in demand["title"]
    assert b64encode(raw).decode() in await secrets_of(pool, vault)


async def test_doubt_is_marked_in_a_supplement_too(gate: httpx.AsyncClient, pool: Pool, vault: Vault, key: str):
    await gate.get(WHERE, params=GOOD | {"key": key})
    raw = "一".encode("gbk")
    await gate.get(written(raw, key))
    assert (await facts(pool))[1]["text"] == f"һ\n{DOUBTFUL}", "a Cyrillic letter or a number: who knows"
    assert b64encode(raw).decode() in await secrets_of(pool, vault)


async def test_bytes_that_are_no_text_at_all_are_taken_and_kept(
    gate: httpx.AsyncClient, pool: Pool, vault: Vault, key: str
):
    raw = bytes(range(128, 256)) * 3
    assert (await gate.get(written(raw, key))).status_code == 200
    assert "编码存疑" in (await facts(pool))[0]["text"]
    assert b64encode(raw).decode() in await secrets_of(pool, vault)


@pytest.mark.parametrize("text", ["长" * 7990, "长" * 8000, "长" * 9000])
async def test_a_text_over_the_limit_says_that_it_is_cut(
    gate: httpx.AsyncClient, pool: Pool, vault: Vault, key: str, text: str
):
    await gate.post(WHERE, data=GOOD | {"text": text, "key": key})
    told = (await facts(pool))[0]["text"]
    assert (len(told) <= 8000, told.endswith(CUT)) == (True, len(text) > 8000)
    assert (text in await secrets_of(pool, vault)) == (len(text) > 8000)
    await gate.post(WHERE, data=GOOD | {"text": f"二{text}", "key": key, "id": "m2"})
    more = (await facts(pool))[-1]["text"]
    assert (len(more) <= 4000, more.endswith(CUT), f"二{text}" in await secrets_of(pool, vault)) == (True, True, True)


@pytest.mark.parametrize("blank", ["", " ", "\u200b", "\u3000\ufeff", "\0\x01"])
async def test_a_text_of_which_nothing_is_seen_is_asked_for_words(
    gate: httpx.AsyncClient, pool: Pool, key: str, blank: str
):
    answer = await gate.post(WHERE, data=GOOD | {"text": blank, "key": key})
    assert (answer.status_code, "请用文字" in answer.text) == (200, True)
    assert await count(pool, "submission") == 0


async def test_a_line_of_which_nothing_is_seen_is_no_title(gate: httpx.AsyncClient, pool: Pool, key: str):
    answer = await gate.post(WHERE, data=GOOD | {"text": "\u200b\u3164\n路灯坏了", "key": key})
    assert answer.status_code == 200, answer.text
    assert (await facts(pool))[0]["title"] == "路灯坏了"


async def test_a_text_in_hexadecimal_is_read_where_the_channel_says_so(
    gate: httpx.AsyncClient, pool: Pool, vault: Vault, key: str
):
    await GatewayRegistry(pool, vault).put("sms", {"sms_encoding": "hex", "sms_charset": "utf-16-be"})
    written = WORDS.encode("utf-16-be").hex()
    for n, text in enumerate((written, f"{written.upper()}0", WORDS, "zz")):
        answer = await gate.get(WHERE, params={"from": f"1390000000{n}", "id": "1", "text": text, "key": key})
        assert answer.status_code == 200, answer.text
    assert [fact["text"] for fact in await facts(pool)] == [*[WORDS] * 3, "zz"]


ALIYUN = {"sms_sender": "phone_number", "sms_text": "content", "sms_reference": "sequence_id"}
UPLINK = {"phone_number": "13912345678", "send_time": "2026-11-29 10:00:00", "content": WORDS, "sequence_id": "3"}


@pytest.mark.parametrize("wrap", [lambda told: told, lambda told: told[0], lambda told: {"count": 1, "data": told}])
async def test_a_gateway_may_post_json(gate: httpx.AsyncClient, pool: Pool, vault: Vault, key: str, wrap: Any):
    await GatewayRegistry(pool, vault).put("sms", ALIYUN)
    for _ in range(2):
        answer = await gate.post(WHERE, params={"key": key}, json=wrap([UPLINK]))
        assert (answer.status_code, answer.json()["code"], answer.json()["result"]) == (200, 0, 0)
    (demand,) = await facts(pool)
    assert demand["text"] == WORDS
    assert "13912345678" in await secrets_of(pool, vault)


async def test_many_messages_come_at_once_each_once(gate: httpx.AsyncClient, pool: Pool, vault: Vault, key: str):
    await GatewayRegistry(pool, vault).put("sms", ALIYUN | {"sms_answer": '{"success":true}'})
    many = [UPLINK | {"phone_number": f"1391234567{n}", "content": f"第{n}盏路灯坏了"} for n in range(3)]
    for _ in range(2):
        answer = await gate.post(WHERE, params={"key": key}, json=[*many, UPLINK | {"content": " "}])
        assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert [fact["text"] for fact in await facts(pool)] == [one["content"] for one in many]


async def test_of_many_messages_one_that_misses_its_sender_holds_up_none(
    gate: httpx.AsyncClient, pool: Pool, vault: Vault, key: str
):
    await GatewayRegistry(pool, vault).put("sms", ALIYUN)
    refused = await gate.post(WHERE, params={"key": key}, json=[{"content": "x"}, UPLINK])
    assert [e["field"] for e in is_a_problem(refused)["errors"]] == ["0.phone_number"]
    assert await kinds(pool) == ["submitted"]


async def test_messages_without_references_are_known_by_all_that_is_told_of_them(
    gate: httpx.AsyncClient, pool: Pool, vault: Vault, key: str
):
    await GatewayRegistry(pool, vault).put("sms", {"sms_sender": "mobile"})
    uplink = {"extend": "", "mobile": "13912345678", "nationcode": "86", "text": "还没修", "time": 1457336869}
    for time in (1457336869, 1457336869, 1457336999):
        assert (await gate.post(WHERE, params={"key": key}, json=uplink | {"time": time})).status_code == 200
    assert await kinds(pool) == ["submitted", "supplemented"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'[{"from":"1","id":"1","text":"\x00\x1f\xe8\xb7\xaf\xe7\x81\xaf"}]', "路灯"),
        (b'{"from":"1","id":"1","text":"\\ud83d\xe8\xb7\xaf\xe7\x81\xaf\\u0000"}', "路灯"),
        ('{"from":"1","id":"1","text":"学校门口没有路灯"}'.encode("gbk"), "学校门口没有路灯"),
        ('\ufeff[{"from":1,"id":1,"text":"路灯😀"}]'.encode(), "路灯😀"),
    ],
)  # fmt: skip
async def test_what_no_json_may_hold_is_no_reason_to_lose_a_text(
    gate: httpx.AsyncClient, pool: Pool, key: str, body: bytes, text: str
):
    answer = await gate.post(WHERE, params={"key": key}, content=body)
    assert answer.status_code == 200, answer.text
    assert (await facts(pool))[0]["text"] == text


@pytest.mark.parametrize("body", [b"[1]", b"{", b"[[]]", b"[" * 100_000, b"[" + b"{}," * 500 + b"{}]"])
async def test_json_that_is_no_list_of_messages_is_refused(gate: httpx.AsyncClient, key: str, body: bytes):
    refused = await gate.post(WHERE, params={"key": key}, content=body)
    assert refused.status_code == 400
    assert [e["field"] for e in is_a_problem(refused)["errors"]] == ["body"]


async def test_nobody_without_a_key_has_a_list_read(gate: httpx.AsyncClient):
    assert (await gate.post(WHERE, params={"key": "x"}, content=b"[")).status_code in (401, 404)


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
    await GatewayRegistry(pool, vault).put("sms", {"division": None})
    refused = await gate.get(WHERE, params=GOOD | {"key": key})
    assert refused.status_code == 422
    assert "huying channel set" in is_a_problem(refused)["detail"]
