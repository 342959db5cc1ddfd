"""The board says what the figures say, in two languages, and never runs what a citizen wrote."""

import html
import re
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest

from services.reporting import app
from services.reporting.settings import ReportingSettings
from services.reporting.web.words import teller
from shared.chassis.database import Pool, open_pool
from shared.chassis.delivery import Delivery
from shared.chassis.http import web_app
from shared.contracts.demand import Demand, Service
from shared.contracts.facts import Fact, RequestKind
from tests import story
from tests.chassis.conftest import Log
from tests.keys import KEYS

REPORT = "NH21-000004-X"
Told = Delivery[Demand, Fact]
ATTACK = "<script>alert('1')</script>路面破损"


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database, "reporting") as found:
        yield found


@pytest.fixture
def delivery(database: str, pool: Pool) -> Told:
    settings = ReportingSettings.model_validate(KEYS | {"DATABASE_URL": database})
    return Delivery(pool, app.projector(settings, pool).ledger, "cluster")


@pytest.fixture
async def browser(database: str, pool: Pool, delivery: Told) -> AsyncIterator[httpx.AsyncClient]:
    """A reader of the pages over three demands, one of them with an attack for a title."""
    settings = ReportingSettings.model_validate(KEYS | {"DATABASE_URL": database})
    submission = story.SUBMISSION.model_copy(update={"title": ATTACK, "number": "NH21-000003-X"})
    log = Log()
    for n, past in enumerate((story.CLOSED, story.ROUTED), 1):
        numbered = story.SUBMISSION.model_copy(update={"number": f"NH21-00000{n}-X"})
        await delivery.deliver(log.told(numbered, *past[1:], key=UUID(int=n)))
    await delivery.deliver(log.told(submission, key=UUID(int=3)))
    transport = httpx.ASGITransport(web_app("reporting", app.api(settings, pool).routers))
    async with httpx.AsyncClient(transport=transport, base_url="http://reporting") as found:
        yield found


async def test_the_board_shows_the_rate_and_what_it_is_made_of(browser: httpx.AsyncClient):
    page = (await browser.get("/board", params={"jurisdiction": "nanhai"})).text
    assert "33.33" in page
    assert "办结率" in page
    assert 'lang="zh' in page
    assert "completion rate" in (await browser.get("/board?jurisdiction=nanhai&lang=en")).text.lower()


@pytest.mark.parametrize("by", ["month", "division", "unit", "category", "channel"])
async def test_every_breakdown_opens(browser: httpx.AsyncClient, by: str):
    answer = await browser.get("/board", params={"jurisdiction": "nanhai", "by": by})
    assert answer.status_code == 200
    assert "/board/demands?" in answer.text


async def test_a_figure_of_the_past_opens_to_the_demands_of_then(browser: httpx.AsyncClient):
    page = (await browser.get("/board", params={"jurisdiction": "nanhai", "until": "2021-05-01"})).text
    assert "/board/demands?jurisdiction=nanhai&amp;until=2021-05-01" in page
    assert "NH21" not in (await browser.get("/board/demands?jurisdiction=nanhai&until=2021-05-01")).text
    assert "NH21" in (await browser.get("/board/demands?jurisdiction=nanhai&until=2021-12-31")).text


async def test_a_month_and_an_evening_at_once_are_refused(browser: httpx.AsyncClient):
    both = {"jurisdiction": "nanhai", "month": "2021-05", "until": "2021-12-31"}
    for path in ("/board", "/v1/figures/completion"):
        answer = await browser.get(path, params=both)
        assert (answer.status_code, "month" in answer.text) == (422, True)


async def test_what_a_citizen_wrote_is_shown_and_never_run(browser: httpx.AsyncClient):
    for path in ("/board/demands?jurisdiction=nanhai", "/board/demands/NH21-000003-X"):
        page = (await browser.get(path)).text
        assert "&lt;script&gt;" in page
        assert "<script>alert" not in page


async def test_a_demand_opens_to_its_facts_in_order(browser: httpx.AsyncClient):
    page = (await browser.get("/board/demands/NH21-000001-X?lang=en")).text
    places = [page.index(word) for word in ("submitted", "routed", "accepted", "resolved", "confirmed", "closed")]
    assert "路面破损" in page
    assert len(places) == 6


@pytest.mark.parametrize(
    "path",
    ["/board?jurisdiction=nanhai", "/board/demands?jurisdiction=nanhai&by=month", "/board/demands/NH21-000001-X"],
)
async def test_every_page_leads_to_itself_in_the_other_language(browser: httpx.AsyncClient, path: str):
    page = (await browser.get(path)).text
    (there,) = re.findall(r'<a href="([^"]+)" lang="en">English</a>', page)
    other = (await browser.get(html.unescape(there))).text
    assert '<html lang="en">' in other
    (back,) = re.findall(r'<a href="([^"]+)" lang="zh">中文</a>', other)
    assert (await browser.get(html.unescape(back))).text == page


@pytest.mark.parametrize("service", Service)
def test_a_citizen_reads_who_told_a_fact_in_words(service: Service):
    assert not teller(f"/services/{service}", "zh").isascii()
    assert teller(f"/services/{service}", "en") == service


async def test_a_report_is_counted_and_its_words_are_not_published(browser: httpx.AsyncClient, delivery: Told):
    report = story.SUBMISSION.model_copy(update={"kind": RequestKind.REPORT, "title": "村长受贿", "number": REPORT})
    await delivery.deliver(Log().told(report, key=UUID(int=4)))
    for path in ("/board/demands?jurisdiction=nanhai", f"/board/demands/{REPORT}", "/v1/figures/completion/demands"):
        answer = await browser.get(path)
        assert (answer.status_code, REPORT in answer.text, "受贿" in answer.text) == (200, True, False), answer.text
    assert "举报内容不公开" in (await browser.get(f"/board/demands/{REPORT}")).text


async def test_a_demand_that_does_not_exist_is_a_page_that_says_so(browser: httpx.AsyncClient):
    answer = await browser.get("/board/demands/NH21-999999-X")
    assert (answer.status_code, "没有编号为" in answer.text) == (404, True)


async def test_a_jurisdiction_that_does_not_exist_is_explained(browser: httpx.AsyncClient):
    answer = await browser.get("/board?jurisdiction=atlantis")
    assert answer.status_code == 422
    assert "text/html" in answer.headers["content-type"]


@pytest.mark.parametrize("path", ["/board?jurisdiction=nanhai", "/board/demands?jurisdiction=nanhai", "/docs"])
async def test_no_page_loads_anything_from_another_host(browser: httpx.AsyncClient, path: str):
    answer = await browser.get(path)
    assert not re.search(r"""(src|href)=["'](https?:)?//""", answer.text)
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    for found in re.findall(r"""(?:src|href)=["'](/[^"'?#]+(?:css|js|svg))["']""", answer.text):
        assert (await browser.get(found)).status_code == 200, found
