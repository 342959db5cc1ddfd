"""Text messages become demands, with the parameter names of each gateway."""

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
    outside: httpx.AsyncClient, pool: Pool, vault: Vault, key: str, method: str
):
    arguments = {"params" if method == "GET" else "data": GOOD | {"key": key}}
    answer = await outside.request(method, WHERE, **arguments)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    (demand,) = await facts(pool)
    assert demand["number"] in answer.text
    assert (demand["title"], demand["channel_kind"]) == ("学校门口没有路灯", "sms")
    assert GOOD["from"] not in str(demand)
    assert GOOD["from"] in await secrets_of(pool, vault)


async def test_a_number_cut_by_the_end_of_the_title_is_removed_completely(
    outside: httpx.AsyncClient, pool: Pool, vault: Vault, key: str
):
    text = "您好，我要反映桂城街道夏南社区门前路灯不亮一事，多次致电无人处理，身份证440682198503124511，电话13800138000"
    await outside.get(WHERE, params=GOOD | {"text": text, "key": key})
    (demand,) = await facts(pool)
    assert demand["title"].startswith("您好，我要反映")
    assert not {"440682", "138001"} & {demand["title"][n : n + 6] for n in range(60)}
    assert text in await secrets_of(pool, vault)


async def test_a_code_sent_about_an_ended_demand_is_never_recorded(outside: httpx.AsyncClient, pool: Pool, key: str):
    answer = await outside.get(WHERE, params=GOOD | {"key": key})
    number, code = re.findall(r"编号 (\S+)，查询码 (\w+)", answer.text)[0]
    async with pool.acquire() as db:
        await db.execute("UPDATE demand SET state = jsonb_set(state, '{status}', '\"closed\"')")
    await outside.get(WHERE, params=GOOD | {"text": f"{number} {code} 路灯又坏了", "id": "m2", "key": key})
    again = (await facts(pool))[1]
    assert (again["title"], code in str(again)) == (f"{number} ［查询码］ 路灯又坏了", False)


async def test_a_message_repeated_by_the_gateway_is_one_demand(outside: httpx.AsyncClient, pool: Pool, key: str):
    answers = {(await outside.get(WHERE, params=GOOD | {"key": key})).text for _ in range(3)}
    assert len(answers) == 1
    assert await kinds(pool) == ["submitted"]


async def test_a_repeated_reference_from_another_sender_is_another_demand(
    outside: httpx.AsyncClient, pool: Pool, key: str
):
    first = await outside.get(WHERE, params=GOOD | {"key": key})
    number, code = re.findall(r"编号 (\S+)，查询码 (\w+)", first.text)[0]
    response = await outside.get(WHERE, params=GOOD | {"from": "13899990000", "key": key})
    assert (number in response.text, code in response.text) == (False, False)
    assert await kinds(pool) == ["submitted", "submitted"]


async def test_a_repeated_reference_with_another_text_is_another_message(
    outside: httpx.AsyncClient, pool: Pool, key: str
):
    await outside.get(WHERE, params=GOOD | {"key": key})
    await outside.get(WHERE, params=GOOD | {"text": "还没有人来", "key": key})
    assert [fact["text"] for fact in await facts(pool)] == [GOOD["text"], "还没有人来"]


async def test_a_second_message_of_the_sender_is_a_supplement(outside: httpx.AsyncClient, pool: Pool, key: str):
    headers = {"X-API-Key": key}
    await outside.get(WHERE, params=GOOD, headers=headers)
    answer = await outside.get(WHERE, params=GOOD | {"text": "在村口", "id": "m2"}, headers=headers)
    assert "已补充" in answer.text
    assert await kinds(pool) == ["submitted", "supplemented"]


async def test_an_erasure_removes_the_link_between_sender_and_demand(outside: httpx.AsyncClient, pool: Pool, key: str):
    await outside.get(WHERE, params=GOOD | {"key": key})
    assert await count(pool, "conversation") == 1
    async with pool.acquire() as db, db.transaction():
        await erase(db, await db.fetchval("SELECT id FROM submission"), datetime.now(UTC), "x", "x")
    assert await count(pool, "conversation") == 0


