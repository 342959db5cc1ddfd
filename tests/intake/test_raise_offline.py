"""Demands stored offline on a phone are sent once; hints are shown while a citizen types."""

from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest

from services.intake.similar.indexing import Indexing
from shared.chassis.database.pool import Pool
from tests.intake.test_attachments import picture
from tests.intake.test_raise import TOWN, VILLAGE, WORDS, built, visitor
from tests.intake.visitor import Visitor

__all__ = ["built", "visitor"]


async def handed_over(visitor: Visitor, **fields: Any) -> httpx.Response:
    """Send a demand like the phone's service worker: get a fresh token first."""
    await visitor.open("/raise/offline")
    headers = {"Accept": "application/json", "X-CSRF-Token": visitor.form()["csrf"]}
    return await visitor.client.post("/raise/offline", data=fields, headers=headers)


async def test_a_demand_stored_offline_is_sent_once(visitor: Visitor, pool: Pool):
    key = str(uuid4())
    first = await handed_over(visitor, key=key, words=WORDS, division=VILLAGE, place="小卖部旁", phone="13800138000")
    repeated = await handed_over(visitor, key=key, words=WORDS, division=VILLAGE, place="小卖部旁", phone="13800138000")
    assert first.status_code == 200
    assert first.json() == repeated.json()
    await visitor.open(first.json()["receipt"])
    assert visitor.receipt()[0] == first.json()["number"]
    assert await pool.fetchval("SELECT count(*) FROM submission") == 1


async def test_a_demand_is_sent_once_although_the_response_was_lost(visitor: Visitor, pool: Pool):
    key = str(uuid4())
    first = await handed_over(visitor, key=key, words=WORDS, division=VILLAGE)
    await pool.execute("DELETE FROM portal_draft")
    repeated = await handed_over(visitor, key=key, words=WORDS, division=VILLAGE)
    assert repeated.json()["number"] == first.json()["number"]


async def test_stored_photos_are_sent_with_the_demand_and_an_invalid_one_delays_nothing(visitor: Visitor, pool: Pool):
    await visitor.open("/raise/offline")
    headers = {"Accept": "application/json", "X-CSRF-Token": visitor.form()["csrf"]}
    fields = {"key": str(uuid4()), "words": WORDS, "division": VILLAGE}
    photos = [("photos", ("a.png", picture("PNG"))), ("photos", ("b.jpg", b"no photo"))]
    answers = [
        await visitor.client.post("/raise/offline", data=fields, files=photos, headers=headers) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json()["photos_left_out"] == 1
    assert answers[0].json()["number"] == answers[1].json()["number"]
    rows = await pool.fetch("SELECT payload FROM journal WHERE sequence = 1")
    assert [len(orjson.loads(row["payload"])["attachments"]) for row in rows] == [1]


async def test_nobody_can_overwrite_the_draft_of_another_visitor(visitor: Visitor):
    key = str(uuid4())
    await handed_over(visitor, key=key, words=WORDS, division=VILLAGE)
    visitor.client.cookies.clear()
    assert (await handed_over(visitor, key=key, words="anders", division=VILLAGE)).status_code == 404


async def test_a_refusal_is_explained_to_the_phone(visitor: Visitor):
    refused = await handed_over(visitor, key=str(uuid4()), words="", division="nowhere", phone="1")
    assert refused.status_code == 422
    for words in ("请写下您要反映的问题", "请选择地点", "11位手机号"):
        assert words in refused.json()["detail"]


async def test_the_page_works_as_an_ordinary_form(visitor: Visitor):
    await visitor.open("/raise/offline")
    await visitor.send(words="", division=TOWN)
    assert visitor.answer.status_code == 422
    assert f'<option value="{TOWN}" selected>' in visitor.page
    await visitor.send(words=WORDS, division=TOWN)
    assert visitor.receipt()[0].startswith("NH")


async def test_the_service_worker_handles_only_the_pages_of_raising(visitor: Visitor):
    worker = await visitor.client.get("/raise/worker.js")
    assert worker.headers["service-worker-allowed"] == "/raise"
    assert worker.headers["content-type"].startswith("text/javascript")
    assert "waitingDemands" in worker.text


@pytest.mark.parametrize("words", ["", " \u200b", "哈"])
async def test_without_text_there_are_no_hints(visitor: Visitor, words: str):
    assert await hinted(visitor, words) == []


async def hinted(visitor: Visitor, words: str, **fields: str) -> list[str]:
    await visitor.open("/raise")
    form = visitor.form() | {"words": words} | fields
    answer = await visitor.client.post("/raise/hints", data=form)
    assert answer.status_code == 200
    return list(answer.json()["lines"])


async def test_while_typing_the_category_and_similar_demands_are_shown(visitor: Visitor, pool: Pool):
    assert await hinted(visitor, WORDS) == ["像是：路灯照明（提交前可以改）"]
    await visitor.raises(WORDS, TOWN, VILLAGE)
    await Indexing(pool).index()
    assert len(await hinted(visitor, WORDS, division="no such place")) == 3
    lines = await hinted(visitor, WORDS, division=VILLAGE)
    assert len(lines) == 3
    assert "桂城街道 桂一社区居委会" in lines[2]
    assert "三天" not in lines[2], "Nanhai publishes no words before they are released"


async def test_hints_need_the_token_of_the_page(visitor: Visitor):
    assert (await visitor.client.post("/raise/hints", data={"words": WORDS})).status_code == 403


async def test_whoever_writes_of_several_problems_is_advised_to_raise_them_one_by_one(visitor: Visitor):
    several = (
        "第一个是厂门口那条路没有路灯，上个月有个工友摔了一跤，第二个是厂里两个月没有发工资，"
        "老板说没有钱，打电话没人接，希望领导帮忙解决一下"
    )
    for words, is_advised in ((several, True), (WORDS, False)):
        assert any("请一件一件提" in line for line in await hinted(visitor, words)) is is_advised
