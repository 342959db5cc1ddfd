"""Messages to an official account become demands; the encryption matches the npm implementation."""

import asyncio
import hashlib
import re
from datetime import datetime, timedelta
from xml.sax.saxutils import escape

import httpx
import pytest
from defusedxml.ElementTree import fromstring

from services.intake import app
from services.intake.inbound.coordinates import from_gcj02
from services.intake.inbound.message import DOUBTFUL
from services.intake.inbound.wechat.cipher import WeChatCipher, signature
from services.intake.submission.secret_code import SecretCodes
from services.intake.vault.sealing import Vault
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.http.app import web_app
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.refusals import Refused
from tests.intake.conftest import settings
from tests.intake.inbound.conftest import Peer, channel, facts, kinds, secrets_of
from tests.intake.test_api import count, is_a_problem

TOKEN, KEY, APP = "spamtest", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wx2c2769f8efd9abc2"
OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
WHERE = "/inbound/wechat/wechat"


@pytest.fixture
async def plain_account(pool: Pool, vault: Vault) -> None:
    """An account that sends plain messages."""
    await channel(pool, vault, ChannelKind.WECHAT, wechat_token=TOKEN, wechat_app_id=APP)


@pytest.fixture
async def encrypted_account(pool: Pool, vault: Vault) -> None:
    """An account that encrypts."""
    gateway_settings = {"wechat_token": TOKEN, "wechat_app_id": APP, "wechat_aes_key": KEY}
    await channel(pool, vault, ChannelKind.WECHAT, **gateway_settings)


def stamp(at: datetime | None = None) -> dict[str, str]:
    """Signature parameters like WeChat's, at the present time or at a given one."""
    return {"timestamp": str(int((at or now()).timestamp())), "nonce": "n1"}


def xml(id: str, content: str = "", kind: str = "text", sender: str = OPENID, **fields: str) -> str:
    parts = {"ToUserName": "gh_1", "FromUserName": sender, "CreateTime": "1", "MsgType": kind, "MsgId": id}
    elements = parts | ({"Content": content} if kind == "text" else {}) | fields
    return f"<xml>{''.join(f'<{name}>{escape(text)}</{name}>' for name, text in elements.items())}</xml>"


async def post(gate: httpx.AsyncClient, body: str, **parameters: str) -> httpx.Response:
    stamped = stamp() | parameters
    params = {"signature": signature(TOKEN, stamped["timestamp"], "n1")} | stamped
    return await gate.post(WHERE, params=params, content=body.encode())


def reply_of(answer: httpx.Response, sender: str = OPENID) -> str:
    assert answer.status_code == 200, answer.text
    root = fromstring(answer.text)
    assert (root.findtext("ToUserName"), root.findtext("FromUserName")) == (sender, "gh_1")
    return str(root.findtext("Content"))


def number_in(text: str) -> str:
    match = re.search(r"NH\d\d-\d{6}-[0-9A-Z]", text)
    assert match, text
    return match[0]


@pytest.mark.usefixtures("plain_account")
async def test_a_text_becomes_a_demand_and_the_reply_has_its_number(
    outside: httpx.AsyncClient, pool: Pool, vault: Vault
):
    answer = reply_of(await post(outside, xml("1", "学校门口没有路灯，孩子上学看不见路\n请打13912345678")))
    (demand,) = await facts(pool)
    assert demand["number"] in answer
    assert "查询码" in answer
    assert (demand["title"], demand["channel_kind"]) == ("学校门口没有路灯，孩子上学看不见路", "wechat")
    assert demand["division"] == "440605000000"
    assert OPENID not in str(demand)
    assert OPENID in await secrets_of(pool, vault)


@pytest.mark.usefixtures("plain_account")
async def test_a_message_sent_three_times_is_one_demand(outside: httpx.AsyncClient, pool: Pool):
    answers = {reply_of(await post(outside, xml("7", "路灯坏了"))) for _ in range(3)}
    assert len(answers) == 1
    assert await kinds(pool) == ["submitted"]
    replies = {reply_of(await post(outside, xml("8", "在村口"))) for _ in range(3)}
    assert len(replies) == 1
    assert await kinds(pool) == ["submitted", "supplemented"]


