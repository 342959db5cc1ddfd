"""An official account's messages become demands; its encryption is what the npm implementation does."""

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
async def plain(pool: Pool, vault: Vault) -> None:
    """An account that sends plain messages."""
    await channel(pool, vault, ChannelKind.WECHAT, wechat_token=TOKEN, wechat_app_id=APP)


@pytest.fixture
async def sealed(pool: Pool, vault: Vault) -> None:
    """An account that encrypts."""
    told = {"wechat_token": TOKEN, "wechat_app_id": APP, "wechat_aes_key": KEY}
    await channel(pool, vault, ChannelKind.WECHAT, **told)


def stamp(at: datetime | None = None) -> dict[str, str]:
    """What WeChat signs with, now unless told."""
    return {"timestamp": str(int((at or now()).timestamp())), "nonce": "n1"}


def xml(id: str, content: str = "", kind: str = "text", sender: str = OPENID, **more: str) -> str:
    parts = {"ToUserName": "gh_1", "FromUserName": sender, "CreateTime": "1", "MsgType": kind, "MsgId": id}
    told = parts | ({"Content": content} if kind == "text" else {}) | more
    return f"<xml>{''.join(f'<{name}>{escape(text)}</{name}>' for name, text in told.items())}</xml>"


async def post(gate: httpx.AsyncClient, body: str, **more: str) -> httpx.Response:
    stamped = stamp() | more
    params = {"signature": signature(TOKEN, stamped["timestamp"], "n1")} | stamped
    return await gate.post(WHERE, params=params, content=body.encode())


def told(answer: httpx.Response, sender: str = OPENID) -> str:
    assert answer.status_code == 200, answer.text
    root = fromstring(answer.text)
    assert (root.findtext("ToUserName"), root.findtext("FromUserName")) == (sender, "gh_1")
    return str(root.findtext("Content"))


def number_in(text: str) -> str:
    found = re.search(r"NH\d\d-\d{6}-[0-9A-Z]", text)
    assert found, text
    return found[0]


@pytest.mark.usefixtures("plain")
async def test_a_text_becomes_a_demand_and_its_number_goes_back(gate: httpx.AsyncClient, pool: Pool, vault: Vault):
    answer = told(await post(gate, xml("1", "学校门口没有路灯，孩子上学看不见路\n请打13912345678")))
    (demand,) = await facts(pool)
    assert demand["number"] in answer
    assert "查询码" in answer
    assert (demand["title"], demand["channel_kind"]) == ("学校门口没有路灯，孩子上学看不见路", "wechat")
    assert demand["division"] == "440605000000"
    assert OPENID not in str(demand)
    assert OPENID in await secrets_of(pool, vault)


@pytest.mark.usefixtures("plain")
async def test_a_message_that_wechat_sends_thrice_is_one_demand(gate: httpx.AsyncClient, pool: Pool):
    answers = {told(await post(gate, xml("7", "路灯坏了"))) for _ in range(3)}
    assert len(answers) == 1
    assert await kinds(pool) == ["submitted"]
    again = {told(await post(gate, xml("8", "在村口"))) for _ in range(3)}
    assert len(again) == 1
    assert await kinds(pool) == ["submitted", "supplemented"]


@pytest.mark.usefixtures("plain")
async def test_a_message_that_comes_many_times_at_once_is_one_demand(gate: httpx.AsyncClient, pool: Pool):
    for n in range(5):
        answers = await asyncio.gather(*(post(gate, xml(f"{n}", "路灯坏了", sender=f"{n}")) for _ in range(8)))
        assert {answer.status_code for answer in answers} == {200}
    assert await kinds(pool) == ["submitted"] * 5


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("senders", [1, 12])
async def test_messages_at_once_are_one_demand_a_person_however_many_write(
    gate: httpx.AsyncClient, pool: Pool, database: str, senders: int
):
    async with await open_pool(database, "intake") as other:
        transport = httpx.ASGITransport(web_app("intake", app.api(settings(database), other).routers))
        async with httpx.AsyncClient(transport=transport, base_url="http://intake") as process:
            answers = await asyncio.gather(
                *(
                    post((gate, process)[n % 2], xml(f"{sender}-{n}", f"第{n}句", sender=f"{sender}"))
                    for sender in range(senders)
                    for n in range(4)
                )
            )
    assert {answer.status_code for answer in answers} == {200}
    told = await kinds(pool)
    assert (told.count("submitted"), told.count("supplemented")) == (senders, 3 * senders)


