"""A citizen raises a demand on a phone, with JavaScript and without; every step can be used by everybody."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Locator, Page, Response, expect

from services.intake.similar.indexing import Indexing
from shared.contracts.demand.state import Service
from tests.browser.conftest import PHONE, SIGHTS, Tabs
from tests.browser.photos import photo, unreadable_photo
from tests.browser.test_access import SMALL_TARGETS, is_for_contrast, what_is_wrong
from tests.browser.test_desk_hostile import HOSTILE, what_is_harmful
from tests.city import City

pytestmark = pytest.mark.browser
BOTH: Final = pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
WORDS: Final = "村口的路灯坏了三天，晚上看不清路"
LIMIT: Final = 60_000
SEND_TWICE: Final = """() => {
    const form = document.querySelector('form[method=post]');
    return Promise.all([1, 2].map(() => fetch(form.action, {method: 'POST', body: new FormData(form)})));
}"""
Look = Callable[[Page, str], Awaitable[None]]


async def nothing(page: Page, step: str) -> None:
    """Whoever only wants to get on does not look."""


async def press(page: Page, name: str) -> None:
    """Press a button that leads to another page, and be there."""
    await goes_on(page, page.get_by_role("button", name=name))


async def goes_on(page: Page, by: Locator) -> None:
    """Press what leads to another page, and be there: the next look would else be at the page before, or at none."""
    async with page.expect_navigation():
        await by.click()


async def raise_one(
    page: Page, url: str, words: str = WORDS, lang: str = "zh", look: Look = nothing, phone: str = "13800138000"
) -> str:
    """From the first page to the receipt; the number. A tap each, and two fields."""
    zh = lang == "zh"
    await page.goto(f"{url}/" if zh else f"{url}/?lang=en")
    await look(page, "home")
    await goes_on(page, page.get_by_role("link", name="提一件诉求" if zh else "Raise a demand"))
    await look(page, "words")
    await page.get_by_label("您要反映什么问题？" if zh else "What is the problem?").fill(words)
    await press(page, "下一步" if zh else "Next")
    await look(page, "town")
    await press(page, "桂城街道")
    await look(page, "village")
    await press(page, "东二社区居委会")
    await look(page, "who")
    await page.get_by_label("电话" if zh else "Phone").fill(phone)
    await page.get_by_role("button", name="下一步" if zh else "Next").click()
    await page.wait_for_url(re.compile("/(similar|check)"))
    if "/similar" in page.url:
        await look(page, "similar")
        await goes_on(page, page.get_by_role("button", name="都不是" if zh else "None of these").last)
    await look(page, "check")
    await page.get_by_role("button", name="提交诉求" if zh else "Send the demand").click()
    await page.wait_for_url(re.compile("/receipt"))
    await look(page, "receipt")
    return await page.locator("dd.receipt").first.inner_text()


@BOTH
async def test_a_demand_is_raised_on_a_phone(tabs: Tabs, city: City, javascript: bool):
    page = await tabs.new(PHONE, javascript)
    number = await raise_one(page, city.url)
    assert number.startswith("NH")
    await expect(page.get_by_role("img", name="二维码")).to_be_visible()
    await expect(page.get_by_text("前：办理单位答复您")).to_be_visible()
    await page.reload()
    assert await page.locator("dd.receipt").first.inner_text() == number


@SIGHTS
async def test_every_step_can_be_used_by_everybody(tabs: Tabs, city: City, width: int, lang: str):
    page = await tabs.new(width)
    wrong: list[str] = []

    async def look(page: Page, step: str) -> None:
        wrong.extend(f"{step}: {line}" for line in await what_is_wrong(page, is_for_contrast(lang)))
        wrong.extend(f"{step}: {line}" for line in await page.evaluate(SMALL_TARGETS, 44))
        await tabs.picture(page, f"raise-{lang}-{width}-{step}")

    await raise_one(page, city.url, lang=lang)
    await Indexing(city.loop.pools[Service.INTAKE]).index()
    await raise_one(page, city.url, lang=lang, look=look)
    await page.goto(f"{city.url}/raise?lang={lang}")
    await page.locator("button.primary").click()
    await look(page, "wrong")
    await page.goto(f"{city.url}/privacy?lang={lang}")
    await look(page, "privacy")
    await page.goto(f"{city.url}/raise/00000000-0000-0000-0000-000000000000/check?lang={lang}")
    await look(page, "lost")
    assert wrong == []


async def test_pressing_send_twice_sends_once(tabs: Tabs, city: City):
    page = await tabs.new(PHONE)

    async def press_twice(page: Page, step: str) -> None:
        if step == "check":
            await page.evaluate(SEND_TWICE)

    number = await raise_one(page, city.url, look=press_twice)
    rows = await city.loop.pools[Service.INTAKE].fetch("SELECT number FROM submission")
    assert [row["number"] for row in rows] == [number]


@BOTH
async def test_the_phones_back_button_loses_nothing(tabs: Tabs, city: City, javascript: bool):
    page = await tabs.new(PHONE, javascript)
    await page.goto(f"{city.url}/raise")
    await page.get_by_label("您要反映什么问题？").fill(WORDS)
    await page.get_by_role("button", name="下一步").click()
    await page.get_by_role("button", name="桂城街道").click()
    await expect(page.get_by_role("button", name="东二社区居委会")).to_be_visible()
    await page.go_back()
    await expect(page.get_by_role("button", name="桂城街道")).to_be_visible()
    await page.go_back()
    await expect(page.get_by_label("您要反映什么问题？")).to_have_value(WORDS)
    await page.go_forward()
    await page.get_by_role("button", name="桂城街道").click()
    await page.get_by_role("button", name="东二社区居委会").click()
    await page.get_by_role("button", name="下一步").click()
    await page.get_by_role("button", name="提交诉求").click()
    await expect(page.locator("dd.receipt").first).to_be_visible()
    await page.go_back()
    await expect(page.locator("dd.receipt").first).to_be_visible()


async def test_hostile_words_are_words_in_every_step(tabs: Tabs, city: City):
    page = await tabs.new(PHONE)
    found: list[str] = []

    async def look(page: Page, step: str) -> None:
        if step == "who":
            await page.get_by_label("怎么称呼您").fill(HOSTILE[:100])
        if step == "check":
            found.extend(await what_is_harmful(page))
            await goes_on(page, page.get_by_role("link", name="修改").first)
            found.extend(await what_is_harmful(page))
            await page.go_back()

    await raise_one(page, city.url, words=HOSTILE, look=look)
    await page.goto(f"{city.url}/raise")
    await page.get_by_label("您要反映什么问题？").fill("问题")
    await press(page, "下一步")
    await page.get_by_label("直接查找").fill(HOSTILE[:60])
    await press(page, "查找")
    found.extend(await what_is_harmful(page))
    assert found == []


@BOTH
async def test_photos_are_chosen_seen_and_sent(tabs: Tabs, city: City, javascript: bool):
    page = await tabs.new(PHONE, javascript)
    await page.goto(f"{city.url}/raise")
    await page.get_by_label("您要反映什么问题？").fill(WORDS)
    await page.get_by_label("照片").set_input_files([photo(2600, 400), photo(300, 200)])
    if javascript:
        await expect(page.locator(".chosen-files canvas")).to_have_count(2)
    await page.get_by_role("button", name="下一步").click()
    await page.wait_for_url(re.compile("/where"))
    sizes = await city.loop.pools[Service.INTAKE].fetch("SELECT size FROM attachment ORDER BY size")
    assert len(sizes) == 2
    await page.get_by_role("button", name="上一步").click()
    await expect(page.locator(".kept-photos img")).to_have_count(2)
    for n in range(2):
        await expect(page.locator(".kept-photos img").nth(n)).to_have_js_property("complete", True)


async def test_a_photo_that_is_refused_is_said_beside_the_field(tabs: Tabs, city: City):
    page = await tabs.new(PHONE)
    await page.goto(f"{city.url}/raise")
    await page.get_by_label("您要反映什么问题？").fill(WORDS)
    await page.get_by_label("照片").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"nothing"})
    await page.get_by_role("button", name="下一步").click()
    await expect(page.locator("#photos-error")).to_contain_text("只接受以下格式")
    await expect(page.get_by_label("您要反映什么问题？")).to_have_value(WORDS)
    assert await what_is_wrong(page) == []


async def test_what_it_may_be_about_and_who_else_said_so_is_told_while_somebody_writes(tabs: Tabs, city: City):
    page = await tabs.new(PHONE)
    await raise_one(page, city.url)
    await Indexing(city.loop.pools[Service.INTAKE]).index()
    await page.goto(f"{city.url}/raise?at=440605011025")
    await page.get_by_label("您要反映什么问题？").fill(WORDS)
    await expect(page.locator(".hints")).to_contain_text("像是：路灯照明")
    await expect(page.locator(".hints")).to_contain_text("也有人提过相似的")


async def test_a_long_list_of_places_is_shortened_by_typing(tabs: Tabs, city: City):
    page = await tabs.new(PHONE)
    await page.goto(f"{city.url}/raise")
    await page.get_by_label("您要反映什么问题？").fill(WORDS)
    await page.get_by_role("button", name="下一步").click()
    await page.get_by_role("button", name="桂城街道").click()
    await page.get_by_label("缩小范围").fill("东二")
    await expect(page.locator(".places button:visible")).to_have_count(1)


async def test_the_position_of_the_phone_goes_with_the_demand(tabs: Tabs, city: City):
    page = await tabs.new(PHONE)
    await page.context.grant_permissions(["geolocation"], origin=city.url)
    await page.context.set_geolocation({"latitude": 23.04567, "longitude": 113.15678})

    async def look(page: Page, step: str) -> None:
        if step == "village":
            await page.get_by_role("button", name="定位").click()
            await expect(page.get_by_text("已加上您现在的位置")).to_be_visible()

    await raise_one(page, city.url, look=look)
    told = await city.loop.pools[Service.INTAKE].fetchval("SELECT payload FROM journal WHERE sequence = 1")
    assert '"lat":23.0457' in str(told).replace(" ", "")


async def test_what_was_written_survives_a_closed_browser(tabs: Tabs, city: City):
    page = await tabs.new(PHONE)
    await page.goto(f"{city.url}/raise")
    await page.get_by_label("您要反映什么问题？").press_sequentially("路灯坏了")
    await page.goto("about:blank")
    await page.goto(f"{city.url}/raise")
    await expect(page.get_by_label("您要反映什么问题？")).to_have_value("路灯坏了")


async def test_no_step_weighs_more_than_60_kilobytes(tabs: Tabs, city: City):
    page = await tabs.new(PHONE)
    heard: list[Response] = []
    page.on("response", lambda answer: heard.append(answer))
    weights: dict[str, int] = {}

    async def look(page: Page, step: str) -> None:
        heard.clear()
        # A reload is lost while the browser still changes the process of the page.
        await page.goto(page.url, wait_until="networkidle")
        sizes = [await answer.request.sizes() for answer in heard]
        weights[step] = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)

    session = await page.context.new_cdp_session(page)
    await session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    await raise_one(page, city.url, look=look)
    assert weights
    assert {step: weight for step, weight in weights.items() if weight > LIMIT} == {}


async def test_a_demand_with_photos_that_are_too_large_can_be_changed_and_holds_up_no_other(
    tabs: Tabs, city: City, tmp_path: Path
):
    page = await tabs.new(PHONE)
    await page.goto(f"{city.url}/raise/offline")
    await page.context.set_offline(True)

    async def keep(words: str) -> None:
        await page.get_by_label("您要反映什么问题？").fill(words)
        await page.get_by_label("在哪里？").select_option(label="东二社区居委会")
        await page.get_by_role("button", name="保存并提交").click()
        await expect(page.get_by_text(f"等待网络：{words}")).to_be_visible()

    await keep("照片太大了")
    grown = "[new File([new Uint8Array(33 * 2 ** 20)], 'a.heic')]"
    await page.evaluate(f"waitingDemands.all().then(([one]) => waitingDemands.put({{...one, photos: {grown}}}))")
    await page.get_by_label("照片").set_input_files([unreadable_photo(tmp_path)] * 9)
    await expect(page.get_by_text("这些照片合起来太大，后面的没有加上")).to_be_visible()
    await page.get_by_label("照片").set_input_files([photo(300, 200)])
    await expect(page.get_by_text("这些照片合起来太大，后面的没有加上")).to_be_hidden()
    await keep("路灯坏了三天")
    await page.context.set_offline(False)
    waiting = page.locator(".waiting-demands")
    await expect(waiting).to_contain_text("已提交 NH")
    await expect(waiting).to_contain_text("少选一两张")
    assert await what_is_wrong(page) == []
    await waiting.get_by_role("button", name="修改").click()
    await expect(page.get_by_label("您要反映什么问题？")).to_have_value("照片太大了")
    await page.get_by_label("照片").set_input_files([photo(300, 200)])
    await page.get_by_role("button", name="保存并提交").click()
    await expect(waiting.locator("a")).to_have_count(2)
    assert await city.loop.pools[Service.INTAKE].fetchval("SELECT count(*) FROM submission") == 2


async def test_photos_that_were_chosen_before_the_network_was_gone_need_not_be_chosen_again(tabs: Tabs, city: City):
    page = await tabs.new(PHONE)
    await page.goto(f"{city.url}/raise")
    await page.evaluate("navigator.serviceWorker.ready")
    await page.reload()
    await page.get_by_label("您要反映什么问题？").press_sequentially("路灯坏了三天")
    await page.get_by_label("照片").set_input_files([photo(200, 100)] * 10)
    await expect(page.get_by_text("最多9张，多选的没有加上")).to_be_visible()
    await page.get_by_label("照片").set_input_files([photo(2600, 400), photo(300, 200)])
    await page.wait_for_function(
        "deviceStore('huying-photos', { chosen: 'id' }).all('chosen').then(([it]) => it?.files.length === 2)"
    )
    await page.context.set_offline(True)
    await page.get_by_role("button", name="下一步").click()
    await page.get_by_role("link", name="先存在手机里").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("没有网络也能写")
    await expect(page.get_by_label("您要反映什么问题？")).to_have_value("路灯坏了三天")
    await expect(page.locator(".chosen-files li")).to_have_count(2)
    await page.get_by_label("在哪里？").select_option(label="东二社区居委会")
    await page.get_by_role("button", name="保存并提交").click()
    await expect(page.get_by_text("等待网络：路灯坏了三天（含2张照片）")).to_be_visible()
    await page.reload()
    await expect(page.get_by_text("等待网络：路灯坏了三天")).to_be_visible()
    await expect(page.locator(".chosen-files li")).to_have_count(0)


async def test_whoever_goes_back_to_an_answer_with_an_error_is_not_told_that_there_is_no_network(
    tabs: Tabs, city: City
):
    page = await tabs.new(PHONE)
    await page.goto(f"{city.url}/raise")
    await page.evaluate("navigator.serviceWorker.ready")
    await page.reload()
    await press(page, "下一步")
    await expect(page.locator(".error-summary")).to_be_visible()
    await page.get_by_label("您要反映什么问题？").fill("路灯坏了三天")
    await press(page, "下一步")
    await page.go_back()
    await expect(page).to_have_url(re.compile("/words$"))
    await expect(page.get_by_label("您要反映什么问题？")).to_have_value("路灯坏了三天")
