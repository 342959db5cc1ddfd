"""What was written without a network is sent once by background sync, which only the complete browser has."""

import json
from typing import Final

import pytest
from playwright.async_api import Browser, expect

from shared.contracts.demand.state import Service
from tests.browser.conftest import PHONE, Tabs
from tests.browser.photos import photo
from tests.browser.test_access import what_is_wrong
from tests.browser.test_field import begin, book, clerk
from tests.city import City

pytestmark = pytest.mark.browser
NAMES: Final = (
    "路灯坏了",
    "垃圾没人收",
    "水管漏水",
    "道路坑洼",
    "噪音扰民",
    "井盖松动",
    "下水堵塞",
    "树枝挡路",
    "停车难",
)


@pytest.fixture(scope="module")
def browser(complete_browser: Browser) -> Browser:
    """Pages that send later, by background sync."""
    return complete_browser


@pytest.mark.parametrize("again", ["the page is open", "the page was closed"])
async def test_a_demand_that_is_written_without_a_network_is_sent_once_when_there_is_one(
    tabs: Tabs, city: City, again: str
):
    page = await tabs.new(PHONE)
    pool = city.loop.pools[Service.INTAKE]
    await page.goto(f"{city.url}/raise")
    await page.evaluate("navigator.serviceWorker.ready")
    await page.reload()
    await page.get_by_label("您要反映什么问题？").press_sequentially("路灯坏了三天")
    await page.context.set_offline(True)
    await page.get_by_role("button", name="下一步").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("没有网络也能写")
    await expect(page.get_by_label("您要反映什么问题？")).to_have_value("路灯坏了三天")
    assert await what_is_wrong(page) == []
    await page.get_by_label("在哪里？").select_option(label="东二社区居委会")
    await page.get_by_label("照片").set_input_files([photo(2600, 400), photo(300, 200)])
    await page.get_by_role("button", name="保存并提交").click()
    await expect(page.get_by_text("已存在手机里，等待网络：路灯坏了三天（含2张照片）")).to_be_visible()
    await tabs.picture(page, f"raise-offline-{again}")
    assert await pool.fetchval("SELECT count(*) FROM submission") == 0
    await page.context.set_offline(False)
    if again == "the page was closed":
        await page.goto(f"{city.url}/raise/offline")
    await expect(page.locator(".waiting-demands")).to_contain_text("已提交 NH")
    await page.reload()
    await page.locator(".waiting-demands a").click()
    await expect(page.locator("dd.receipt").first).to_be_visible()
    assert await pool.fetchval("SELECT count(*) FROM submission") == 1
    told = await pool.fetchval("SELECT payload FROM journal WHERE sequence = 1")
    assert len(json.loads(told)["attachments"]) == 2


async def test_ten_demands_of_a_visit_without_a_network_are_each_sent_once(tabs: Tabs, city: City):
    page = await clerk(tabs, city)
    pool = city.loop.pools[Service.INTAKE]
    await page.evaluate("navigator.serviceWorker.ready")
    await page.context.set_offline(True)
    await page.reload()
    await expect(page.get_by_role("status").first).to_contain_text("没有网络")
    await begin(page)
    await page.locator("#photos").set_input_files([photo(2600, 400), photo(300, 200)])
    await page.context.grant_permissions(["geolocation"])
    await page.context.set_geolocation({"latitude": 23.0512, "longitude": 113.1534})
    await page.get_by_role("button", name="加上我现在的位置").click()
    await expect(page.get_by_text("已加上位置")).to_be_visible()
    for words in NAMES:
        await book(page, words)
    first = page.locator('[data-view="visit"] [data-list] li').first
    await expect(first).to_contain_text("2张照片 · 有位置")
    # What the server alone can see to be wrong: the field of the form would not let it be typed.
    await page.evaluate("document.querySelector('#words').removeAttribute('maxlength')")
    await book(page, "没有公交" * 600)
    await expect(page.locator('[data-view="visit"] .tag', has_text="等待提交")).to_have_count(10)
    assert await what_is_wrong(page) == []
    await tabs.picture(page, "field-offline")
    await page.close()
    page = tabs.pages[0] = await page.context.new_page()
    await page.goto(f"{city.url}/field")
    await page.locator("[data-open-visits] button").click()
    await expect(page.locator('[data-view="visit"] .tag', has_text="等待提交")).to_have_count(10)
    assert await pool.fetchval("SELECT count(*) FROM submission") == 0
    second = await page.context.new_page()
    await page.context.set_offline(False)
    await second.goto(f"{city.url}/field")  # two tabs send at once
    await page.reload()
    await expect(page.locator('[data-view="visit"] .tag.done')).to_have_count(9)
    refused = page.locator('[data-view="visit"] li', has=page.locator(".error"))
    await expect(refused).to_contain_text("最多2000字")
    await expect(page.get_by_role("status").first).to_contain_text("有 1 件没有收下")
    assert await pool.fetchval("SELECT count(*) FROM submission") == 9
    told = json.loads(await pool.fetchval("SELECT payload FROM journal WHERE sequence = 1 ORDER BY position LIMIT 1"))
    assert len(told["attachments"]) == 2
    assert told["location"] == {"lat": 23.0512, "lon": 113.1534}
    await tabs.picture(page, "field-refused")
    await refused.get_by_role("button", name="修改").click()
    await page.locator("#words").fill("没有公交")
    await page.locator("form[data-demand] button.primary").click()
    await expect(page.locator('[data-view="visit"] .tag.done')).to_have_count(10)
    assert await pool.fetchval("SELECT count(*) FROM submission") == 10
    assert await pool.fetchval("SELECT count(*) FROM field_demand") == 10
    left = await page.evaluate("fieldVisits.all('demands').then(JSON.stringify)")
    assert "fields" not in left, "what residents said has left the device"
    assert "photos" not in left
    await page.locator('[data-view="visit"] [data-go="hand-over"]').click()
    await expect(page.locator("[data-summary]")).to_contain_text("10 件")
    await tabs.picture(page, "field-hand-over")