@pytest.mark.usefixtures("plain")
async def test_a_sender_goes_on_about_the_last_demand_for_a_while(gate: httpx.AsyncClient, pool: Pool):
    first = number_in(told(await post(gate, xml("1", "路灯坏了"))))
    assert first in told(await post(gate, xml("2", "在村口")))
    async with pool.acquire() as db:
        await db.execute("UPDATE conversation SET said_at = said_at - interval '31 minutes'")
    assert first not in told(await post(gate, xml("3", "垃圾没人收")))
    assert await kinds(pool) == ["submitted", "supplemented", "submitted"]


@pytest.mark.usefixtures("plain")
async def test_another_sender_starts_anew(gate: httpx.AsyncClient, pool: Pool):
    await post(gate, xml("1", "路灯坏了"))
    await post(gate, xml("2", "垃圾没人收", sender="another"))
    assert await kinds(pool) == ["submitted", "submitted"]


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("between", [" ", "，", "", "："])
async def test_a_text_that_begins_with_a_number_supplements_that_demand(
    gate: httpx.AsyncClient, pool: Pool, between: str
):
    number = number_in(told(await post(gate, xml("1", "路灯坏了"))))
    await post(gate, xml("2", "另一件事", sender="another"))
    answer = told(await post(gate, xml("3", f"{number.lower()}{between}还没修")))
    assert number in answer
    supplement = (await facts(pool))[-1]
    assert (supplement["type"], supplement["text"]) == ("demand.supplemented.v1", "还没修")


@pytest.mark.usefixtures("plain")
async def test_a_number_alone_opens_no_demand_of_another(gate: httpx.AsyncClient, pool: Pool):
    number = number_in(told(await post(gate, xml("1", "路灯坏了"))))
    await post(gate, xml("2", "另一件事", sender="another"))
    assert number not in told(await post(gate, xml("3", f"{number} 我是骗子", sender="another")), "another")
    assert await kinds(pool) == ["submitted"] * 3
    assert (await facts(pool))[-1]["text"] == f"{number} 我是骗子"


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize(
    "written", ["{number} {code} 还没修", "{number}，查询码 {code}。还没修", "{number}：{half}-{rest}：还没修"]
)
async def test_who_has_the_code_adds_to_a_demand_and_the_code_is_told_to_nobody(
    gate: httpx.AsyncClient, pool: Pool, database: str, written: str
):
    number = number_in(told(await post(gate, xml("1", "路灯坏了"))))
    async with pool.acquire() as db:
        code = SecretCodes(settings(database).secret).of(await db.fetchval("SELECT id FROM submission"))
    text = written.format(number=number, code=code.lower(), half=code[:4], rest=code[4:])
    assert number in told(await post(gate, xml("2", text, sender="another")), "another")
    assert (await facts(pool))[-1]["text"] == "还没修"


@pytest.mark.usefixtures("plain")
async def test_a_sender_may_name_an_earlier_demand_of_theirs(gate: httpx.AsyncClient, pool: Pool):
    number = number_in(told(await post(gate, xml("1", "路灯坏了"))))
    async with pool.acquire() as db:
        await db.execute("UPDATE conversation SET said_at = said_at - interval '31 minutes'")
    await post(gate, xml("2", "垃圾没人收"))
    assert number in told(await post(gate, xml("3", f"{number} 还没修")))
    assert number in told(await post(gate, xml("4", "就在村口")))
    assert await kinds(pool) == ["submitted", "submitted", "supplemented", "supplemented"]


@pytest.mark.usefixtures("plain")
async def test_a_demand_that_has_ended_is_not_reopened_by_a_message(gate: httpx.AsyncClient, pool: Pool):
    number = number_in(told(await post(gate, xml("1", "路灯坏了"))))
    async with pool.acquire() as db:
        await db.execute("""UPDATE demand SET state = state || '{"status": "closed"}'""")
    assert number not in told(await post(gate, xml("2", f"{number} 又坏了")))
    assert await kinds(pool) == ["submitted", "submitted"]


