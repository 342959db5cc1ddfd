"""A clerk books ten demands in a village without a network; the device is closed, opened again, and hands them over."""

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect

from shared.contracts.demand.state import Service
from tests.browser.conftest import DESK, PHONE, Tabs
from tests.browser.photos import photo, unreadable_photo
from tests.browser.test_access import SMALL_TARGETS, is_for_contrast, what_is_wrong
from tests.city import CLERK, City

pytestmark = pytest.mark.browser


async def clerk(tabs: Tabs, city: City, width: int = PHONE, lang: str = "zh") -> Page:
    """A device on which a clerk of the village's station has signed in at the desk, and opened the visits."""
    page = await tabs.new(width)
    await page.context.request.post(f"{city.url}/sign-in/demo", form={"person": CLERK}, max_redirects=0)
    await page.goto(f"{city.url}/field" + ("?lang=en" if lang == "en" else ""))
    return page


async def begin(page: Page) -> None:
    await page.locator("form[data-visit] button").click()
    await expect(page.locator('[data-view="visit"] h1')).to_be_focused()


async def book(page: Page, words: str) -> None:
    await page.locator("#words").fill(words)
    await page.locator("form[data-demand] button.primary").click()
    await expect(page.locator('[data-view="visit"] [data-list] li').last).to_contain_text(words[:10])


async def test_a_sign_in_that_is_over_keeps_what_was_booked(tabs: Tabs, city: City):
    page = await clerk(tabs, city)
    await begin(page)
    await page.context.clear_cookies(name="huying-field")
    await book(page, "路灯坏了")
    await expect(page.get_by_text("登录已过期，登记的内容都在本机")).to_be_visible()
    assert await what_is_wrong(page) == []
    await page.get_by_role("link", name="重新登录").click()
    await expect(page.locator('[data-view="visit"] .tag.done')).to_have_count(1)


async def test_an_answer_that_arrives_while_a_booking_is_changed_overwrites_nothing(tabs: Tabs, city: City):
    page = await clerk(tabs, city)
    await begin(page)
    # The page alone sends: what its worker sends cannot be held back here.
    await page.evaluate("Object.defineProperty(ServiceWorkerRegistration.prototype, 'sync', { value: undefined })")
    on_its_way, answered = asyncio.Event(), asyncio.Event()

    async def refuse_late(route: Route) -> None:
        on_its_way.set()
        await answered.wait()
        await route.fulfill(status=422, json={"errors": {"words": "请写清楚"}})

    await page.route("**/field/visits/*/demands*", refuse_late, times=1)
    await book(page, "路灯")
    await on_its_way.wait()
    row = page.locator('[data-view="visit"] [data-list] li')
    await row.get_by_role("button", name="修改").click()
    await page.locator("#words").fill("三巷路灯不亮，晚上看不见路")
    await page.locator("form[data-demand] button.primary").click()
    await expect(row).to_contain_text("三巷路灯不亮")
    await page.locator("#words").fill("另一件，还在写")
    answered.set()
    await expect(row).to_contain_text("已提交")
    await expect(page.locator("#words")).to_have_value("另一件，还在写")
    texts = await city.loop.pools[Service.INTAKE].fetch(
        "SELECT payload::jsonb ->> 'text' FROM journal WHERE payload::jsonb ? 'title'"
    )
    assert [text for (text,) in texts] == ["三巷路灯不亮，晚上看不见路"]


async def test_a_booking_that_is_too_large_is_said_and_holds_up_no_other(tabs: Tabs, city: City):
    page = await clerk(tabs, city)
    await begin(page)
    await page.context.set_offline(True)
    await book(page, "照片太大")
    grown = "[new File([new Uint8Array(33 * 2 ** 20)], 'a.heic')]"
    await page.evaluate(f"""fieldVisits.all('demands').then(async ([one]) => {{
        await fieldVisits.put('demands', {{...one, photos: {grown}}});
        await fieldVisits.put('demands', {{...one, key: crypto.randomUUID(), visit: crypto.randomUUID()}});
    }})""")
    await book(page, "路灯坏了")
    await page.context.set_offline(False)
    lines = page.locator('[data-view="visit"] [data-list] li')
    await expect(lines.last.locator(".tag.done")).to_be_visible()
    await expect(lines.first.locator(".error")).to_contain_text("少选一两张")
    await expect(page.get_by_role("status").first).to_contain_text("有 2 件没有收下")
    refused = await page.evaluate("fieldVisits.all('demands').then((all) => all.map((one) => one.refused))")
    assert sorted(filter(None, refused)) == [404, 413]
    assert await what_is_wrong(page) == []
    await lines.first.get_by_role("button", name="修改").click()
    await page.locator("#photos").set_input_files([photo(300, 200)])
    await page.locator("form[data-demand] button.primary").click()
    await expect(page.locator('[data-view="visit"] .tag.done')).to_have_count(2)