@pytest.mark.usefixtures("plain_account")
async def test_a_message_sent_many_times_at_once_is_one_demand(outside: httpx.AsyncClient, pool: Pool):
    for n in range(5):
        answers = await asyncio.gather(*(post(outside, xml(f"{n}", "路灯坏了", sender=f"{n}")) for _ in range(8)))
        assert {answer.status_code for answer in answers} == {200}
    assert await kinds(pool) == ["submitted"] * 5


@pytest.mark.usefixtures("plain_account")
@pytest.mark.parametrize("senders", [1, 12])
async def test_concurrent_messages_make_one_demand_for_each_person(
    outside: httpx.AsyncClient, pool: Pool, database: str, senders: int
):
    async with await open_pool(database, "intake") as other_pool:
        transport = httpx.ASGITransport(web_app("intake", app.api(settings(database), other_pool).routers))
        async with httpx.AsyncClient(transport=transport, base_url="http://intake") as process:
            answers = await asyncio.gather(
                *(
                    post((outside, process)[n % 2], xml(f"{sender}-{n}", f"第{n}句", sender=f"{sender}"))
                    for sender in range(senders)
                    for n in range(4)
                )
            )
    assert {answer.status_code for answer in answers} == {200}
    fact_kinds = await kinds(pool)
    assert (fact_kinds.count("submitted"), fact_kinds.count("supplemented")) == (senders, 3 * senders)


@pytest.mark.usefixtures("plain_account")
async def test_for_a_while_a_sender_supplements_the_last_demand(outside: httpx.AsyncClient, pool: Pool):
    first = number_in(reply_of(await post(outside, xml("1", "路灯坏了"))))
    assert first in reply_of(await post(outside, xml("2", "在村口")))
    async with pool.acquire() as db:
        await db.execute("UPDATE conversation SET said_at = said_at - interval '31 minutes'")
    assert first not in reply_of(await post(outside, xml("3", "垃圾没人收")))
    assert await kinds(pool) == ["submitted", "supplemented", "submitted"]


@pytest.mark.usefixtures("plain_account")
async def test_a_message_of_another_sender_is_another_demand(outside: httpx.AsyncClient, pool: Pool):
    await post(outside, xml("1", "路灯坏了"))
    await post(outside, xml("2", "垃圾没人收", sender="another"))
    assert await kinds(pool) == ["submitted", "submitted"]


@pytest.mark.usefixtures("plain_account")
@pytest.mark.parametrize("between", [" ", "，", "", "："])
async def test_a_text_that_begins_with_a_number_supplements_that_demand(
    outside: httpx.AsyncClient, pool: Pool, between: str
):
    number = number_in(reply_of(await post(outside, xml("1", "路灯坏了"))))
    await post(outside, xml("2", "另一件事", sender="another"))
    answer = reply_of(await post(outside, xml("3", f"{number.lower()}{between}还没修")))
    assert number in answer
    supplement = (await facts(pool))[-1]
    assert (supplement["type"], supplement["text"]) == ("demand.supplemented.v1", "还没修")


@pytest.mark.usefixtures("plain_account")
async def test_a_number_without_the_code_opens_no_demand_of_another(outside: httpx.AsyncClient, pool: Pool):
    number = number_in(reply_of(await post(outside, xml("1", "路灯坏了"))))
    await post(outside, xml("2", "另一件事", sender="another"))
    assert number not in reply_of(await post(outside, xml("3", f"{number} 我是骗子", sender="another")), "another")
    assert await kinds(pool) == ["submitted"] * 3
    assert (await facts(pool))[-1]["text"] == f"{number} 我是骗子"


@pytest.mark.usefixtures("plain_account")
@pytest.mark.parametrize(
    "written", ["{number} {code} 还没修", "{number}，查询码 {code}。还没修", "{number}：{half}-{rest}：还没修"]
)
async def test_a_sender_with_the_code_can_supplement_and_the_code_is_not_recorded(
    outside: httpx.AsyncClient, pool: Pool, database: str, written: str
):
    number = number_in(reply_of(await post(outside, xml("1", "路灯坏了"))))
    async with pool.acquire() as db:
        code = SecretCodes(settings(database).secret).of(await db.fetchval("SELECT id FROM submission"))
    text = written.format(number=number, code=code.lower(), half=code[:4], rest=code[4:])
    assert number in reply_of(await post(outside, xml("2", text, sender="another")), "another")
    assert (await facts(pool))[-1]["text"] == "还没修"


