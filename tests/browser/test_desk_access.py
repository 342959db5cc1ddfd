"""Everybody can use every page of the desk, in both languages, on a phone and at a desk."""

import asyncio
from typing import Final
from zlib import crc32

import pytest
from playwright.async_api import FilePayload, Page, expect

from services.routing.web.command_forms import AT_ONCE, FORMS
from services.routing.web.words import LISTS
from tests.browser.conftest import DESK, PHONE, OpenPage, Tabs
from tests.browser.desks import ACCEPTED, CONTACT, forms, full_desk
from tests.browser.test_access import LONG, findings
from tests.city import AUDITOR, CLERK, DISPATCHER, HEAD, LEADER, TOWN_HEAD, City
from tests.intake.test_attachments import picture

pytestmark = pytest.mark.browser

USUAL: Final = {
    "list open",
    "own case in progress",
    "case routed",
    "form resolve",
    "triage",
    "publications",
    "form publish",
    "overview",
    "nothing",
    "outcomes",
}
"""Pages that axe sees in Chinese at the width of a phone and in English at that of a desk, and of which a picture is
kept. Of the many that are made of the same parts it sees each once: one half so, the other half so.
`HUYING_LONG=1` shows it the first ones at both widths in both languages, and the others both of each."""
WRONG: Final = (
    ("return", {"#reason": "不属本单位职责"}),
    ("request-extension", {"#working_days": "200", "#reason": "等待沥青"}),
    ("merge", {"#into": "NH26-999999-9", "#reason": "同一处"}),
    ("pause", {"#days": "999"}),
)
"""What is typed into forms that come back with it."""
Place = tuple[str, str, str]
"""A name, who looks, and the path."""


async def places(city: City) -> list[Place]:
    """Every page of the desk."""
    cases = await full_desk(city)
    commands = await forms(city, cases, DISPATCHER, CLERK, HEAD, TOWN_HEAD)
    assert set(commands) == {*FORMS, "why", "sheet"} - AT_ONCE
    return [
        *((f"list {name}", CLERK, f"/desk?list={name}") for name in LISTS),
        *((f"case {name}", DISPATCHER, f"/desk/cases/{number}") for name, number in cases.items()),
        *((f"own case {name}", CLERK, f"/desk/cases/{cases[name]}") for name in ("routed", "in progress")),
        *((f"form {name}", person, path) for name, (person, path) in commands.items()),
        ("to decide", TOWN_HEAD, "/desk?list=to-decide"),
        ("triage", DISPATCHER, "/desk/triage"),
        ("hot spots", DISPATCHER, "/desk/hot-spots"),
        ("publications", DISPATCHER, "/desk/publications"),
        ("catalogue", DISPATCHER, "/desk/catalogue"),
        ("returns", DISPATCHER, "/desk/catalogue/returns"),
        ("new catalogue", DISPATCHER, "/desk/catalogue/new"),
        ("overview", LEADER, "/desk/overview"),
        ("nothing found", CLERK, "/desk?text=没有这样的诉求"),
        ("nothing", AUDITOR, "/desk?list=mine"),
        ("not there", CLERK, "/desk/cases/NH26-999999-9"),
        ("not theirs", CLERK, "/desk/triage"),
        ("sign out", CLERK, "/sign-out"),
        ("why", CLERK, f"/desk/cases/{cases['routed']}/why"),
    ]


def seen_by_axe(name: str, lang: str, width: int) -> bool | None:
    """Whether axe looks at a page of this name, None if as usual; all the rest is asked of every page at both
    widths."""
    if name in USUAL:
        return None
    half = "zh" if crc32(name.encode()) % 2 else "en"
    return width == (PHONE if lang == "zh" else DESK) and (LONG or lang == half)


async def at_both_widths(page: Page, name: str, lang: str) -> list[str]:
    """What is wrong with a page, one a line."""
    found = []
    for width in (DESK, PHONE):
        found += await findings(page, lang, width, by_axe=seen_by_axe(name, lang, width))
    return found


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_every_page_of_the_desk_can_be_used_by_everybody(tabs: Tabs, at_desk: OpenPage, city: City, lang: str):
    everything = await places(city)
    found: dict[str, list[str]] = {}

    async def look(person: str) -> None:
        page = await at_desk(person)
        for name, whose, path in everything:
            if whose == person:
                answer = await page.goto(f"{city.url}{path}{'&' if '?' in path else '?'}lang={lang}")
                assert answer
                policy = answer.headers["content-security-policy"]
                found[name] = ["unsafe policy"] if "unsafe" in policy or "default-src 'self'" not in policy else []
                found[name] += await at_both_widths(page, name, lang)
                if name == "list open":
                    found[name] += await _first_screen(page)
                if name in USUAL:
                    await tabs.picture(page, f"desk {name} {lang} {PHONE}")

    await asyncio.gather(*map(look, {person for _, person, _ in everything}))
    assert {name: lines for name, lines in found.items() if lines} == {}


