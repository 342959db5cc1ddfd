"""Another site embeds the forms; a third one, whose origin is not listed, is told so."""

import pytest
from playwright.async_api import Page, Route, expect

from services.intake.channels import keys
from services.intake.channels.embedding import Embeds
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.demand.state import Service
from tests.browser.conftest import DESK, PHONE, Tabs
from tests.browser.test_access import what_is_wrong
from tests.city import City

pytestmark = pytest.mark.browser
SCHOOL, THIRD = "http://localhost:3001", "http://localhost:3002"


async def embedding(tabs: Tabs, city: City, origin: str, element: str, key: str, width: int = PHONE) -> Page:
    """A page of another origin with one of the elements."""
    page = await tabs.new(width)
    script = f'<script type="module" src="{city.url}/embed/v1.js"></script>'
    fallback = f'<a href="{city.url}/raise">到诉求平台</a>'
    body = f'<main><h1>学校</h1><{element} key="{key}" at="440605011001">{fallback}</{element}></main>{script}'
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>学校</title>'

    async def answer(route: Route) -> None:
        await route.fulfill(body=f'<!doctype html><html lang="zh">{head}{body}</html>', content_type="text/html")

    await page.route(f"{origin}/", answer)
    await page.goto(f"{origin}/")
    return page


async def a_key(city: City) -> str:
    pool = city.loop.pools[Service.INTAKE]
    await keys.add(pool, "school", ChannelKind.WEB, "学校网站")
    return (await Embeds(pool).allow("school", [SCHOOL])).key


@pytest.mark.parametrize("width", [PHONE, DESK])
async def test_a_demand_is_raised_and_followed_inside_of_another_site(tabs: Tabs, city: City, width: int):
    key = await a_key(city)
    page = await embedding(tabs, city, SCHOOL, "huying-submit", key, width)
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
    page = await embedding(tabs, city, SCHOOL, "huying-follow", key, width)
    frame = page.frame_locator("iframe")
    await frame.get_by_label("诉求编号").fill(told[0])
    await frame.get_by_label("查询码").fill(told[1])
    await frame.get_by_role("button", name="查询").click()
    await expect(frame.get_by_role("heading", level=1)).to_have_text("校门口路灯坏了")
    assert await what_is_wrong(page) == []
    await tabs.picture(page, f"embed-followed-{width}")


async def test_a_site_that_is_not_listed_shows_why_and_the_link_that_it_wrote(tabs: Tabs, city: City):
    page = await embedding(tabs, city, THIRD, "huying-submit", await a_key(city))
    await expect(page.get_by_role("alert")).to_contain_text(f"网站 {THIRD} 没有登记")
    await expect(page.get_by_role("link", name="到诉求平台")).to_be_visible()
    await expect(page.locator("iframe")).to_have_count(0)
    await tabs.picture(page, "embed-refused")
    tabs.faults.clear()  # the browser tells in its console that the check was not for this origin: that was wanted


async def test_a_frame_that_a_third_site_makes_by_itself_stays_empty(tabs: Tabs, city: City):
    key = await a_key(city)
    page = await embedding(tabs, city, THIRD, "p", key)
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