@pytest.mark.usefixtures("plain_account")
async def test_a_sender_may_name_an_own_earlier_demand(outside: httpx.AsyncClient, pool: Pool):
    number = number_in(reply_of(await post(outside, xml("1", "路灯坏了"))))
    async with pool.acquire() as db:
        await db.execute("UPDATE conversation SET said_at = said_at - interval '31 minutes'")
    await post(outside, xml("2", "垃圾没人收"))
    assert number in reply_of(await post(outside, xml("3", f"{number} 还没修")))
    assert number in reply_of(await post(outside, xml("4", "就在村口")))
    assert await kinds(pool) == ["submitted", "submitted", "supplemented", "supplemented"]


@pytest.mark.usefixtures("plain_account")
async def test_a_demand_that_has_ended_is_not_reopened_by_a_message(outside: httpx.AsyncClient, pool: Pool):
    number = number_in(reply_of(await post(outside, xml("1", "路灯坏了"))))
    async with pool.acquire() as db:
        await db.execute("""UPDATE demand SET state = state || '{"status": "closed"}'""")
    assert number not in reply_of(await post(outside, xml("2", f"{number} 又坏了")))
    assert await kinds(pool) == ["submitted", "submitted"]


@pytest.mark.usefixtures("plain_account")
async def test_a_picture_is_stored_in_the_vault_and_mentioned_in_the_demand(
    outside: httpx.AsyncClient, pool: Pool, vault: Vault
):
    picture = "http://mmbiz.qpic.cn/x/0"
    await post(outside, xml("1", kind="image", PicUrl=picture, MediaId="m1"))
    assert await kinds(pool) == ["submitted", "supplemented"]
    await post(outside, xml("2", kind="image", PicUrl=picture, MediaId="m2"))
    assert await kinds(pool) == ["submitted", "supplemented", "supplemented"]
    assert picture not in str(await facts(pool))
    assert f"{picture} m2" in await secrets_of(pool, vault)


@pytest.mark.usefixtures("plain_account")
async def test_a_position_is_converted_to_wgs84_and_its_address_stored_in_the_vault(
    outside: httpx.AsyncClient, pool: Pool, vault: Vault
):
    position = {"Location_X": "23.0290", "Location_Y": "113.1430", "Scale": "20", "Label": "鹤峰村三巷九号"}
    await post(outside, xml("1", kind="location", **position))
    demand = (await facts(pool))[0]
    assert demand["location"] == {"lat": pytest.approx(23.0316, abs=3e-4), "lon": pytest.approx(113.1376, abs=3e-4)}
    assert "鹤峰村" not in str(await facts(pool))
    assert "鹤峰村三巷九号" in await secrets_of(pool, vault)


@pytest.mark.usefixtures("plain_account")
@pytest.mark.parametrize("body", [xml("1", kind="event", Event="subscribe"), xml("2")])
async def test_an_event_that_is_no_message_is_acknowledged(outside: httpx.AsyncClient, pool: Pool, body: str):
    answer = await post(outside, body)
    assert answer.status_code == 200
    assert await count(pool, "submission") == 0


@pytest.mark.usefixtures("plain_account")
@pytest.mark.parametrize("kind", ["video", "shortvideo", "link", "file"])
async def test_an_unsupported_message_is_answered_with_the_supported_kinds(
    outside: httpx.AsyncClient, pool: Pool, kind: str
):
    assert "文字、图片或位置" in reply_of(await post(outside, xml("1", kind=kind, Url="http://a.example", MediaId="m")))
    assert await count(pool, "submission") == 0


@pytest.mark.usefixtures("plain_account")
@pytest.mark.parametrize("position", [{}, {"Location_X": "23.029"}, {"Location_X": "", "Location_Y": ""}])
async def test_a_position_without_coordinates_gives_no_location(
    outside: httpx.AsyncClient, pool: Pool, position: dict[str, str]
):
    await post(outside, xml("1", kind="location", Label="鹤峰村", **position))
    demand = (await facts(pool))[0]
    assert (demand.get("location"), demand["text"]) == (None, "［位置］")


