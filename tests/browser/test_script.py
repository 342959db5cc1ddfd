"""With JavaScript a list changes in place; without it the same links and forms work."""

import io
import re

import pytest
from PIL import Image
from playwright.async_api import FilePayload, expect

from tests.browser.conftest import DESK, PHONE, OpenPage

pytestmark = pytest.mark.browser

BOTH = pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])


@BOTH
async def test_a_filter_leads_to_an_address_that_can_be_shared(open_page: OpenPage, javascript: bool):
    page = await open_page("/design/lists", DESK, javascript)
    await page.get_by_label("编号、地点或几个字").fill("路灯")
    await page.get_by_role("button", name="筛选").click()
    await expect(page).to_have_url(re.compile("view=%E8%B7%AF%E7%81%AF"))
    await expect(page.get_by_role("table").first).to_be_visible()


async def test_a_part_is_exchanged_without_a_new_page_and_is_told(open_page: OpenPage):
    page = await open_page("/design/lists", DESK)
    await page.evaluate("window.stays = true")
    await page.get_by_role("link", name="最近更新").click()
    await expect(page).to_have_url(re.compile("sort=updated"))
    await expect(page.locator("#announced")).to_contain_text("27 件未结")
    assert await page.evaluate("window.stays")
    assert await page.evaluate("document.activeElement.closest('#work-list') !== null")


async def test_an_answer_without_the_part_is_shown_as_the_page_that_it_is(open_page: OpenPage):
    page = await open_page("/design/lists", DESK)
    await page.route("**/lists?*sort=updated*", lambda route: route.fulfill(
        status=403, content_type="text/html", body="<main id=main><h1>请先登录</h1></main>"))  # fmt: skip
    await page.get_by_role("link", name="最近更新").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("请先登录")


async def test_commands_of_htmx_carry_the_token_against_forged_requests(open_page: OpenPage):
    page = await open_page("/design/lists", DESK)
    await page.wait_for_function("window.htmx")
    async with page.expect_request("**/command") as sent:
        await page.route("**/command", lambda route: route.fulfill(status=204))
        await page.evaluate("htmx.ajax('POST', '/command', {swap: 'none', source: document.body})")
    assert (await (await sent.value).all_headers())["x-csrf-token"] == "sample"


async def test_a_page_with_errors_begins_at_them(open_page: OpenPage):
    page = await open_page("/design/forms", PHONE)
    await expect(page.locator(".error-summary")).to_be_focused()
    await page.get_by_role("link", name="请选择是否解决").click()
    assert await page.evaluate("location.hash") == "#solved"


async def test_chosen_pictures_are_shown_without_an_address_that_the_policy_forbids(open_page: OpenPage):
    page = await open_page("/design/forms", DESK)
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "orange").save(picture, "PNG")
    chosen = FilePayload(name="路灯.png", mimeType="image/png", buffer=picture.getvalue())
    await page.locator("#photos").set_input_files([chosen])
    await expect(page.locator(".chosen-files").first).to_contain_text("路灯.png")
    await expect(page.locator(".chosen-files canvas")).to_have_attribute("width", "224")
