"""Another site embeds the forms; a third one, whose origin is not listed, is told so."""

from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import urlencode

import pytest
import uvicorn
from playwright.async_api import Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from deploy.local.ports import free_port
from services.intake.channels import keys
from services.intake.channels.embedding import Embeds
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.demand.state import Service
from tests.browser.conftest import DESK, PHONE, Tabs
from tests.browser.test_access import what_is_wrong
from tests.city import City
from tests.serving import served

pytestmark = pytest.mark.browser
PAGE: Final = """<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>学校</title>
<meta name="viewport" content="width=device-width"></head><body><main><h1>学校</h1>
<{element} key="{key}" {more}><a href="{url}/raise">到诉求平台</a></{element}></main>
<script type="module" src="{url}/embed/v1.js"></script></body></html>"""


@pytest.fixture
async def other_site() -> AsyncIterator[str]:
    """The address of a site of somebody else: its pages say what their query does. Its host is not ours."""

    async def page(request: Request) -> HTMLResponse:
        return HTMLResponse(PAGE.format(**request.query_params))

    app = Starlette(routes=[Route("/", page)])
    async with served(uvicorn.Config(app, port=free_port(), log_level="warning")) as url:
        yield url.replace("127.0.0.1", "localhost")


async def embedding(page: Page, site: str, city: City, element: str, key: str) -> None:
    """Open a page of another site with one of the elements."""
    more = 'at="440605011001"' if element == "huying-submit" else ""
    await page.goto(f"{site}/?{urlencode({'element': element, 'key': key, 'more': more, 'url': city.url})}")


async def a_key(city: City, origin: str) -> str:
    pool = city.loop.pools[Service.INTAKE]
    await keys.add(pool, "school", ChannelKind.WEB, "学校网站")
    return (await Embeds(pool).allow("school", [origin])).key


@pytest.mark.parametrize("width", [PHONE, DESK])
async def test_a_demand_is_raised_and_followed_inside_of_another_site(
    tabs: Tabs, city: City, other_site: str, width: int
):
    page, key = await tabs.new(width), await a_key(city, other_site)
    await embedding(page, other_site, city, "huying-submit", key)
    frame = page.frame_locator("iframe")
    await frame.get_by_label("您要反映什么问题？").fill("校门口路灯坏了")
    assert await what_is_wrong(page) == []
    await tabs.picture(page, f"embed-submit-{width}")
    low = (await page.locator("iframe").bounding_box() or {})["height"]
    await frame.get_by_role("button", name="提交诉求").click()
    number, code = frame.locator("dd.receipt").first, frame.locator("dd.receipt").last
    await expect(number).to_contain_text("NH")
    await expect(page.locator("iframe")).not_to_have_css("height", f"{low}px")
    await tabs.picture(page, f"embed-receipt-{width}")
    told = await number.inner_text(), await code.inner_text()
    await embedding(page, other_site, city, "huying-follow", key)
    await frame.get_by_label("诉求编号").fill(told[0])
    await frame.get_by_label("查询码").fill(told[1])
    await frame.get_by_role("button", name="查询").click()
    await expect(frame.get_by_role("heading", level=1)).to_have_text("校门口路灯坏了")
    assert await what_is_wrong(page) == []
    await tabs.picture(page, f"embed-followed-{width}")


async def test_a_site_that_is_not_listed_shows_why_and_the_link_that_it_wrote(tabs: Tabs, city: City, other_site: str):
    page, key = await tabs.new(PHONE), await a_key(city, "https://school.example")
    await embedding(page, other_site, city, "huying-submit", key)
    await expect(page.get_by_role("alert")).to_contain_text(f"网站 {other_site} 没有登记")
    await expect(page.get_by_role("link", name="到诉求平台")).to_be_visible()
    await expect(page.locator("iframe")).to_have_count(0)
    await tabs.picture(page, "embed-refused")
    tabs.faults.clear()  # the browser tells in its console that the check was not for this origin: that was wanted


async def test_a_frame_that_a_third_site_makes_by_itself_stays_empty(tabs: Tabs, city: City, other_site: str):
    page, key = await tabs.new(PHONE), await a_key(city, "https://school.example")
    await embedding(page, other_site, city, "p", key)
    await page.evaluate(
        """(src) => new Promise((done) => {
            const frame = Object.assign(document.createElement('iframe'), {src, onload: done});
            document.body.append(frame);
        })""",
        f"{city.url}/embed/submit?key={key}",
    )
    assert await page.frame_locator("iframe").get_by_label("您要反映什么问题？").count() == 0
    assert any("frame-ancestors" in fault for fault in tabs.faults)
    tabs.faults.clear()