async def test_a_gateway_may_use_its_own_parameter_names(
    outside: httpx.AsyncClient, pool: Pool, vault: Vault, key: str
):
    await GatewayRegistry(pool, vault).put(
        "sms", {"sms_sender": "mobile", "sms_text": "content", "sms_reference": "msgid"}
    )
    params = {"mobile": "13912345678", "content": "路灯坏了", "msgid": "9", "key": key}
    assert (await outside.get(WHERE, params=params)).status_code == 200
    refused = await outside.get(WHERE, params=GOOD | {"key": key})
    assert [e["field"] for e in is_a_problem(refused)["errors"]] == ["mobile", "content", "msgid"]


WORDS = "学校门口没有路灯 a+b"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("charset", ["utf-8", "gb18030", "utf-16-be"])
async def test_a_text_is_decoded_in_the_charset_of_its_gateway(
    outside: httpx.AsyncClient, pool: Pool, vault: Vault, key: str, method: str, charset: str
):
    await GatewayRegistry(pool, vault).put("sms", {"sms_charset": charset})
    query = urlencode({"from": GOOD["from"], "id": "1", "key": key, "text": WORDS.encode(charset)})
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = (
        await outside.get(f"{WHERE}?{query}")
        if method == "GET"
        else await outside.post(WHERE, content=query, headers=form)
    )
    assert answer.status_code == 200, answer.text
    assert (await facts(pool))[0]["text"] == WORDS


def request_bytes(text: bytes, key: str, **fields: str) -> str:
    return f"{WHERE}?{urlencode({'from': GOOD['from'], 'id': '1', 'key': key, 'text': text} | fields)}"


@pytest.mark.parametrize("charset", ["utf-8", "gb18030", "utf-16-be", "utf-16-le"])
@pytest.mark.parametrize("meant", ["utf-8", "gb18030", "utf-16-be", "utf-16-le"])
@pytest.mark.parametrize("text", [WORDS, "street light out", "请在5月1日前处理😀谢谢"])
async def test_a_text_is_decoded_by_its_bytes_and_they_are_kept(
    outside: httpx.AsyncClient, pool: Pool, vault: Vault, key: str, charset: str, meant: str, text: str
):
    await GatewayRegistry(pool, vault).put("sms", {"sms_charset": charset})
    answer = await outside.get(request_bytes(text.encode(meant), key))
    assert answer.status_code == 200, answer.text
    (demand,) = await facts(pool)
    assert demand["text"] == text
    is_otherwise = text.encode(meant) != text.encode(charset)
    assert (b64encode(text.encode(meant)).decode() in await secrets_of(pool, vault)) == is_otherwise


@pytest.mark.parametrize("text", ["鍗楁捣澶ч亾璺伅", "路灯\ufffd坏了", "锟斤拷坏了", "å\x8d\x97æµ·å¤§"])
async def test_a_doubtful_text_is_marked_and_its_bytes_are_kept(
    outside: httpx.AsyncClient, pool: Pool, vault: Vault, key: str, text: str
):
    raw = text.encode()
    assert (await outside.get(request_bytes(raw, key))).status_code == 200
    (demand,) = await facts(pool)
    assert demand["text"].endswith(f"\n{DOUBTFUL}")
    assert "编码存疑" not in demand["title"]
    assert b64encode(raw).decode() in await secrets_of(pool, vault)


async def test_a_doubtful_supplement_is_marked_too(outside: httpx.AsyncClient, pool: Pool, vault: Vault, key: str):
    await outside.get(WHERE, params=GOOD | {"key": key})
    raw = "一".encode("gbk")
    await outside.get(request_bytes(raw, key))
    assert (await facts(pool))[1]["text"] == f"һ\n{DOUBTFUL}", "a Cyrillic letter or a number: who knows"
    assert b64encode(raw).decode() in await secrets_of(pool, vault)


async def test_bytes_that_are_no_text_are_accepted_and_kept(
    outside: httpx.AsyncClient, pool: Pool, vault: Vault, key: str
):
    raw = bytes(range(128, 256)) * 3
    assert (await outside.get(request_bytes(raw, key))).status_code == 200
    assert "编码存疑" in (await facts(pool))[0]["text"]
    assert b64encode(raw).decode() in await secrets_of(pool, vault)


