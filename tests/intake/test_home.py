"""The first page of the portal: actions, this month's figures, and recent answers."""

import re
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx
import pytest

from services.intake.web.home_pages import EXCERPT
from services.intake.web.month_figures import FigureReader
from shared.chassis.base.clock import now
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Service
from tests.browser.desks import ACCEPTED, RESOLVED
from tests.city import PACK, City
from tests.intake.portal_visitor import PortalVisitor, visiting

RULE: Final = "nanhai: reviewed"
RELEASED: Final = f.DemandPublished(edition=1, title="村口路灯不亮", text="原话", answer="路灯已更换", policy=RULE)
FIGURE: Final = re.compile(r'<dt>([^<]+)</dt><dd>(?:<a class="evidence" href="([^"]+)">)?([^<]+)<')


@pytest.fixture
async def visitor(city: City) -> Any:
    async with visiting(city) as opened:
        yield opened


async def a_month(city: City) -> str:
    """Make one answered and rated demand, and another in work; returns the first one's number."""
    number = await city.raises(may_publish=True)
    await city.tells(number, ACCEPTED, RESOLVED)
    await city.tells(number, f.DemandConfirmed(rating=4, solved=True), service=Service.FEEDBACK)
    await city.raises()
    return number


async def test_this_months_figures_equal_the_boards_and_link_to_their_demands(city: City, visitor: PortalVisitor):
    number = await a_month(city)
    assert await city.figures.refresh()
    page = (await visitor.see("/")).text
    shown = {title: (value, href.replace("&amp;", "&")) for title, href, value in FIGURE.findall(page)}
    assert {title: value for title, (value, _) in shown.items()} == {
        "收到": "2", "已办结": "1", "办结率": "50.00 %", "现场解决": "0", "最终满意（含基本满意）": "100 %",
        "首次满意（含基本满意）": "100 %",
    }  # fmt: skip
    assert number in (await visitor.see(shown["最终满意（含基本满意）"][1])).text
    assert "截至今天" in page
    listed = (await visitor.see(shown["已办结"][1])).text
    assert number in listed
    assert len(set(re.findall(r"NH\d\d-\d+-\w", (await visitor.see(shown["收到"][1])).text))) == 2


async def test_the_first_page_works_without_reporting_and_keeps_the_last_figures(city: City, visitor: PortalVisitor):
    await a_month(city)
    requests: list[str] = []

    async def away(request: httpx.Request) -> httpx.Response:
        requests.append(request.url.path)
        raise httpx.ConnectError("away", request=request)

    client = httpx.AsyncClient(transport=httpx.MockTransport(away), base_url="http://reporting")
    with_nobody = FigureReader(client, [PACK])
    assert not await with_nobody.refresh()
    assert with_nobody.of(PACK) is None
    assert await city.figures.refresh()
    reporting_client, city.figures.reporting = city.figures.reporting, client
    try:
        assert not await city.figures.refresh()
        requests.clear()
        page = await visitor.see("/")
    finally:
        city.figures.reporting = reporting_client
    assert (page.status_code, requests) == (200, [])
    assert "办结率" in page.text


async def test_figures_of_the_previous_month_are_not_shown(city: City):
    at = now()
    reader = FigureReader(city.figures.reporting, [PACK], lambda: at)
    assert await reader.refresh()
    assert reader.of(PACK) is not None
    at += timedelta(days=32)
    assert reader.of(PACK) is None


async def test_while_a_month_is_empty_the_month_before_is_shown(city: City):
    await a_month(city)
    first = PACK.local_month(now())
    at = datetime(first.year + first.month // 12, first.month % 12 + 1, 1, 9, tzinfo=ZoneInfo(PACK.timezone))
    reader = FigureReader(city.figures.reporting, [PACK], lambda: at)
    assert await reader.refresh()
    figures = reader.of(PACK)
    assert figures
    assert (figures.month, figures.collected) == (first, 2)
    at += timedelta(days=62)
    assert await reader.refresh()
    figures = reader.of(PACK)
    assert figures
    assert (figures.month, figures.collected) == (PACK.local_month(at), 0), "of two empty months the present one"


async def test_recent_answers_are_listed_in_plain_words(city: City, visitor: PortalVisitor):
    assert "最近答复的诉求" not in (await visitor.see("/")).text
    number = await a_month(city)
    long = RELEASED.model_copy(update={"answer": "路灯已更换，" * 20})
    await city.tells(number, long)
    page = (await visitor.see("/")).text
    assert f'href="/demands/{number}"' in page
    assert "村口路灯不亮" in page
    assert long.answer[:EXCERPT] + "…" in page
    assert long.answer not in page
    assert "原话" not in page


async def test_a_reopened_demand_is_not_among_the_answers(city: City, visitor: PortalVisitor):
    number = await city.raises(may_publish=True)
    await city.tells(number, ACCEPTED, RESOLVED, RELEASED)
    assert number in (await visitor.see("/")).text
    await city.tells(number, f.DemandReopened(reason="又坏了", rating=1), service=Service.FEEDBACK)
    assert number not in (await visitor.see("/")).text


def test_without_an_address_of_reporting_no_request_is_sent():
    assert FigureReader.at("", [PACK]).tasks == ()
    assert len(FigureReader.at("http://127.0.0.1:1", [PACK]).tasks) == 1


async def test_an_unknown_address_gets_a_page_with_links(visitor: PortalVisitor):
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    answer = await visitor.client.get("/nothing/here", headers=browser)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "没有这个页面" in answer.text
    assert 'href="/"' in answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    head = await visitor.client.head("/nothing/here", headers=browser)
    assert (head.status_code, head.text, head.headers) == (404, "", answer.headers)
    assert "no page at this address" in (await visitor.client.get("/nothing?lang=en", headers=browser)).text
    for program in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}):
        answer = await visitor.client.get("/nothing/here", headers=program)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("accept", ["text/html,*/*;q=0.8", "application/json"])
async def test_caches_keep_the_page_and_the_document_apart(visitor: PortalVisitor, accept: str):
    answer = await visitor.client.get("/nothing/here", headers={"Accept": accept})
    assert answer.headers["vary"] == "Accept"


async def test_whoever_is_signed_in_finds_the_way_back_to_the_desk(city: City, visitor: PortalVisitor):
    number = await city.raises()
    staff = {"Cookie": "huying=x"}
    for path in ("/", "/demands", f"/demands/{number}", "/privacy", "/follow"):
        assert '<a href="/desk">返回办理台</a>' in (await visitor.client.get(path, headers=staff)).text
        english = await visitor.client.get(path, params={"lang": "en"}, headers=staff)
        assert '<a href="/desk?lang=en">Back to the desk</a>' in english.text
        citizen = await visitor.see(path)
        assert ("desk" in citizen.text.partition("<main")[2], "返回办理台" in citizen.text) == (False, False)
        assert "Cookie" in citizen.headers["vary"], "no cache gives the page of one to the other"
