"""Maps in a real browser: a place is chosen on one, and released demands are found on one; no policy is broken."""

import re

import pytest
from playwright.async_api import Page, expect

from shared.contracts.demand.state import Service
from tests.browser.conftest import DESK, PHONE, Tabs
from tests.browser.desks import ACCEPTED, RESOLVED
from tests.browser.test_access import SMALL_TARGETS, what_is_wrong
from tests.browser.test_public_pages import FIRST
from tests.browser.test_raise import press, raise_one
from tests.city import City

pytestmark = pytest.mark.browser


async def test_a_place_is_chosen_on_a_map_with_the_keyboard(tabs: Tabs, city: City):
    page = await tabs.new(PHONE)
    wrong: list[str] = []

    async def look(page: Page, step: str) -> None:
        if step != "village":
            return
        await page.get_by_role("button", name="在地图上选").click()
        await expect(page.locator(".leaflet-tile-loaded").first).to_be_visible()
        await page.get_by_role("application").press("ArrowUp")
        wrong.extend(await what_is_wrong(page) + await page.evaluate(SMALL_TARGETS, 44))
        await tabs.picture(page, "map to choose from")
        await press(page, "就是这里")
        await expect(page.get_by_text("已加上位置。请再选择")).to_be_visible()

    await raise_one(page, city.url, look=look)
    told = await city.loop.pools[Service.INTAKE].fetchval("SELECT payload FROM journal WHERE sequence = 1")
    lat, lon = (float(degrees) for degrees in re.findall(r'"l(?:at|on)": ?([\d.]+)', str(told)))
    assert 23.03 < lat < 23.2, "north of where the map began"
    assert abs(lon - 113.14) < 0.01
    assert wrong == []


async def test_released_demands_are_found_on_a_map(tabs: Tabs, city: City):
    number = await city.raises(title="原话", may_publish=True, location={"lat": 23.04567, "lon": 113.15678})
    await city.tells(number, ACCEPTED, RESOLVED, FIRST)
    page = await tabs.new(DESK)
    await page.goto(f"{city.url}/demands?lang=en")
    await page.get_by_role("button", name="See them on a map").click()
    marker = page.get_by_role("link", name=re.compile(": 1$"))
    await expect(marker).to_be_visible()
    assert await what_is_wrong(page) + await page.evaluate(SMALL_TARGETS, 44) == []
    await tabs.picture(page, "map of released demands")
    await marker.press("Enter")
    await page.wait_for_url(re.compile("division=440605011001"))
    await expect(page.get_by_role("link", name=FIRST.title)).to_be_visible()