@pytest.mark.usefixtures("plain")
async def test_a_picture_is_kept_in_the_vault_and_named_in_the_demand(
    gate: httpx.AsyncClient, pool: Pool, vault: Vault
):
    picture = "http://mmbiz.qpic.cn/x/0"
    await post(gate, xml("1", kind="image", PicUrl=picture, MediaId="m1"))
    assert await kinds(pool) == ["submitted", "supplemented"]
    await post(gate, xml("2", kind="image", PicUrl=picture, MediaId="m2"))
    assert await kinds(pool) == ["submitted", "supplemented", "supplemented"]
    assert picture not in str(await facts(pool))
    assert f"{picture} m2" in await secrets_of(pool, vault)


@pytest.mark.usefixtures("plain")
async def test_a_position_is_brought_to_wgs84_and_its_address_kept_in_the_vault(
    gate: httpx.AsyncClient, pool: Pool, vault: Vault
):
    where = {"Location_X": "23.0290", "Location_Y": "113.1430", "Scale": "20", "Label": "鹤峰村三巷九号"}
    await post(gate, xml("1", kind="location", **where))
    demand = (await facts(pool))[0]
    assert demand["location"] == {"lat": pytest.approx(23.0316, abs=3e-4), "lon": pytest.approx(113.1376, abs=3e-4)}
    assert "鹤峰村" not in str(await facts(pool))
    assert "鹤峰村三巷九号" in await secrets_of(pool, vault)


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("body", [xml("1", kind="event", Event="subscribe"), xml("2")])
async def test_what_is_no_message_is_acknowledged(gate: httpx.AsyncClient, pool: Pool, body: str):
    answer = await post(gate, body)
    assert answer.status_code == 200
    assert await count(pool, "submission") == 0


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("kind", ["video", "shortvideo", "link", "file"])
async def test_who_sends_what_nobody_can_read_is_told_what_can_be_read(gate: httpx.AsyncClient, pool: Pool, kind: str):
    assert "文字、图片或位置" in told(await post(gate, xml("1", kind=kind, Url="http://a.example", MediaId="m")))
    assert await count(pool, "submission") == 0


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("where", [{}, {"Location_X": "23.029"}, {"Location_X": "", "Location_Y": ""}])
async def test_a_position_without_coordinates_is_no_place(gate: httpx.AsyncClient, pool: Pool, where: dict[str, str]):
    await post(gate, xml("1", kind="location", Label="鹤峰村", **where))
    demand = (await facts(pool))[0]
    assert (demand.get("location"), demand["text"]) == (None, "［位置］")


def cdata(content: str, **more: str) -> str:
    """A message as WeChat writes it, whatever is in its words."""
    parts = {"ToUserName": "gh_1", "FromUserName": OPENID, "CreateTime": "1", "MsgType": "text", "MsgId": "1"} | more
    return (
        "<xml>" + "".join(f"<{k}><![CDATA[{v}]]></{k}>" for k, v in (parts | {"Content": content}).items()) + "</xml>"
    )


@pytest.mark.usefixtures("plain")
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
async def test_no_message_is_lost_for_a_character(gate: httpx.AsyncClient, pool: Pool, body: str, text: str | None):
    answer = await post(gate, body)
    assert (await facts(pool))[0]["number"] in told(answer)
    assert text is None or (await facts(pool))[0]["text"] == text


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("charset", ["gb18030", "utf-16"])
async def test_a_message_is_read_by_what_its_bytes_are(gate: httpx.AsyncClient, pool: Pool, charset: str):
    params = stamp() | {"signature": signature(TOKEN, *stamp().values())}
    answer = await gate.post(WHERE, params=params, content=cdata("学校门口没有路灯，孩子上学看不见路").encode(charset))
    assert answer.status_code == 200, answer.text
    assert (await facts(pool))[0]["text"] == "学校门口没有路灯，孩子上学看不见路"


@pytest.mark.usefixtures("plain")
async def test_a_message_with_half_a_character_is_marked_and_its_bytes_are_kept(
    gate: httpx.AsyncClient, pool: Pool, vault: Vault
):
    params = stamp() | {"signature": signature(TOKEN, *stamp().values())}
    body = cdata("学校门口没有路灯").encode().replace("灯".encode(), "灯".encode()[:2])
    assert (await gate.post(WHERE, params=params, content=body)).status_code == 200
    assert (await facts(pool))[0]["text"] == f"学校门口没有路\ufffd\n{DOUBTFUL}"
    assert "原始字节" in await secrets_of(pool, vault)


