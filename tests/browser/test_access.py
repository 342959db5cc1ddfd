"""Everybody can use every page: axe finds nothing, nothing stands outside of the screen, targets can be hit."""

import os
import re
from typing import Final

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page, expect

from shared.web.design import PARTS
from tests.browser.conftest import DESK, PHONE, WIDTHS, OpenPage

pytestmark = pytest.mark.browser

LONG: Final = bool(os.environ.get("HUYING_LONG"))
PAGES = (
    *(f"/design/{part}" for part in PARTS),
    "/design/lists?look=portal&lang=en",
    "/board?jurisdiction=nanhai",
    "/board?jurisdiction=nanhai&by=division&lang=en",
    "/board?jurisdiction=nanhai&month=2021-05",
    "/board/demands?jurisdiction=nanhai",
    "/board/demands/NH21-000001-W",
    "/board?jurisdiction=nowhere",
    "/display",
    "/sign-in",
    "/sign-in?lang=en",
    "/rate/broken",
    "/inbox",
    "/inbox?lang=en",
)
HOSTILE = tuple(f"/design/{part}?texts=hostile" for part in PARTS)

SMALL_TARGETS = """(least) => [...document.querySelectorAll('a[href], button, input, select, summary, textarea')]
    .filter((it) => it.type !== 'hidden' && !it.closest('.unseen, .skip, p, dd, td, th, li li, caption, .marks'))
    .filter((it) => it.getClientRects().length && !it.closest('label'))
    .filter((it) => it.getBoundingClientRect().height < least - 0.5)
    .map((it) => `${Math.round(it.getBoundingClientRect().height)} px: ${it.outerHTML.slice(0, 120)}`)"""
"""Links inside of a sentence or a cell are as high as their line (WCAG 2.2, 2.5.8)."""


AXE_IS_THERE = "typeof axe === 'object'"
VIOLATIONS = """async (contrast) => (await axe.run({
        resultTypes: ['violations'], preload: false, rules: { 'color-contrast': { enabled: contrast } }
    })).violations.map((it) => `${it.id}: ${it.nodes[0].html.slice(0, 200)}`)"""
"""The findings alone travel from the browser: the whole result is a hundred times as long."""


async def what_is_wrong(page: Page, contrast: bool = True) -> list[str]:
    """The findings of axe, one a line, and what is wider than the screen. `contrast`: whether it measures the contrast
    of colours, which takes four fifths of its time.

    A page whose script still fills it (a visit that is read from the device) is looked at again until nothing is
    wrong, five times at most."""
    lines = await _findings(page, contrast)
    for _ in range(5):
        if not lines:
            break
        await page.wait_for_timeout(500)
        lines = await _findings(page, contrast)
    return lines


async def _findings(page: Page, contrast: bool) -> list[str]:
    if not await page.evaluate(AXE_IS_THERE):  # it stays until the page is another one
        await page.evaluate(AXE_SCRIPT)
    lines: list[str] = await page.evaluate(VIOLATIONS, contrast)
    return lines + await what_is_too_wide(page)


def is_for_axe(lang: str, width: int) -> bool:
    """Whether axe looks at a page in this language at this width: at each width once, and in each language.

    All the rest is asked of every page; `HUYING_LONG=1` shows axe both of each."""
    return LONG or width == (PHONE if lang == "zh" else DESK)


def is_for_contrast(lang: str) -> bool:
    """Whether axe measures the contrast of a page that it sees in both languages: their colours are the same."""
    return LONG or lang == "zh"


async def findings(page: Page, lang: str, width: int, by_axe: bool | None = None) -> list[str]:
    """What is wrong with a page at a width, one a line. `by_axe`: whether axe looks, where that is not as usual; it
    then measures contrast in either language."""
    await page.set_viewport_size({"width": width, "height": 900})
    looks = is_for_axe(lang, width) if by_axe is None else by_axe
    contrast = bool(by_axe) or is_for_contrast(lang)
    found = await (what_is_wrong(page, contrast) if looks else what_is_too_wide(page))
    return [*found, *await page.evaluate(SMALL_TARGETS, 44 if width == PHONE else 36)]


async def what_is_too_wide(page: Page) -> list[str]:
    """By how much people would have to push the page to and fro."""
    beyond = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [f"{beyond} px wider than the screen"] if beyond > 0 else []


async def wrong_at_both_widths(page: Page, path: str) -> list[str]:
    """What is wrong with a page, one a line. It is loaded once: at the other width nothing but its layout changes."""
    lines = []
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 900})
        is_for_citizens = "portal" in path or path.startswith("/rate/")
        least_height = 44 if width == PHONE or is_for_citizens else 36
        # Colours are the same at both widths.
        contrast = LONG or width == WIDTHS[0]
        found = await what_is_wrong(page, contrast) + await page.evaluate(SMALL_TARGETS, least_height)
        lines += [f"{width}: {line}" for line in found]
    return lines


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_can_be_used_by_everybody(open_page: OpenPage, path: str):
    page = await open_page(path)
    assert await wrong_at_both_widths(page, path) == []


async def test_the_page_of_a_message_can_be_used_by_everybody(open_page: OpenPage, rating_link: str):
    page = await open_page(rating_link)
    assert await wrong_at_both_widths(page, rating_link) == []


@pytest.mark.parametrize("path", HOSTILE)
async def test_hostile_texts_stay_texts_and_inside_of_the_screen(open_page: OpenPage, path: str):
    page = await open_page(path)
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 900})
        assert await what_is_too_wide(page) == []
    assert await page.locator("script:not([src])").count() == 0
    assert await page.locator("[onmouseover]").count() == 0
    assert "<script>alert(1)</script>" in await page.locator("body").inner_text()


async def test_large_type_is_a_quarter_larger_and_still_fits(open_page: OpenPage):
    page = await open_page("/board/demands?jurisdiction=nanhai", PHONE)
    await expect(page.locator("html")).to_have_css("font-size", "16px")
    await page.get_by_role("link", name="大字版").click()
    await page.get_by_role("button", name="大字（放大四分之一）").click()
    await expect(page).to_have_url(re.compile(r"/board/demands\?[^/]*$"))
    await expect(page.locator("html")).to_have_css("font-size", "20px")
    assert await what_is_wrong(page) == []


async def test_the_first_press_of_tab_leads_past_the_navigation(open_page: OpenPage):
    page = await open_page("/design/lists", DESK)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "main"