async def test_photos_that_are_too_large_together_are_left_out_when_they_are_chosen(
    tabs: Tabs, city: City, tmp_path: Path
):
    page = await clerk(tabs, city)
    await begin(page)
    await page.locator("#photos").set_input_files([unreadable_photo(tmp_path)] * 9)
    await expect(page.get_by_text("这些照片合起来太大，后面的没有加上")).to_be_visible()
    await expect(page.locator(".chosen-files li")).to_have_count(8)
    await book(page, "路灯坏了")
    await expect(page.locator('[data-view="visit"] .tag.done')).to_have_count(1)
    await page.locator("#photos").set_input_files([photo(300, 200)])
    await expect(page.get_by_text("这些照片合起来太大")).to_be_hidden()


async def remove(tabs: Tabs, page: Page, sure: bool) -> None:
    """Press the button that removes, and answer the question that follows, which is no fault of the page."""
    page.once("dialog", lambda dialog: dialog.accept() if sure else dialog.dismiss())
    await page.get_by_role("button", name="删除").click()
    assert tabs.faults.pop().startswith("a dialog: 删除“路灯坏了”？")


async def test_what_is_being_written_survives_a_reload_and_nothing_is_removed_by_one_touch(tabs: Tabs, city: City):
    page = await clerk(tabs, city)
    await page.evaluate("navigator.serviceWorker.ready")
    await begin(page)
    await page.context.set_offline(True)
    await book(page, "路灯坏了")
    await expect(page.locator("[data-just]")).to_be_focused()
    await expect(page.locator("[data-just]")).to_contain_text("路灯坏了")
    await page.locator("#words").fill("垃圾没人")
    await page.reload()
    await expect(page.locator("#words")).to_have_value("垃圾没人")
    await remove(tabs, page, sure=False)
    await expect(page.locator('[data-view="visit"] [data-list] li')).to_have_count(1)
    await remove(tabs, page, sure=True)
    await expect(page.locator('[data-view="visit"] [data-list] li')).to_have_count(0)


async def test_a_shared_device_shows_nobody_what_somebody_else_booked_and_can_be_cleared(tabs: Tabs, city: City):
    page = await clerk(tabs, city)
    await page.evaluate("navigator.serviceWorker.ready")
    await begin(page)
    await page.context.clear_cookies(name="huying-field")
    await book(page, "邻居家的秘密")
    await page.locator("#words").fill("另一家的秘密")
    await page.context.clear_cookies(name="huying")
    other = CLERK.replace("-clerk", "-head")
    await page.context.request.post(f"{city.url}/sign-in/demo", form={"person": other}, max_redirects=0)
    await page.goto(f"{city.url}/field")
    await expect(page.get_by_text("其他工作人员登记的 1 件没有提交")).to_be_visible()
    await expect(page.get_by_text("邻居家的秘密")).to_have_count(0)
    assert await city.loop.pools[Service.INTAKE].fetchval("SELECT count(*) FROM submission") == 0
    await page.get_by_role("button", name="清空这台设备").click()
    await expect(page.get_by_text("还有 1 件没有提交，清空后就没有了")).to_be_visible()
    async with page.expect_navigation():
        await page.get_by_role("button", name="确认清空").click()
    await expect(page.get_by_text("其他工作人员登记的")).to_be_hidden()
    assert await page.evaluate("fieldVisits.all('demands').then((all) => all.length)") == 0
    assert "秘密" not in await page.evaluate("JSON.stringify(sessionStorage)")


@pytest.mark.parametrize(("lang", "width"), [("zh", PHONE), ("en", DESK)])
async def test_every_part_can_be_used_by_everybody_in_large_type_too(tabs: Tabs, city: City, lang: str, width: int):
    page = await clerk(tabs, city, width, lang)
    wrong: list[str] = []

    async def look(part: str) -> None:
        wrong.extend(f"{part}: {line}" for line in await what_is_wrong(page, is_for_contrast(lang)))
        wrong.extend(f"{part}: {line}" for line in await page.evaluate(SMALL_TARGETS, 44))
        await tabs.picture(page, f"field-{lang}-{width}-{part}")

    await look("begin")
    await begin(page)
    await page.locator("[data-opens-map]").click()
    await expect(page.locator(".leaflet-tile-loaded").first).to_be_visible()
    await look("map")
    await page.locator('.map-frame button[value="pointed"]').click()
    await expect(page.locator("[data-no-position]")).to_be_visible()
    await page.locator("[data-demand] summary").last.click()
    await page.locator("#on_the_spot").check()
    await page.locator("#done").fill("当场换了灯泡")
    await page.locator("#narrow").fill("照明" if lang == "zh" else "light")
    await book(page, "路灯坏了")
    await expect(page.locator('[data-view="visit"] .tag.done')).to_have_count(1)
    await look("visit")
    await page.locator('[data-go="hand-over"]').click()
    await look("hand-over")
    await page.context.request.post(f"{city.url}/display", form={"type": "large"}, max_redirects=0)
    await page.goto(f"{city.url}/field?lang={lang}")
    await expect(page.locator("html")).to_have_css("font-size", "22.5px")
    await look("large")
    await page.locator('[data-view="visit"] [data-go="begin"]').click()
    await page.locator(".visits a").first.click()
    await page.wait_for_url(re.compile("/field/visits/"))
    await look("visit-page")
    await page.locator("a.button").first.click()
    await page.wait_for_url(re.compile("/hand-over"))
    await look("hand-over-page")
    assert wrong == []