@pytest.mark.usefixtures("sealed")
@pytest.mark.parametrize("raw", ["路灯\0坏了".encode(), "学校门口没有路灯，孩子上学看不见路".encode("gbk")])
async def test_an_encrypted_message_is_not_lost_for_a_character_either(gate: httpx.AsyncClient, pool: Pool, raw: bytes):
    encrypted = sealed_bytes(cdata("@").encode().replace(b"@", raw))
    stamped = stamp()
    signed = signature(TOKEN, *stamped.values(), encrypted)
    body = f"<xml><ToUserName>gh_1</ToUserName><Encrypt>{encrypted}</Encrypt></xml>"
    answer = await post(gate, body, **stamped, msg_signature=signed)
    assert answer.status_code == 200, answer.text
    assert await kinds(pool) == ["submitted"]


def sealed_bytes(message: bytes) -> str:
    """What WeChat would send of any bytes."""

    class Raw(str):
        def encode(self, *args: str) -> bytes:  # type: ignore[override]
            return message

    return WeChatCipher(KEY, APP).encrypt(Raw())


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("where", [("91", "113"), ("23.029", "181"), ("nan", "113"), ("1e999", "0"), ("north", "0")])
async def test_a_position_that_is_nowhere_is_a_message_without_a_place(
    gate: httpx.AsyncClient, pool: Pool, vault: Vault, where: tuple[str, str]
):
    body = xml("1", kind="location", Label="鹤峰村", Location_X=where[0], Location_Y=where[1])
    assert (await post(gate, body)).status_code == 200
    demand = (await facts(pool))[0]
    assert (demand.get("location"), demand["text"]) == (None, "［位置］")
    assert f"鹤峰村 {where[0]}, {where[1]}" in await secrets_of(pool, vault)


@pytest.mark.usefixtures("plain")
async def test_a_message_without_an_id_is_known_by_all_that_is_told_of_it(gate: httpx.AsyncClient, pool: Pool):
    for text in ("路灯坏了", "路灯坏了", "在村口"):
        assert (await post(gate, xml("", text))).status_code == 200
    assert await kinds(pool) == ["submitted", "supplemented"]


@pytest.mark.usefixtures("plain")
async def test_words_that_are_masked_in_a_supplement_are_kept_beside_what_it_stands_for(
    gate: httpx.AsyncClient, pool: Pool, vault: Vault
):
    await post(gate, xml("1", "路灯坏了"))
    await post(gate, xml("2", kind="voice", Recognition="请打13912345678", MediaId="m-1"))
    assert "13912345678" not in str(await facts(pool))
    kept = await secrets_of(pool, vault)
    assert ("13912345678" in kept, "m-1" in kept) == (True, True)


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize(
    "body",
    ["", "<xml>", "not xml", "<?xml version='1.0' encoding='foo'?><xml/>",
     "<xml>1</xml>",
     '<!DOCTYPE x [<!ENTITY a "b">]><xml><Content>&a;</Content></xml>'],
)  # fmt: skip
async def test_a_body_that_is_no_callback_is_explained(gate: httpx.AsyncClient, body: str):
    refused = await post(gate, body)
    assert refused.status_code == 400
    is_a_problem(refused)


@pytest.mark.usefixtures("plain")
async def test_a_forged_callback_is_refused(gate: httpx.AsyncClient, pool: Pool):
    assert (await post(gate, xml("1", "x"), signature="0" * 40)).status_code == 401
    assert (await post(gate, xml("1", "x"), nonce="n2")).status_code == 401
    assert (await gate.post("/inbound/wechat/none", content=b"<xml/>")).status_code == 404
    assert await count(pool, "submission") == 0


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("minutes", [-11, 11, -100_000])
async def test_a_callback_of_another_time_is_refused(gate: httpx.AsyncClient, pool: Pool, minutes: int):
    stamped = stamp(now() + timedelta(minutes=minutes))
    params = stamped | {"signature": signature(TOKEN, *stamped.values()), "echostr": "4711"}
    for refused in (await gate.get(WHERE, params=params), await gate.post(WHERE, params=params, content=b"no xml")):
        assert refused.status_code == 401
        assert "timestamp" in is_a_problem(refused)["detail"]


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("timestamp", ["", "x", "²", "9" * 400])
async def test_a_time_that_is_none_is_refused(gate: httpx.AsyncClient, timestamp: str):
    assert (await post(gate, xml("1", "x"), timestamp=timestamp)).status_code == 401


@pytest.mark.usefixtures("plain")
async def test_a_body_is_read_by_nobody_before_its_signature_is_right(gate: httpx.AsyncClient):
    assert (await post(gate, "not xml", signature="0" * 40)).status_code == 401


