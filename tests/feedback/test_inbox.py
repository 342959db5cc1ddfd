"""The inbox shows the messages of the file with links that open, and exists only where the product is tried out."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import ValidationError

from services.feedback import app
from services.feedback.gateways.file import FileGateway
from services.feedback.settings import FeedbackSettings
from services.feedback.web.inbox_pages import ON_A_PAGE
from shared.chassis.database.pool import Pool
from shared.chassis.http.app import web_app
from shared.jurisdiction.notice_words import NOTICE_WORDS
from shared.jurisdiction.notices import Notice
from tests import story
from tests.feedback.gateways import TO, message
from tests.keys import KEYS

HERE = "http://here.example:8080"


def settings(file: Path, **more: Any) -> FeedbackSettings:
    told = {"DATABASE_URL": "postgresql://u@127.0.0.1/x", "notification_file": file, "inbox": True, "public_url": HERE}
    return FeedbackSettings.model_validate(KEYS | told | more)


async def inbox(pool: Pool, file: Path, query: str = "", **more: Any) -> httpx.Response:
    served = web_app("feedback", app.api(settings(file, **more), pool).routers)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url=HERE) as client:
        return await client.get(f"/inbox{query}")


async def test_messages_stand_newest_first_with_their_links_to_open(pool: Pool, tmp_path: Path):
    gateway = FileGateway(tmp_path / "out", clock=lambda: story.AT)
    await gateway.send(message("submitted", f"已收到。查看：{HERE}/follow/first"), TO)
    await gateway.send(message("resolved", f"已有答复。评价：{HERE}/rate/second。"), TO)
    page = await inbox(pool, tmp_path / "out")
    assert page.status_code == 200
    assert "no-store" in page.headers["cache-control"]
    assert page.text.index('<a href="/rate/second">') < page.text.index('<a href="/follow/first">')
    assert "138****8000" in page.text
    assert "已有答复，请评价" in page.text
    assert "Answered, to be rated" in (await inbox(pool, tmp_path / "out", "?lang=en")).text


async def test_a_link_of_somebody_else_and_hostile_words_stay_words(pool: Pool, tmp_path: Path):
    odd = "<script>alert(1)</script> https://evil.example/x http://here.example:8080.evil.example/y"
    await FileGateway(tmp_path / "out").send(message("progressed", odd), TO)
    page = (await inbox(pool, tmp_path / "out")).text
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert 'href="https://evil' not in page
    assert "evil.example/y</a>" not in page


async def test_a_page_has_so_many_and_leads_to_earlier_ones(pool: Pool, tmp_path: Path):
    gateway = FileGateway(tmp_path / "out")
    for n in range(ON_A_PAGE + 1):
        await gateway.send(message("submitted", f"message {n:02}"), TO)
    first, second = [(await inbox(pool, tmp_path / "out", f"?page={page}")).text for page in (1, 2)]
    assert (first.count("message "), second.count("message ")) == (ON_A_PAGE, 1)
    assert 'href="/inbox?lang=zh&amp;page=2"' in first
    assert "message 00" in second


async def test_an_empty_inbox_and_a_broken_line_are_no_fault(pool: Pool, tmp_path: Path):
    assert "还没有消息" in (await inbox(pool, tmp_path / "out")).text
    (tmp_path / "out").write_bytes(b'{"half\n[1]\n' + json.dumps({"body": "of before"}).encode() + b"\n")
    assert "of before" in (await inbox(pool, tmp_path / "out")).text


async def test_messages_that_the_hourly_limit_holds_are_counted(pool: Pool, tmp_path: Path):
    assert "暂不发送" not in (await inbox(pool, tmp_path / "out")).text
    await pool.executemany(
        "INSERT INTO intent (id, kind, key, about, line, body, waits) VALUES ($1, 'message', $1, $1, 'one', '{}', $2)",
        [(uuid4(), waits) for waits in ("hourly-limit", "hourly-limit", "gateway")],
    )
    assert "另有 2 条消息暂不发送" in (await inbox(pool, tmp_path / "out")).text
    assert "2 more wait" in (await inbox(pool, tmp_path / "out", "?lang=en")).text


async def test_there_is_no_inbox_unless_it_is_set(pool: Pool, tmp_path: Path):
    assert (await inbox(pool, tmp_path / "out", inbox=False)).status_code == 404


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"DATABASE_URL": "postgresql://u@db.example/x"}, "DATABASE_URL is not of this machine"),
        ({"notification_file": None}, "HUYING_NOTIFICATION_FILE"),
    ],
)
def test_an_inbox_is_refused_where_there_may_be_real_people(tmp_path: Path, more: dict[str, Any], told: str):
    with pytest.raises(ValidationError, match=told):
        settings(tmp_path / "out", **more)


def test_an_inbox_is_refused_beside_gateways(tmp_path: Path):
    file = tmp_path / "gateways.yaml"
    file.write_text("gateways: {}\nuse: {}\n")
    with pytest.raises(ValidationError, match="HUYING_GATEWAYS"):
        settings(tmp_path / "out", gateways=file)


def test_every_message_has_words_for_what_it_tells():
    assert set(NOTICE_WORDS) == set(Notice)