async def _first_screen(page: Page) -> list[str]:
    """What a telephone does not show before people scroll: a list that has cases, and the first case."""
    edge = await page.locator(".tabs li:visible").evaluate_all(
        "tabs => Math.max(...tabs.map(tab => tab.getBoundingClientRect().right))"
    )
    shown = await page.locator(".tabs li:visible").count()
    box = await page.locator(".work-list .title a").first.bounding_box()
    assert box
    wrong = {
        "tabs beyond the edge": edge > PHONE,
        "few tabs": shown < 6,
        "no case on the first screen": box["y"] > 640,
        "tabs of empty lists": await page.locator(".tabs li:visible .count.none").count() > 0,
    }
    return [words for words, is_wrong in wrong.items() if is_wrong]


async def _with_evidence(tabs: Tabs, page: Page, address: str, lang: str) -> list[str]:
    """What is wrong with a form of which one file was taken and another was not, and with the case afterwards."""
    await page.goto(f"{address}?lang={lang}")
    files: list[FilePayload] = [
        {"name": "修复后.png", "mimeType": "image/png", "buffer": picture("PNG")},
        {"name": "视频.mp4", "mimeType": "video/mp4", "buffer": b"\0\0\0\x18ftypmp42"},
    ]
    await page.locator("#attachments").set_input_files(files)
    await expect(page.locator(".chosen-files li")).to_have_count(2)
    await page.locator("main form button.primary").click()
    await expect(page.locator(".error-summary")).to_contain_text("视频.mp4")
    await expect(page.get_by_label("修复后.png")).to_be_checked()
    found = await at_both_widths(page, "form attach", lang)
    await tabs.picture(page, f"desk wrong attach {lang} {PHONE}")
    await page.locator("main form button.primary").click()
    await expect(page.locator(".timeline a")).to_have_count(1)
    found += await at_both_widths(page, "own case in progress", lang)
    await tabs.picture(page, f"desk evidence {lang} {PHONE}")
    return found


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_form_that_came_back_and_outcomes_can_be_used_by_everybody(
    tabs: Tabs, at_desk: OpenPage, city: City, lang: str
):
    case, taken, _ = [await city.raises(contact=CONTACT) for _ in range(3)]
    await city.tells(case, ACCEPTED)
    page = await at_desk(DISPATCHER)
    commands = await forms(city, {"accepted": case}, DISPATCHER)
    found = {"evidence": await _with_evidence(tabs, page, city.url + commands["attach"][1], lang)}
    for name, typed in WRONG:
        await page.goto(f"{city.url}{commands[name][1]}?lang={lang}")
        for field, words in typed.items():
            await page.locator(field).fill(words)
        await page.locator("main form").evaluate("form => { form.noValidate = true; form.requestSubmit() }")
        await expect(page.locator(".error-summary")).to_be_focused()
        for field, words in typed.items():
            await expect(page.locator(field)).to_have_value(words)
        found[name] = await at_both_widths(page, f"form {name}", lang)
        await tabs.picture(page, f"desk wrong {name} {lang} {PHONE}")
    await page.goto(f"{city.url}/desk/cases/{case}?lang={lang}")
    await page.locator("#contact button").last.click()
    await expect(page.locator("#why-error")).to_be_visible()
    found["contact"] = await at_both_widths(page, "contact", lang)
    station = await at_desk(CLERK, f"/desk?lang={lang}")
    for box in await station.get_by_role("checkbox").all():
        await box.check()
    await city.routed(taken, 5, "nh-transport")
    await station.locator(".bulk-bar button").click()
    await expect(station.locator(".outcomes li")).to_have_count(2)
    found["outcomes"] = await at_both_widths(station, "outcomes", lang)
    assert {name: lines for name, lines in found.items() if lines} == {}