@pytest.mark.usefixtures("plain")
async def test_wechats_check_of_the_address_is_answered(gate: httpx.AsyncClient):
    stamped = stamp()
    params = stamped | {"signature": signature(TOKEN, *stamped.values()), "echostr": "4711"}
    assert (await gate.get(WHERE, params=params)).text == "4711"
    assert (await gate.get(WHERE, params=params | {"nonce": "n2"})).status_code == 401


@pytest.mark.usefixtures("sealed")
async def test_an_account_that_encrypts_takes_no_plain_message(gate: httpx.AsyncClient, pool: Pool):
    assert (await post(gate, xml("1", "x"))).status_code == 401
    assert await count(pool, "submission") == 0


@pytest.mark.usefixtures("sealed")
async def test_a_message_that_the_peer_encrypted_is_answered_so_that_the_peer_can_read_it(
    gate: httpx.AsyncClient, pool: Pool, peer: Peer
):
    account = {"token": TOKEN, "key": KEY, "app": APP}
    encrypted = peer("encrypt", message=xml("1", "路灯坏了 𝄞"), **account)
    stamped = stamp()
    signed = peer("sign", encrypted=encrypted, **account, **stamped)
    body = f"<xml><ToUserName>gh_1</ToUserName><Encrypt>{encrypted}</Encrypt></xml>"
    answer = await post(gate, body, **stamped, msg_signature=signed, encrypt_type="aes")
    assert answer.status_code == 200, answer.text
    root = fromstring(answer.text)
    parts = {"timestamp": root.findtext("TimeStamp"), "nonce": root.findtext("Nonce")}
    assert peer("sign", encrypted=root.findtext("Encrypt"), **account, **parts) == root.findtext("MsgSignature")
    opened = peer("decrypt", encrypted=root.findtext("Encrypt"), **account)
    assert opened["id"] == APP
    (demand,) = await facts(pool)
    assert demand["title"] == "路灯坏了 𝄞"
    assert demand["number"] in opened["message"]


@pytest.mark.usefixtures("sealed")
async def test_an_encrypted_check_of_the_address_is_answered(gate: httpx.AsyncClient, peer: Peer):
    account = {"token": TOKEN, "key": KEY, "app": APP}
    encrypted = peer("encrypt", message="4711", **account)
    stamped = stamp()
    signed = peer("sign", encrypted=encrypted, **account, **stamped)
    params = stamped | {"msg_signature": signed, "echostr": encrypted}
    assert (await gate.get(WHERE, params=params)).text == "4711"


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 31, 32, 33, 2000])
def test_ours_and_the_peers_encryption_read_each_other(peer: Peer, length: int):
    account = {"token": TOKEN, "key": KEY, "app": APP}
    words = ("应" * length)[:length]
    ours = WeChatCipher(KEY, APP)
    assert peer("decrypt", encrypted=ours.encrypt(words), **account) == {"message": words, "id": APP}
    assert ours.decrypt(peer("encrypt", message=words, **account)).decode() == words


def test_a_signature_is_the_digest_of_the_sorted_parts():
    expected = hashlib.sha1(b"12" + b"a" + b"token").hexdigest()
    assert signature("token", "a", "12") == expected


@pytest.mark.parametrize("change", ["", "AAAA", "编号", "A" * 64, "wrong-app", "flipped"])
def test_what_was_not_encrypted_for_this_account_is_refused(change: str):
    good = WeChatCipher(KEY, APP).encrypt("hello")
    other, flipped = WeChatCipher(KEY, "wx0").encrypt("hello"), "A" + good[1:-8] + good[-4:]
    made = {"wrong-app": other, "flipped": flipped}
    with pytest.raises(Refused):
        WeChatCipher(KEY, APP).decrypt(made.get(change, change))


@pytest.mark.parametrize(
    ("lat", "lon"), [(23.029, 113.143), (39.9087, 116.3975), (43.82, 87.61), (20.02, 110.35), (35.6, 139.7)]
)
def test_a_position_is_where_the_peer_says(peer: Peer, lat: float, lon: float):
    theirs = peer("wgs84", lat=lat, lon=lon)
    ours = from_gcj02(lat, lon)
    assert (ours.lon, ours.lat) == (pytest.approx(theirs[0], abs=2e-6), pytest.approx(theirs[1], abs=2e-6))
