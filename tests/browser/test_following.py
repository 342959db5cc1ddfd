"""A citizen with a telephone: finds the demand by number and code, adds, hurries, takes it back, judges the answer."""

import re
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Page, expect

from services.intake.submission.secret_code import SecretCodes
from shared.contracts.demand import facts as f
from shared.identity.citizen_links import LinkHolder
from tests.browser.conftest import DESK, PHONE, SIGHTS, WIDTHS, Tabs
from tests.browser.test_access import SMALL_TARGETS, what_is_too_wide, what_is_wrong
from tests.city import City
from tests.intake.portal_visitor import link
from tests.intake.test_attachments import picture
from tests.keys import KEYS

pytestmark = pytest.mark.browser

RESOLVED: Final = f.DemandResolved(by="x", result="路面已修复，请放心通行。", summary="道路已修复")
HOSTILE: Final = ("<script>alert(1)</script>", "\"'><b onmouseover=alert(1)>", "长" * 400 + "x" * 400)


async def being_worked_on(city: City, title: str = "村口路面塌陷") -> str:
    """The number of a demand with a conversation."""
    number = await city.raises(title=title, text="下雨就积水，老人小孩都绕路走。")
    await city.routed(number, 10)
    accepted, progressed = f.DemandAccepted(by="x"), f.DemandProgressed(by="x", note="已安排施工队")
    await city.tells(number, accepted, f.DemandContacted(by="x", note="约周三看现场"), progressed)
    return number


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])
async def test_a_demand_is_followed_by_number_and_code_and_judged(
    tabs: Tabs, city: City, tmp_path: Path, javascript: bool
):
    number = await being_worked_on(city)
    page = await tabs.new(PHONE, javascript)
    await page.goto(f"{city.url}/follow")
    await page.get_by_label("诉求编号").fill(number.lower())
    await page.get_by_label("查询码").fill("00000000")
    await page.get_by_role("button", name="查询").click()
    await expect(page.get_by_role("alert")).to_contain_text("编号和查询码不相符")
    await page.get_by_label("查询码").fill(SecretCodes(KEYS["secret"]).of((await city.demand(number)).id))
    await page.get_by_role("button", name="查询").click()
    await expect(page.get_by_role("heading", name="村口路面塌陷")).to_be_visible()
    await expect(page.get_by_text("个工作日")).to_be_visible()

    photo = tmp_path / "photo.jpg"
    photo.write_bytes(picture("JPEG"))
    await page.get_by_label("想补充什么").fill("今天又塌了一块")
    await page.get_by_label("照片").set_input_files(photo)
    await page.get_by_role("button", name="提交补充").click()
    await expect(page.get_by_role("status")).to_contain_text("已收到您的补充")
    await expect(page.get_by_role("link", name="图片 1")).to_be_visible()
    await page.get_by_role("button", name="催办").click()
    await expect(page.get_by_role("status")).to_contain_text("已催办")

    await city.loop.turn()
    await city.tells(number, RESOLVED)
    await page.reload()
    await page.get_by_role("link", name="评价办理结果").click()
    await expect(page.get_by_text("路面已修复，请放心通行。")).to_be_visible()
    await page.get_by_label("未解决").check()
    await page.get_by_label("还想说什么").fill("水还在漏")
    await page.get_by_role("button", name="提交评价").click()
    await expect(page.get_by_role("alert")).to_contain_text("请选择满意程度")
    await expect(page.get_by_label("未解决")).to_be_checked()
    await expect(page.get_by_label("还想说什么")).to_have_value("水还在漏")
    await page.get_by_label("不满意", exact=True).check()
    await page.get_by_role("button", name="提交评价").click()
    await expect(page.get_by_role("status")).to_contain_text("重新办理")
    await city.loop.turn()
    await page.reload()
    await expect(page.get_by_text("要求重新办理")).to_be_visible()


async def test_a_demand_is_taken_back_and_another_supporter_noted_in_english(tabs: Tabs, city: City):
    page = await tabs.new(PHONE)
    await page.goto(f"{city.url}{await link(city, await being_worked_on(city))}")
    await page.get_by_role("link", name="English").click()
    await page.get_by_role("link", name="A neighbour has it too").click()
    await page.get_by_label("Their telephone").fill("13800138000")
    await page.get_by_role("button", name="Note it").click()
    await expect(page.get_by_role("status")).to_contain_text("Noted")
    await page.get_by_role("link", name="Take the demand back").click()
    await expect(page.get_by_role("heading")).to_have_text("Do you really take this demand back?")
    await page.get_by_role("button", name="Take it back").click()
    await expect(page.get_by_role("status")).to_contain_text("take it back")
    await city.loop.turn()
    await page.reload()
    await expect(page.get_by_text("the demand was withdrawn")).to_be_visible()


@SIGHTS
async def test_every_page_on_the_way_can_be_used_by_everybody(tabs: Tabs, city: City, width: int, lang: str):
    number = await being_worked_on(city)
    path, page = await link(city, number), await tabs.new(width)
    supporter = await link(city, number, LinkHolder.SUPPORTER)
    for address in (
        "/follow",
        "/follow/lost",
        "/follow/broken",
        path,
        f"{path}/withdraw",
        f"{path}/support",
        f"{path}/keep-private",
        supporter,
    ):
        await _looked_at(page, f"{city.url}{address}?lang={lang}")
        await tabs.picture(page, f"following {address.replace(path, 'link')[:30]} {lang} {width}")
    await city.tells(number, RESOLVED)
    await _looked_at(page, f"{city.url}{path}?lang={lang}")
    await tabs.picture(page, f"following answered {lang} {width}")
    rate = str(await page.locator("a[href^='/rate/']").get_attribute("href"))
    await _looked_at(page, f"{city.url}{rate}")
    await tabs.picture(page, f"following rate {lang} {width}")


async def _looked_at(page: Page, address: str) -> None:
    await page.goto(address)
    assert await what_is_wrong(page) == [], address
    assert await page.evaluate(SMALL_TARGETS, 44) == [], address


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("words", HOSTILE, ids=["script", "handler", "long"])
async def test_hostile_words_stay_words_and_inside_of_the_screen(tabs: Tabs, city: City, words: str, width: int):
    number = await being_worked_on(city, title=words[:200])
    path, page = await link(city, number), await tabs.new(width)
    await page.goto(f"{city.url}{path}")
    await page.get_by_label("想补充什么").fill(words)
    await page.get_by_role("button", name="提交补充").click()
    await expect(page.get_by_role("status")).to_contain_text("已收到您的补充")
    await city.loop.turn()
    await city.tells(number, f.DemandProgressed(by="x", note=words), f.DemandResolved(by="x", result=words))
    for address in (path, f"/rate/{path.rpartition('/')[2]}"):
        await page.goto(f"{city.url}{address}")
        assert await what_is_too_wide(page) == []
        assert await page.locator("script:not([src]), [onmouseover]").count() == 0
        assert re.sub(r"\s", "", words) in re.sub(r"\s", "", await page.locator("main").inner_text())


async def test_an_address_without_a_code_is_all_that_a_shoulder_sees(tabs: Tabs, city: City):
    number = await being_worked_on(city)
    code = SecretCodes(KEYS["secret"]).of((await city.demand(number)).id)
    page = await tabs.new(DESK)
    await page.goto(f"{city.url}/follow?number={number}")
    await page.get_by_label("查询码").fill(code)
    await page.get_by_role("button", name="查询").click()
    await expect(page).to_have_url(re.compile(r"/follow/[\w.-]+$"))
    assert code not in page.url
