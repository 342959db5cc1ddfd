"""A caller's work in a browser: take a call-back, see the number, record what the citizen says."""

import pytest
from playwright.async_api import expect

from shared.contracts.demand import facts as f
from tests.browser.conftest import DESK, PHONE, OpenPage, Tabs
from tests.browser.test_access import findings
from tests.city import DISPATCHER, City

pytestmark = pytest.mark.browser

CONTACT = {"name": "邹某某", "phone": "13800138000"}
PATH = "/desk/call-backs"


async def answered(city: City, title: str) -> str:
    number = await city.raises(title=title, text="晚上骑车摔倒，路灯也不亮", contact=CONTACT)
    result = f.DemandResolved(by="陈晓岚", result="塌陷处已回填并铺好沥青，路灯本周修好")
    await city.tells(number, f.DemandAccepted(by="陈晓岚"), result)
    return number


async def test_a_caller_takes_calls_and_records_with_pages_that_everybody_can_use(
    tabs: Tabs, at_desk: OpenPage, city: City
):
    number, other = await answered(city, "村口路面塌陷"), await answered(city, "三巷路灯不亮")
    page = await at_desk(DISPATCHER, PATH)
    wrong: list[str] = []

    async def look(name: str) -> None:
        for lang in ("zh", "en"):
            await page.goto(f"{page.url.partition('?')[0]}{'?lang=en' if lang == 'en' else ''}")
            for width in (DESK, PHONE):
                wrong.extend(f"{name} {lang} {width}: {line}" for line in await findings(page, lang, width))
                await tabs.picture(page, f"call-backs {name} {lang} {width}")

    await look("list")
    await page.goto(f"{city.url}{PATH}")
    await page.get_by_role("link", name=f"去回访 {number}").click()
    await expect(page.locator("main")).to_contain_text("塌陷处已回填")
    await look("before")
    await page.goto(f"{city.url}{PATH}/{number}")
    await page.get_by_role("button", name="领取并回访").click()
    await expect(page.get_by_role("button", name="登记评价")).to_be_visible()
    await look("taken")
    await page.goto(f"{city.url}{PATH}/{number}")
    await page.get_by_role("button", name="查阅").click()
    await expect(page.locator("#contact")).to_contain_text("13800138000")
    await page.get_by_role("radio", name="已解决", exact=True).check()
    await page.get_by_role("radio", name="满意", exact=True).check()
    await page.get_by_role("checkbox", name="办理及时").check()
    await page.get_by_label("群众的原话").fill("修得很快")
    await page.get_by_role("button", name="登记评价").click()
    await expect(page.get_by_role("status").first).to_contain_text("已登记群众的评价")
    assert (await city.fact(number, f.VerdictGiven)).tags == ("prompt",)

    await page.get_by_role("link", name=f"去回访 {other}").click()
    await page.get_by_role("button", name="领取并回访").click()
    await page.get_by_label("原因", exact=True).select_option("no-answer")
    await page.get_by_role("button", name="登记未接通").click()
    await expect(page.get_by_role("status").first).to_contain_text("已登记未接通")
    assert (await city.fact(other, f.CallBackFailed)).attempt == 1
    await city.loop.turn()
    await page.goto(f"{city.url}/desk/cases/{number}")
    await expect(page.locator("main")).to_contain_text("首次评价")
    await look("case")
    assert wrong == []