def cdata(content: str, **fields: str) -> str:
    """A message in WeChat's XML, with any text."""
    parts = {"ToUserName": "gh_1", "FromUserName": OPENID, "CreateTime": "1", "MsgType": "text", "MsgId": "1"} | fields
    return (
        "<xml>" + "".join(f"<{k}><![CDATA[{v}]]></{k}>" for k, v in (parts | {"Content": content}).items()) + "</xml>"
    )


@pytest.mark.usefixtures("plain_account")
@pytest.mark.parametrize(
    ("body", "text"),
    [
        (cdata("学校\0门口\x07没有\x1f路灯\ufffe"), "学校门口没有路灯"),
        (cdata("路灯\x0b坏了"), "路灯\n坏了"),
        (cdata("路灯坏了]]>快来"), "路灯坏了]]>快来"),
        (cdata("路灯").replace("<![CDATA[路灯]]>", "路灯 &amp; &#0;&#x1F;井盖&#xD83D;"), "路灯 & 井盖"),
        (cdata("路灯").replace("<![CDATA[路灯]]>", "路灯 < 井盖 & 电梯"), "路灯 < 井盖 & 电梯"),
        (cdata("一" * 9000), None),
    ],
)  # fmt: skip
async def test_no_message_is_lost_because_of_a_character(
    outside: httpx.AsyncClient, pool: Pool, body: str, text: str | None
):
    answer = await post(outside, body)
    assert (await facts(pool))[0]["number"] in reply_of(answer)
    assert text is None or (await facts(pool))[0]["text"] == text


@pytest.mark.usefixtures("plain_account")
@pytest.mark.parametrize("charset", ["gb18030", "utf-16"])
async def test_a_message_is_decoded_by_its_bytes(outside: httpx.AsyncClient, pool: Pool, charset: str):
    params = stamp() | {"signature": signature(TOKEN, *stamp().values())}
    answer = await outside.post(
        WHERE, params=params, content=cdata("学校门口没有路灯，孩子上学看不见路").encode(charset)
    )
    assert answer.status_code == 200, answer.text
    assert (await facts(pool))[0]["text"] == "学校门口没有路灯，孩子上学看不见路"


@pytest.mark.usefixtures("plain_account")
async def test_a_message_with_an_incomplete_character_is_marked_and_its_bytes_are_kept(
    outside: httpx.AsyncClient, pool: Pool, vault: Vault
):
    params = stamp() | {"signature": signature(TOKEN, *stamp().values())}
    body = cdata("学校门口没有路灯").encode().replace("灯".encode(), "灯".encode()[:2])
    assert (await outside.post(WHERE, params=params, content=body)).status_code == 200
    assert (await facts(pool))[0]["text"] == f"学校门口没有路\ufffd\n{DOUBTFUL}"
    assert "原始字节" in await secrets_of(pool, vault)


@pytest.mark.usefixtures("encrypted_account")
@pytest.mark.parametrize("raw", ["路灯\0坏了".encode(), "学校门口没有路灯，孩子上学看不见路".encode("gbk")])
async def test_no_encrypted_message_is_lost_because_of_a_character(outside: httpx.AsyncClient, pool: Pool, raw: bytes):
    encrypted = sealed_bytes(cdata("@").encode().replace(b"@", raw))
    stamped = stamp()
    signed = signature(TOKEN, *stamped.values(), encrypted)
    body = f"<xml><ToUserName>gh_1</ToUserName><Encrypt>{encrypted}</Encrypt></xml>"
    answer = await post(outside, body, **stamped, msg_signature=signed)
    assert answer.status_code == 200, answer.text
    assert await kinds(pool) == ["submitted"]


def sealed_bytes(message: bytes) -> str:
    """Encrypted XML as WeChat would send it, for any bytes."""

    class Raw(str):
        def encode(self, *args: str) -> bytes:  # type: ignore[override]
            return message

    return WeChatCipher(KEY, APP).encrypt(Raw())