@pytest.mark.parametrize("text", ["长" * 7990, "长" * 8000, "长" * 9000])
async def test_a_text_over_the_limit_says_that_it_was_shortened(
    outside: httpx.AsyncClient, pool: Pool, vault: Vault, key: str, text: str
):
    await outside.post(WHERE, data=GOOD | {"text": text, "key": key})
    demand_text = (await facts(pool))[0]["text"]
    assert (len(demand_text) <= 8000, demand_text.endswith(CUT)) == (True, len(text) > 8000)
    assert (text in await secrets_of(pool, vault)) == (len(text) > 8000)
    await outside.post(WHERE, data=GOOD | {"text": f"二{text}", "key": key, "id": "m2"})
    supplement_text = (await facts(pool))[-1]["text"]
    assert (
        len(supplement_text) <= 4000,
        supplement_text.endswith(CUT),
        f"二{text}" in await secrets_of(pool, vault),
    ) == (True, True, True)


@pytest.mark.parametrize("blank", ["", " ", "\u200b", "\u3000\ufeff", "\0\x01"])
async def test_an_invisible_text_is_answered_with_a_request_for_text(
    outside: httpx.AsyncClient, pool: Pool, key: str, blank: str
):
    answer = await outside.post(WHERE, data=GOOD | {"text": blank, "key": key})
    assert (answer.status_code, "请用文字" in answer.text) == (200, True)
    assert await count(pool, "submission") == 0


async def test_an_invisible_line_is_no_title(outside: httpx.AsyncClient, pool: Pool, key: str):
    answer = await outside.post(WHERE, data=GOOD | {"text": "\u200b\u3164\n路灯坏了", "key": key})
    assert answer.status_code == 200, answer.text
    assert (await facts(pool))[0]["title"] == "路灯坏了"


async def test_a_hexadecimal_text_is_decoded_if_the_channel_says_so(
    outside: httpx.AsyncClient, pool: Pool, vault: Vault, key: str
):
    await GatewayRegistry(pool, vault).put("sms", {"sms_encoding": "hex", "sms_charset": "utf-16-be"})
    hex_text = WORDS.encode("utf-16-be").hex()
    for n, text in enumerate((hex_text, f"{hex_text.upper()}0", WORDS, "zz")):
        answer = await outside.get(WHERE, params={"from": f"1390000000{n}", "id": "1", "text": text, "key": key})
        assert answer.status_code == 200, answer.text
    assert [fact["text"] for fact in await facts(pool)] == [*[WORDS] * 3, "zz"]


ALIYUN = {"sms_sender": "phone_number", "sms_text": "content", "sms_reference": "sequence_id"}
UPLINK = {"phone_number": "13912345678", "send_time": "2026-11-29 10:00:00", "content": WORDS, "sequence_id": "3"}


@pytest.mark.parametrize("wrap", [lambda told: told, lambda told: told[0], lambda told: {"count": 1, "data": told}])
async def test_a_gateway_may_post_json(outside: httpx.AsyncClient, pool: Pool, vault: Vault, key: str, wrap: Any):
    await GatewayRegistry(pool, vault).put("sms", ALIYUN)
    for _ in range(2):
        answer = await outside.post(WHERE, params={"key": key}, json=wrap([UPLINK]))
        assert (answer.status_code, answer.json()["code"], answer.json()["result"]) == (200, 0, 0)
    (demand,) = await facts(pool)
    assert demand["text"] == WORDS
    assert "13912345678" in await secrets_of(pool, vault)


async def test_each_of_many_messages_in_one_request_is_one_demand(
    outside: httpx.AsyncClient, pool: Pool, vault: Vault, key: str
):
    await GatewayRegistry(pool, vault).put("sms", ALIYUN | {"sms_answer": '{"success":true}'})
    messages = [UPLINK | {"phone_number": f"1391234567{n}", "content": f"第{n}盏路灯坏了"} for n in range(3)]
    for _ in range(2):
        answer = await outside.post(WHERE, params={"key": key}, json=[*messages, UPLINK | {"content": " "}])
        assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert [fact["text"] for fact in await facts(pool)] == [message["content"] for message in messages]


async def test_one_message_without_a_sender_delays_no_other_of_the_request(
    outside: httpx.AsyncClient, pool: Pool, vault: Vault, key: str
):
    await GatewayRegistry(pool, vault).put("sms", ALIYUN)
    refused = await outside.post(WHERE, params={"key": key}, json=[{"content": "x"}, UPLINK])
    assert [e["field"] for e in is_a_problem(refused)["errors"]] == ["0.phone_number"]
    assert await kinds(pool) == ["submitted"]


