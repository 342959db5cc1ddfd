"""The demo inbox shows the messages of the file with working links, and exists only in demo deployments."""

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


def settings(file: Path, **options: Any) -> FeedbackSettings:
    values = {
        "DATABASE_URL": "postgresql://u@127.0.0.1/x",
        "notification_file": file,
        "inbox": True,
        "public_url": HERE,
    }
    return FeedbackSettings.model_validate(KEYS | values | options)


async def inbox(pool: Pool, file: Path, query: str = "", **options: Any) -> httpx.Response:
    application = web_app("feedback", app.api(settings(file, **options), pool).routers)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url=HERE) as client:
        return await client.get(f"/inbox{query}")


async def test_messages_are_listed_newest_first_with_working_links(pool: Pool, tmp_path: Path):
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


async def test_foreign_links_and_hostile_text_are_shown_as_text(pool: Pool, tmp_path: Path):
    text = "<script>alert(1)</script> https://evil.example/x http://here.example:8080.evil.example/y"
    await FileGateway(tmp_path / "out").send(message("progressed", text), TO)
    page = (await inbox(pool, tmp_path / "out")).text
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert 'href="https://evil' not in page
    assert "evil.example/y</a>" not in page


async def test_a_page_has_a_limited_number_and_links_to_earlier_ones(pool: Pool, tmp_path: Path):
    gateway = FileGateway(tmp_path / "out")
    for n in range(ON_A_PAGE + 1):
        await gateway.send(message("submitted", f"message {n:02}"), TO)
    first, second = [(await inbox(pool, tmp_path / "out", f"?page={page}")).text for page in (1, 2)]
    assert (first.count("message "), second.count("message ")) == (ON_A_PAGE, 1)
    assert 'href="/inbox?lang=zh&amp;page=2"' in first
    assert "message 00" in second


async def test_an_empty_inbox_and_a_broken_line_are_no_error(pool: Pool, tmp_path: Path):
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
    ("options", "reason"),
    [
        ({"DATABASE_URL": "postgresql://u@db.example/x"}, "DATABASE_URL is on another machine"),
        ({"notification_file": None}, "HUYING_NOTIFICATION_FILE"),
    ],
)
def test_an_inbox_is_refused_with_settings_of_real_operation(tmp_path: Path, options: dict[str, Any], reason: str):
    with pytest.raises(ValidationError, match=reason):
        settings(tmp_path / "out", **options)


def test_an_inbox_is_refused_beside_gateways(tmp_path: Path):
    file = tmp_path / "gateways.yaml"
    file.write_text("gateways: {}\nuse: {}\n")
    with pytest.raises(ValidationError, match="HUYING_GATEWAYS"):
        settings(tmp_path / "out", gateways=file)


def test_every_kind_of_message_has_a_title():
    assert set(NOTICE_WORDS) == set(Notice)