@pytest.mark.usefixtures("plain_account")
@pytest.mark.parametrize(
    "coordinates", [("91", "113"), ("23.029", "181"), ("nan", "113"), ("1e999", "0"), ("north", "0")]
)
async def test_an_impossible_position_gives_a_demand_without_a_location(
    outside: httpx.AsyncClient, pool: Pool, vault: Vault, coordinates: tuple[str, str]
):
    body = xml("1", kind="location", Label="鹤峰村", Location_X=coordinates[0], Location_Y=coordinates[1])
    assert (await post(outside, body)).status_code == 200
    demand = (await facts(pool))[0]
    assert (demand.get("location"), demand["text"]) == (None, "［位置］")
    assert f"鹤峰村 {coordinates[0]}, {coordinates[1]}" in await secrets_of(pool, vault)


@pytest.mark.usefixtures("plain_account")
async def test_a_message_without_an_id_is_identified_by_all_its_fields(outside: httpx.AsyncClient, pool: Pool):
    for text in ("路灯坏了", "路灯坏了", "在村口"):
        assert (await post(outside, xml("", text))).status_code == 200
    assert await kinds(pool) == ["submitted", "supplemented"]


@pytest.mark.usefixtures("plain_account")
async def test_the_original_of_a_masked_supplement_is_stored_with_its_attachments(
    outside: httpx.AsyncClient, pool: Pool, vault: Vault
):
    await post(outside, xml("1", "路灯坏了"))
    await post(outside, xml("2", kind="voice", Recognition="请打13912345678", MediaId="m-1"))
    assert "13912345678" not in str(await facts(pool))
    secrets = await secrets_of(pool, vault)
    assert ("13912345678" in secrets, "m-1" in secrets) == (True, True)


@pytest.mark.usefixtures("plain_account")
@pytest.mark.parametrize(
    "body",
    ["", "<xml>", "not xml", "<?xml version='1.0' encoding='foo'?><xml/>",
     "<xml>1</xml>",
     '<!DOCTYPE x [<!ENTITY a "b">]><xml><Content>&a;</Content></xml>'],
)  # fmt: skip
async def test_a_body_that_is_no_callback_is_refused_with_a_reason(outside: httpx.AsyncClient, body: str):
    refused = await post(outside, body)
    assert refused.status_code == 400
    is_a_problem(refused)


@pytest.mark.usefixtures("plain_account")
async def test_a_forged_callback_is_refused(outside: httpx.AsyncClient, pool: Pool):
    assert (await post(outside, xml("1", "x"), signature="0" * 40)).status_code == 401
    assert (await post(outside, xml("1", "x"), nonce="n2")).status_code == 401
    assert (await outside.post("/inbound/wechat/none", content=b"<xml/>")).status_code == 404
    assert await count(pool, "submission") == 0


@pytest.mark.usefixtures("plain_account")
@pytest.mark.parametrize("minutes", [-11, 11, -100_000])
async def test_a_callback_of_another_time_is_refused(outside: httpx.AsyncClient, pool: Pool, minutes: int):
    stamped = stamp(now() + timedelta(minutes=minutes))
    params = stamped | {"signature": signature(TOKEN, *stamped.values()), "echostr": "4711"}
    for refused in (
        await outside.get(WHERE, params=params),
        await outside.post(WHERE, params=params, content=b"no xml"),
    ):
        assert refused.status_code == 401
        assert "timestamp" in is_a_problem(refused)["detail"]


@pytest.mark.usefixtures("plain_account")
@pytest.mark.parametrize("timestamp", ["", "x", "²", "9" * 400])
async def test_an_invalid_time_is_refused(outside: httpx.AsyncClient, timestamp: str):
    assert (await post(outside, xml("1", "x"), timestamp=timestamp)).status_code == 401


@pytest.mark.usefixtures("plain_account")
async def test_a_body_is_not_parsed_before_its_signature_is_verified(outside: httpx.AsyncClient):
    assert (await post(outside, "not xml", signature="0" * 40)).status_code == 401


@pytest.mark.usefixtures("plain_account")
async def test_wechats_verification_of_the_address_is_answered(outside: httpx.AsyncClient):
    stamped = stamp()
    params = stamped | {"signature": signature(TOKEN, *stamped.values()), "echostr": "4711"}
    assert (await outside.get(WHERE, params=params)).text == "4711"
    assert (await outside.get(WHERE, params=params | {"nonce": "n2"})).status_code == 401


