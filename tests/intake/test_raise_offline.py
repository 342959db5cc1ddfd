"""What a phone kept without a network is sent once; and what the first step says while somebody writes."""

from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest

from services.intake.similar.indexing import Indexing
from shared.chassis.database.pool import Pool
from tests.intake.test_attachments import picture
from tests.intake.test_raise import TOWN, VILLAGE, WORDS, visitor
from tests.intake.visitor import Visitor

__all__ = ["visitor"]


async def handed_over(visitor: Visitor, **fields: Any) -> httpx.Response:
    """What the phone's worker does: a fresh token, then the demand."""
    await visitor.open("/raise/offline")
    headers = {"Accept": "application/json", "X-CSRF-Token": visitor.form()["csrf"]}
    return await visitor.client.post("/raise/offline", data=fields, headers=headers)


async def test_a_demand_that_waited_for_a_network_is_sent_once(visitor: Visitor, pool: Pool):
    key = str(uuid4())
    first = await handed_over(visitor, key=key, words=WORDS, division=VILLAGE, place="小卖部旁", phone="13800138000")
    again = await handed_over(visitor, key=key, words=WORDS, division=VILLAGE, place="小卖部旁", phone="13800138000")
    assert first.status_code == 200
    assert first.json() == again.json()
    await visitor.open(first.json()["receipt"])
    assert visitor.receipt()[0] == first.json()["number"]
    assert await pool.fetchval("SELECT count(*) FROM submission") == 1


async def test_a_demand_is_sent_once_though_the_answer_was_lost_before_the_receipt_was_kept(
    visitor: Visitor, pool: Pool
):
    key = str(uuid4())
    first = await handed_over(visitor, key=key, words=WORDS, division=VILLAGE)
    await pool.execute("DELETE FROM portal_draft")
    again = await handed_over(visitor, key=key, words=WORDS, division=VILLAGE)
    assert again.json()["number"] == first.json()["number"]


async def test_photos_that_waited_go_with_the_demand_and_one_that_is_none_holds_nothing_up(
    visitor: Visitor, pool: Pool
):
    await visitor.open("/raise/offline")
    headers = {"Accept": "application/json", "X-CSRF-Token": visitor.form()["csrf"]}
    fields = {"key": str(uuid4()), "words": WORDS, "division": VILLAGE}
    photos = [("photos", ("a.png", picture("PNG"))), ("photos", ("b.jpg", b"no photo"))]
    sent = [await visitor.client.post("/raise/offline", data=fields, files=photos, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in sent] == [200, 200]
    assert sent[0].json()["photos_left_out"] == 1
    assert sent[0].json()["number"] == sent[1].json()["number"]
    rows = await pool.fetch("SELECT payload FROM journal WHERE sequence = 1")
    assert [len(orjson.loads(row["payload"])["attachments"]) for row in rows] == [1]


async def test_nobody_writes_over_the_draft_of_another_visitor(visitor: Visitor):
    key = str(uuid4())
    await handed_over(visitor, key=key, words=WORDS, division=VILLAGE)
    visitor.client.cookies.clear()
    assert (await handed_over(visitor, key=key, words="anders", division=VILLAGE)).status_code == 404


async def test_what_cannot_be_taken_is_told_to_the_phone_in_words(visitor: Visitor):
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


async def test_the_worker_may_answer_for_the_pages_of_raising_alone(visitor: Visitor):
    worker = await visitor.client.get("/raise/worker.js")
    assert worker.headers["service-worker-allowed"] == "/raise"
    assert worker.headers["content-type"].startswith("text/javascript")
    assert "waitingDemands" in worker.text


@pytest.mark.parametrize("words", ["", " \u200b", "哈"])
async def test_of_nothing_there_is_nothing_to_say(visitor: Visitor, words: str):
    assert await hinted(visitor, words) == []


async def hinted(visitor: Visitor, words: str, **more: str) -> list[str]:
    await visitor.open("/raise")
    form = visitor.form() | {"words": words} | more
    answer = await visitor.client.post("/raise/hints", data=form)
    assert answer.status_code == 200
    return list(answer.json()["lines"])


async def test_while_somebody_writes_the_category_and_similar_demands_are_told(visitor: Visitor, pool: Pool):
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
