"""A demand is raised at the portal in short steps, without JavaScript, and recorded once."""

import asyncio
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from services.intake import app
from services.intake.channels import keys
from services.intake.settings import IntakeSettings
from services.intake.similar.indexing import Indexing
from services.intake.web.allowance import network_of
from services.intake.web.places import ServedPlaces
from shared.chassis.database.pool import Pool
from shared.chassis.http.app import web_app
from tests.built import Built
from tests.intake.conftest import built_with, visiting
from tests.intake.test_attachments import picture
from tests.intake.visitor import Visitor
from tests.keys import KEYS
from tests.packs import shipped

TOWN, VILLAGE = "440605011000", "440605011001"
WORDS = "村口的路灯坏了三天\n晚上看不清路，希望尽快修好"


def client_of(database: str, pool: Pool, **settings: object) -> httpx.AsyncClient:
    intake_settings = IntakeSettings.model_validate(KEYS | {"DATABASE_URL": database} | settings)
    application = web_app("intake", app.api(intake_settings, pool).routers)
    transport = httpx.ASGITransport(application, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://intake")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return built_with(attachments_folder=tmp_path_factory.mktemp("attachments"), portal_jurisdictions="nanhai")


@pytest.fixture
async def visitor(built: Built, pool: Pool) -> AsyncIterator[Visitor]:
    async with visiting(built, pool) as found:
        yield found


async def test_a_demand_is_raised_in_five_steps_and_can_be_followed(visitor: Visitor):
    await visitor.writes(WORDS)
    assert visitor.path.endswith("/where")
    assert "桂城街道" in visitor.page
    await visitor.places(TOWN)
    assert "东二社区居委会" in visitor.page
    await visitor.send(division=VILLAGE, place="小卖部旁")
    assert visitor.path.endswith("/who")
    await visitor.send(name="陈先生", phone="13800138000")
    assert visitor.path.endswith("/check")
    for words in ("村口的路灯坏了三天", "小卖部旁", "陈先生", "13800138000"):
        assert words in visitor.page
    assert '<option value="street-lighting" selected>' in visitor.page
    await visitor.send(category="street-lighting")
    assert visitor.path.endswith("/receipt")
    number, code = visitor.receipt()
    followed = (await visitor.client.get(f"/v1/demands/{number}", params={"code": code})).json()
    assert followed["title"] == "村口的路灯坏了三天"
    assert followed["text"].endswith("地点：小卖部旁")
    assert (followed["division"], followed["category"]) == (VILLAGE, "street-lighting")
    assert "答复您" in visitor.page
    assert "尾号 8000 的电话" in visitor.page


async def test_the_receipt_links_on_in_the_language_of_its_page(visitor: Visitor):
    await visitor.raises(WORDS, TOWN, VILLAGE)
    english = await visitor.open(f"{visitor.path}?lang=en")
    (onwards,) = re.findall(r'class="button primary" href="([^"]+)"', english.text)
    assert "lang=en" in onwards
    assert "What was said and done" in (await visitor.open(unescape(onwards))).text


async def test_sending_twice_or_reloading_gives_the_same_receipt(visitor: Visitor, pool: Pool):
    await visitor.writes(WORDS)
    await visitor.places(TOWN, VILLAGE)
    await visitor.send()
    check, form = visitor.path, visitor.form()
    answers = await asyncio.gather(
        *(visitor.client.post(check, data=form | {"category": category}) for category in ("", "noise"))
    )
    assert {answer.headers.get("location") for answer in answers} == {check.replace("/check", "/receipt")}
    await visitor.open(check)
    assert visitor.path.endswith("/receipt"), "what was sent cannot be sent again"
    receipt = visitor.receipt()
    await visitor.post(check, form)
    assert visitor.receipt() == receipt
    assert await pool.fetchval("SELECT count(*) FROM submission") == 1


async def test_going_back_loses_nothing(visitor: Visitor):
    await visitor.writes(WORDS)
    await visitor.places(TOWN)
    await visitor.send(go="back", place="小卖部旁")
    assert visitor.path.endswith("/words")
    assert "晚上看不清路" in visitor.page
    await visitor.send(words=f"{WORDS}。很急")
    await visitor.places(TOWN)
    assert 'value="小卖部旁"' in visitor.page
    await visitor.places(VILLAGE)
    await visitor.send(go="back", name="陈先生", phone="12")
    assert "已选地点：桂城街道 桂一社区居委会" in visitor.page
    await visitor.send(go="next")
    assert 'value="陈先生"' in visitor.page
    assert 'value="12"' in visitor.page


async def test_the_back_button_shows_the_input(visitor: Visitor):
    response = await visitor.open("/raise")
    await visitor.send(words=WORDS)
    await visitor.open(str(response.url.path))
    assert "晚上看不清路" in visitor.page


async def test_errors_are_shown_at_the_field_and_on_top_and_the_input_is_kept(visitor: Visitor):
    await visitor.writes("")
    assert visitor.answer.status_code == 422
    assert '<a href="#words">请写下您要反映的问题</a>' in visitor.page
    assert 'id="words-error">请写下您要反映的问题' in visitor.page
    await visitor.send(words="长" * 2001)
    assert "请删去1字" in visitor.page
    assert "长" * 2001 in visitor.page
    await visitor.send(words=WORDS)
    await visitor.send(go="next")
    assert visitor.answer.status_code == 422
    assert "请在下面选择地点" in visitor.page
    await visitor.places(TOWN, VILLAGE)
    await visitor.send(phone="110", name="<b>陈</b>")
    assert visitor.answer.status_code == 422
    assert 'href="#phone"' in visitor.page
    assert 'value="&lt;b&gt;陈' in visitor.answer.text


async def test_a_place_is_found_by_its_name_and_may_be_left_open(visitor: Visitor):
    await visitor.writes(WORDS)
    nothing = await visitor.open(f"{visitor.path}?q=没有这个村")
    assert ("没有找到" in nothing.text, "说不清是哪里" in nothing.text) == (True, True)
    response = await visitor.open(f"{visitor.path}?q=桂一")
    assert ("桂城街道" in response.text, "说不清是哪里" in response.text) == (True, False)
    await visitor.places(VILLAGE)
    assert visitor.path.endswith("/who")
    await visitor.send(go="back")
    await visitor.places(TOWN)
    await visitor.send(here=TOWN)
    await visitor.send()
    assert "桂城街道" in visitor.page
    number, code = (await visitor.send(), visitor.receipt())[1]
    assert (await visitor.client.get(f"/v1/demands/{number}", params={"code": code})).json()["division"] == TOWN


async def test_a_missing_step_is_shown_first(visitor: Visitor):
    await visitor.writes(WORDS)
    await visitor.open(visitor.path.replace("/where", "/check"))
    assert visitor.path.endswith("/where")


async def test_a_draft_is_readable_only_by_its_visitor_and_for_a_day(visitor: Visitor, pool: Pool):
    await visitor.writes("只有我知道的事")
    path = visitor.path
    sealed = await pool.fetchval("SELECT sealed FROM portal_draft")
    assert "只有我知道的事".encode() not in sealed
    cookies = dict(visitor.client.cookies)
    visitor.client.cookies.clear()
    assert (await visitor.open(path)).status_code == 404
    assert "请重新填写" in visitor.page
    visitor.client.cookies.update(cookies)
    assert (await visitor.open(path)).status_code == 200
    await pool.execute("UPDATE portal_draft SET saved_at = saved_at - interval '25 hours'")
    assert (await visitor.open(path)).status_code == 404


async def test_the_draft_is_removed_after_sending(visitor: Visitor, pool: Pool):
    await visitor.raises("短话" * 300, TOWN, VILLAGE, phone="13800138000")
    assert len(await pool.fetchval("SELECT sealed FROM portal_draft")) < 500


async def test_a_similar_demand_is_supported_instead(visitor: Visitor, pool: Pool):
    number, code = await visitor.raises(WORDS, TOWN, VILLAGE)
    await Indexing(pool).index()
    visitor.client.cookies.clear()
    await visitor.writes(WORDS)
    await visitor.places(TOWN, VILLAGE)
    await visitor.send(phone="13800138001")
    assert visitor.path.endswith("/similar")
    assert "我也遇到了" in visitor.page
    await visitor.send(support=number)
    assert visitor.receipt() == (number, "")
    assert "尾号 8001 的电话" in visitor.page
    (onwards,) = re.findall(r'class="button primary" href="([^"]+)"', visitor.page)
    assert onwards == f"/demands/{number}", "it needs no code, which a supporter does not have"
    assert (await visitor.open(onwards)).status_code == 200
    assert await pool.fetchval("SELECT count(*) FROM submission") == 1
    followed = (await visitor.client.get(f"/v1/demands/{number}", params={"code": code})).json()
    assert followed["supports"] == 1


async def test_a_demand_of_the_same_kind_in_the_same_place_is_shown_whatever_its_words(visitor: Visitor, pool: Pool):
    await visitor.writes("我家门口那条路上有盏路灯坏了，晚上黑得很，七十多岁了走路怕摔")
    await visitor.places(TOWN, VILLAGE)
    await visitor.send(phone="13800138000")
    await visitor.send(category="street-lighting")
    number, _ = visitor.receipt()
    await Indexing(pool).index()
    visitor.client.cookies.clear()
    for words, seen in (("村里路灯不亮", True), ("门口的树倒了", False)):
        await visitor.writes(words)
        await visitor.places(TOWN, VILLAGE)
        await visitor.send(phone="13800138001")
        assert visitor.path.endswith("/similar") is seen, words
        if seen:
            assert "在同一个地方，是同一类问题" in visitor.page
            assert f'value="{number}"' in visitor.page
    await pool.execute("UPDATE likeness SET raised_at = now() - interval '31 days'")
    await visitor.writes("村里路灯不亮")
    await visitor.places(TOWN, VILLAGE)
    await visitor.send(phone="13800138001")
    assert visitor.path.endswith("/check"), "an old one is another one"


async def test_an_address_that_sends_too_much_is_refused_and_keeps_its_input(database: str, pool: Pool):
    async with client_of(database, pool, portal_sends_per_hour=1, portal_jurisdictions="nanhai") as client:
        visitor = Visitor(client)
        await visitor.raises(WORDS, TOWN, VILLAGE)
        await visitor.writes("另一件事")
        await visitor.places(TOWN, VILLAGE)
        await visitor.send()
        check, refused = visitor.path, await visitor.send()
        assert refused.status_code == 429
        assert "分钟再试" in refused.text
        assert int(refused.headers["retry-after"]) <= 3600
        await visitor.open(check)
        assert "另一件事" in visitor.page
        for _ in range(9):
            response = await client.post(f"/raise/{uuid4()}/words", data=visitor.form() | {"words": WORDS})
        assert response.status_code == 429


@pytest.mark.parametrize(
    ("host", "network"),
    [("203.0.113.7", "203.0.113.7"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"), ("testclient", "testclient")],
)
def test_a_household_is_counted_once(host: str, network: str):
    assert network_of(host) == network


async def test_photos_can_be_added_viewed_removed_and_sent(visitor: Visitor, pool: Pool):
    photos = [("photos", ("一.jpg", picture("JPEG"))), ("photos", ("二.jpg", picture("JPEG")))]
    await visitor.writes(WORDS, photos)
    await visitor.open(visitor.path.replace("/where", "/words"))
    first, second = re.findall(r'src="(/raise/[^"]+)"', visitor.page)
    answer = await visitor.client.get(first)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    await visitor.send(words=WORDS, remove=second.rpartition("/")[2])
    await visitor.places(TOWN, VILLAGE)
    await visitor.send()
    assert "1张照片" in visitor.page
    await visitor.send()
    rows = await pool.fetch("SELECT reference, channel, demand_id FROM attachment ORDER BY demand_id NULLS LAST")
    assert [(row["channel"], row["demand_id"] is None) for row in rows] == [
        ("portal-nanhai", False), ("portal-nanhai", True)
    ]  # fmt: skip
    assert rows[0]["reference"] == first.rpartition("/")[2]
    assert (await visitor.client.get(first)).status_code == 404, "the draft holds the receipt alone"


async def test_a_refused_photo_is_an_error_at_its_field_and_the_rest_is_kept(visitor: Visitor):
    photos = [("photos", ("好.jpg", picture("JPEG"))), ("photos", ("坏<b>.txt", b"no picture"))]
    await visitor.writes(WORDS, photos)
    assert visitor.answer.status_code == 422
    assert "坏<b>.txt：只接受以下格式" in visitor.page
    assert "晚上看不清路" in visitor.page
    assert visitor.page.count("/photos/") == 1
    too_many = [("photos", (f"{n}.jpg", picture("JPEG"))) for n in range(9)]
    await visitor.send(words=WORDS, files=too_many)
    assert "最多9张照片" in visitor.page
    assert visitor.page.count("/photos/") == 9


async def test_without_a_store_photos_are_not_offered(database: str, pool: Pool):
    async with client_of(database, pool) as client:
        page = (await client.get("/raise")).text
    assert 'type="file"' not in page


async def test_a_body_that_is_too_large_is_refused_with_a_page(visitor: Visitor):
    answer = await visitor.client.post("/raise", content=b"x", headers={"Content-Length": str(40 * 1_048_576)})
    assert answer.status_code == 413
    assert answer.headers["content-type"].startswith("text/html")


async def test_with_several_jurisdictions_the_portal_asks_for_one_first(database: str, pool: Pool, tmp_path: Path):
    async with client_of(database, pool, attachments_folder=tmp_path) as client:
        visitor = Visitor(client)
        await visitor.writes(WORDS, [("photos", ("a.jpg", picture("JPEG")))])
        assert "佛山市南海区" in visitor.page
        await visitor.places("la")
        assert "Council District 1" in visitor.page
        await visitor.places("la-cd-01")
        await visitor.send()
        await visitor.send()
        assert visitor.path.endswith("/receipt")
    rows = await pool.fetch("SELECT channel, demand_id FROM attachment JOIN submission USING (channel)")
    assert [row["channel"] for row in rows] == ["portal-losangeles"], "photos go with the demand"


def test_a_portal_for_an_unserved_jurisdiction_does_not_start():
    with pytest.raises(ValueError, match="nowhere"):
        ServedPlaces.of(shipped(), "nanhai,nowhere")


async def test_a_revoked_channel_closes_the_portal_with_an_explanation(visitor: Visitor, pool: Pool):
    await visitor.raises(WORDS, TOWN, VILLAGE)
    await keys.revoke(pool, "portal-nanhai")
    await visitor.writes("另一件事")
    await visitor.places(TOWN, VILLAGE)
    await visitor.send()
    assert visitor.answer.status_code == 403
    assert "请拨打热线电话" in visitor.page


async def test_personal_numbers_in_the_text_are_masked_like_on_every_channel(visitor: Visitor, pool: Pool):
    await visitor.raises("我的电话13800138000，路灯坏了", TOWN, VILLAGE)
    text = await pool.fetchval("SELECT payload FROM journal WHERE sequence = 1")
    assert "13800138000" not in str(text)
    assert await pool.fetchval("SELECT count(*) FROM vault") == 1


async def test_the_link_of_a_village_skips_the_step_of_the_place(visitor: Visitor):
    await visitor.open(f"/raise?at={VILLAGE}")
    await visitor.send(words=WORDS)
    assert visitor.path.endswith("/who")


async def test_every_step_is_complete_in_english(visitor: Visitor):
    await visitor.open("/raise?lang=en")
    pages = [visitor.page]
    for fields in ({"words": "The lamp is broken"}, {"division": TOWN}, {"division": VILLAGE}, {}, {}):
        await visitor.send(**fields)
        pages.append(visitor.page)
    assert "Your demand was received" in pages[-1]
    for page in pages:
        text = re.sub(r"<bdi.*?</bdi>|<[^>]*>|桂城街道 桂一社区居委会|桂城街道|佛山市南海区", " ", page)
        assert re.findall(r"[\u4e00-\u9fff]+", text) == ["中文"]