@pytest.mark.usefixtures("encrypted_account")
async def test_an_account_with_encryption_refuses_plain_messages(outside: httpx.AsyncClient, pool: Pool):
    assert (await post(outside, xml("1", "x"))).status_code == 401
    assert await count(pool, "submission") == 0


@pytest.mark.usefixtures("encrypted_account")
async def test_a_message_encrypted_by_the_peer_gets_a_reply_that_the_peer_can_decrypt(
    outside: httpx.AsyncClient, pool: Pool, peer: Peer
):
    account = {"token": TOKEN, "key": KEY, "app": APP}
    encrypted = peer("encrypt", message=xml("1", "路灯坏了 𝄞"), **account)
    stamped = stamp()
    signed = peer("sign", encrypted=encrypted, **account, **stamped)
    body = f"<xml><ToUserName>gh_1</ToUserName><Encrypt>{encrypted}</Encrypt></xml>"
    answer = await post(outside, body, **stamped, msg_signature=signed, encrypt_type="aes")
    assert answer.status_code == 200, answer.text
    root = fromstring(answer.text)
    parts = {"timestamp": root.findtext("TimeStamp"), "nonce": root.findtext("Nonce")}
    assert peer("sign", encrypted=root.findtext("Encrypt"), **account, **parts) == root.findtext("MsgSignature")
    opened = peer("decrypt", encrypted=root.findtext("Encrypt"), **account)
    assert opened["id"] == APP
    (demand,) = await facts(pool)
    assert demand["title"] == "路灯坏了 𝄞"
    assert demand["number"] in opened["message"]


@pytest.mark.usefixtures("encrypted_account")
async def test_an_encrypted_verification_of_the_address_is_answered(outside: httpx.AsyncClient, peer: Peer):
    account = {"token": TOKEN, "key": KEY, "app": APP}
    encrypted = peer("encrypt", message="4711", **account)
    stamped = stamp()
    signed = peer("sign", encrypted=encrypted, **account, **stamped)
    params = stamped | {"msg_signature": signed, "echostr": encrypted}
    assert (await outside.get(WHERE, params=params)).text == "4711"


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 31, 32, 33, 2000])
def test_our_encryption_and_the_peers_are_compatible(peer: Peer, length: int):
    account = {"token": TOKEN, "key": KEY, "app": APP}
    words = ("应" * length)[:length]
    cipher = WeChatCipher(KEY, APP)
    assert peer("decrypt", encrypted=cipher.encrypt(words), **account) == {"message": words, "id": APP}
    assert cipher.decrypt(peer("encrypt", message=words, **account)).decode() == words


def test_a_signature_is_the_digest_of_the_sorted_parts():
    expected = hashlib.sha1(b"12" + b"a" + b"token").hexdigest()
    assert signature("token", "a", "12") == expected


@pytest.mark.parametrize("change", ["", "AAAA", "编号", "A" * 64, "wrong-app", "flipped"])
def test_a_message_encrypted_for_another_account_is_refused(change: str):
    valid = WeChatCipher(KEY, APP).encrypt("hello")
    other, flipped = WeChatCipher(KEY, "wx0").encrypt("hello"), "A" + valid[1:-8] + valid[-4:]
    messages = {"wrong-app": other, "flipped": flipped}
    with pytest.raises(Refused):
        WeChatCipher(KEY, APP).decrypt(messages.get(change, change))


@pytest.mark.parametrize(
    ("lat", "lon"), [(23.029, 113.143), (39.9087, 116.3975), (43.82, 87.61), (20.02, 110.35), (35.6, 139.7)]
)
def test_a_position_is_converted_like_the_peer_does(peer: Peer, lat: float, lon: float):
    peer_position = peer("wgs84", lat=lat, lon=lon)
    our_position = from_gcj02(lat, lon)
    assert (our_position.lon, our_position.lat) == (
        pytest.approx(peer_position[0], abs=2e-6),
        pytest.approx(peer_position[1], abs=2e-6),
    )
