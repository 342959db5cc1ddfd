"""Everybody can use the pages of what is published, in both languages, on a phone and at a desk."""

from typing import Final

import pytest
from playwright.async_api import Page, expect

from shared.contracts.demand import facts as f
from tests.browser.conftest import PHONE, SIGHTS, Tabs
from tests.browser.desks import ACCEPTED, RESOLVED
from tests.browser.test_access import SMALL_TARGETS, is_for_contrast, what_is_wrong
from tests.city import City

pytestmark = pytest.mark.browser

RULE: Final = "nanhai: reviewed"
FIRST: Final = f.DemandPublished(
    edition=1,
    title="村口路灯不亮，老人夜里出门不便",
    text="晚上看不见路，上周有人摔倒。",
    answer="路灯已更换",
    policy=RULE,
)
SECOND: Final = FIRST.model_copy(update={"edition": 2, "answer": "路灯已全部更换", "correction": "补充更换数量"})
GONE: Final = f.DemandUnpublished(edition=2, ground=f.UnpublishedFor.PRIVACY, reason="能看出是哪一户", by="何主任")


async def pages(city: City) -> dict[str, str]:
    """The address of each page that everybody may read."""
    numbers = {}
    for name, facts in (("released", (FIRST,)), ("corrected", (FIRST, SECOND)), ("withdrawn", (FIRST, GONE))):
        numbers[name] = await city.raises(title="原话", may_publish=True)
        await city.tells(numbers[name], ACCEPTED, RESOLVED, *facts)
    numbers["unreleased"] = await city.raises(title="原话")
    numbers["report"] = await city.raises(title="原话", kind="report")
    found = {f"one {name}": f"/demands/{number}" for name, number in numbers.items()}
    await city.figures.refresh()
    lists = {"home": "/", "list": "/demands", "found": "/demands?words=路灯", "nothing": "/demands?words=龙舟比赛"}
    return found | lists | {"too short": "/demands?words=灯", "not there": "/demands/NH26-999999-9"}


@SIGHTS
async def test_what_is_published_can_be_read_by_everybody(tabs: Tabs, city: City, lang: str, width: int):
    found: dict[str, list[str]] = {}
    page = await tabs.new(width)
    for name, path in (await pages(city)).items():
        await page.goto(f"{city.url}{path}{'&' if '?' in path else '?'}lang={lang}")
        lines = await what_is_wrong(page, is_for_contrast(lang))
        found[name] = lines + await page.evaluate(SMALL_TARGETS, 44)
        await tabs.picture(page, f"public {name} {lang} {width}")
    assert {name: lines for name, lines in found.items() if lines} == {}


async def choose(page: Page, words: str) -> None:
    await page.get_by_label("找什么").fill(words)
    await page.get_by_role("button", name="查找").click()


@pytest.mark.parametrize("javascript", [True, False])
async def test_somebody_looks_for_words_and_reads_the_answer(tabs: Tabs, city: City, javascript: bool):
    await pages(city)
    page = await tabs.new(PHONE, javascript)
    await page.goto(f"{city.url}/demands")
    await choose(page, "路灯")
    await page.get_by_role("link", name="村口路灯不亮，老人夜里出门不便").first.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("村口路灯不亮，老人夜里出门不便")
    await expect(page.get_by_text("路灯已全部更换")).to_be_visible()
    await expect(page.get_by_text("补充更换数量")).to_be_visible()
    await page.get_by_role("link", name="已公开的诉求").first.click()
    await choose(page, "灯")
    await expect(page.get_by_text("请至少输入两个字").first).to_be_visible()