async def test_messages_without_references_are_identified_by_all_their_fields(
    outside: httpx.AsyncClient, pool: Pool, vault: Vault, key: str
):
    await GatewayRegistry(pool, vault).put("sms", {"sms_sender": "mobile"})
    uplink = {"extend": "", "mobile": "13912345678", "nationcode": "86", "text": "还没修", "time": 1457336869}
    for time in (1457336869, 1457336869, 1457336999):
        assert (await outside.post(WHERE, params={"key": key}, json=uplink | {"time": time})).status_code == 200
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
async def test_invalid_characters_in_json_do_not_lose_the_text(
    outside: httpx.AsyncClient, pool: Pool, key: str, body: bytes, text: str
):
    answer = await outside.post(WHERE, params={"key": key}, content=body)
    assert answer.status_code == 200, answer.text
    assert (await facts(pool))[0]["text"] == text


@pytest.mark.parametrize("body", [b"[1]", b"{", b"[[]]", b"[" * 100_000, b"[" + b"{}," * 500 + b"{}]"])
async def test_json_that_is_not_a_list_of_messages_is_refused(outside: httpx.AsyncClient, key: str, body: bytes):
    refused = await outside.post(WHERE, params={"key": key}, content=body)
    assert refused.status_code == 400
    assert [e["field"] for e in is_a_problem(refused)["errors"]] == ["body"]


async def test_a_list_without_a_key_is_refused_before_it_is_read(outside: httpx.AsyncClient):
    assert (await outside.post(WHERE, params={"key": "x"}, content=b"[")).status_code in (401, 404)


async def test_a_text_cut_within_a_character_is_accepted(outside: httpx.AsyncClient, pool: Pool, key: str):
    query = urlencode({"from": GOOD["from"], "id": "1", "key": key, "text": "路灯坏了".encode()[:-1]})
    assert (await outside.get(f"{WHERE}?{query}")).status_code == 200
    assert (await facts(pool))[0]["text"] == "路灯坏"


async def test_a_multipart_form_is_read_too(outside: httpx.AsyncClient, pool: Pool, key: str):
    parts = {name: (None, value) for name, value in (GOOD | {"key": key}).items()}
    assert (await outside.post(WHERE, files=parts)).status_code == 200
    assert (await facts(pool))[0]["text"] == GOOD["text"]


async def test_an_empty_message_is_answered_with_a_request_for_text(outside: httpx.AsyncClient, pool: Pool, key: str):
    answer = await outside.get(WHERE, params=GOOD | {"text": " \u0000", "key": key})
    assert "请用文字" in answer.text
    assert await count(pool, "submission") == 0


@pytest.mark.parametrize("text", ["长" * 9000, "a\u0000b\u0007c", "𝄞😀", "<script>", "' OR 1=1 --", "\n\n x"])
async def test_any_text_is_accepted(outside: httpx.AsyncClient, pool: Pool, vault: Vault, key: str, text: str):
    answer = await outside.post(WHERE, data=GOOD | {"text": text, "key": key})
    assert answer.status_code == 200, answer.text
    assert (await kinds(pool))[0] == "submitted"
    if len(text) > 8000:
        assert text in await secrets_of(pool, vault)


async def test_a_wrong_key_and_that_of_another_channel_are_refused(
    outside: httpx.AsyncClient, pool: Pool, vault: Vault, key: str
):
    other_key = await channel(pool, vault, ChannelKind.WEB)
    for channel_key, status in (("", 401), ("x", 401), (other_key, 403)):
        refused = await outside.get(WHERE, params=GOOD | {"key": channel_key})
        assert refused.status_code == status
        is_a_problem(refused)
    assert await count(pool, "submission") == 0


async def test_a_channel_without_a_division_is_told_to_set_one(
    outside: httpx.AsyncClient, pool: Pool, vault: Vault, key: str
):
    await GatewayRegistry(pool, vault).put("sms", {"division": None})
    refused = await outside.get(WHERE, params=GOOD | {"key": key})
    assert refused.status_code == 422
    assert "huying channel set" in is_a_problem(refused)["detail"]
