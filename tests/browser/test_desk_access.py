"""Everybody can use every page of the desk, in both languages, on a phone and at a desk."""

import asyncio
from typing import Final

import pytest
from playwright.async_api import Page, expect

from services.routing.web.command_forms import AT_ONCE, FORMS
from services.routing.web.words import LISTS
from tests.browser.conftest import DESK, PHONE, OpenPage, Tabs
from tests.browser.desks import forms, full_desk
from tests.browser.test_access import SMALL_TARGETS, what_is_too_wide, what_is_wrong
from tests.city import AUDITOR, CLERK, DISPATCHER, HEAD, LEADER, TOWN_HEAD, City

pytestmark = pytest.mark.browser

USUAL: Final = {"list open", "own case in progress", "case routed", "form resolve", "triage", "overview", "nothing"}
"""Pages that axe sees at both widths in both languages, and of which a picture is kept. Of the many that are made of
the same parts it sees the Chinese at the width of a phone and the English at the width of a desk."""
WRONG: Final = (
    ("return", {"#reason": "不属本单位职责"}),
    ("request-extension", {"#working_days": "200", "#reason": "等待沥青"}),
    ("merge", {"#into": "NH26-999999-9", "#reason": "同一处"}),
    ("assign", {"#handler": "陈晓岚"}),
)
"""What is typed into forms that come back with it."""
Place = tuple[str, str, str]
"""A name, who looks, and the path."""


async def places(city: City) -> list[Place]:
    """Every page of the desk."""
    cases = await full_desk(city)
    commands = await forms(city, cases, DISPATCHER, CLERK, HEAD, TOWN_HEAD)
    assert set(commands) == set(FORMS) - AT_ONCE
    return [
        *((f"list {name}", CLERK, f"/desk?list={name}") for name in LISTS),
        *((f"case {name}", DISPATCHER, f"/desk/cases/{number}") for name, number in cases.items()),
        *((f"own case {name}", CLERK, f"/desk/cases/{cases[name]}") for name in ("routed", "in progress")),
        *((f"form {name}", person, path) for name, (person, path) in commands.items()),
        ("to decide", TOWN_HEAD, "/desk?list=to-decide"),
        ("triage", DISPATCHER, "/desk/triage"),
        ("overview", LEADER, "/desk/overview"),
        ("nothing found", CLERK, "/desk?text=没有这样的诉求"),
        ("nothing", AUDITOR, "/desk?list=mine"),
        ("not there", CLERK, "/desk/cases/NH26-999999-9"),
        ("not theirs", CLERK, "/desk/triage"),
        ("sign out", CLERK, "/sign-out"),
    ]


async def findings(page: Page, lang: str, both: bool) -> list[str]:
    """What is wrong with a page, one a line."""
    found = []
    for width in (DESK, PHONE):
        await page.set_viewport_size({"width": width, "height": 900})
        by_axe = both or (width == PHONE) == (lang == "zh")
        found += await (what_is_wrong(page) if by_axe else what_is_too_wide(page))
        found += await page.evaluate(SMALL_TARGETS, 44 if width == PHONE else 36)
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
                found[name] += await findings(page, lang, name in USUAL)
                if name in USUAL:
                    await tabs.picture(page, f"desk {name} {lang} {PHONE}")

    await asyncio.gather(*map(look, {person for _, person, _ in everything}))
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_form_that_came_back_and_outcomes_can_be_used_by_everybody(
    tabs: Tabs, at_desk: OpenPage, city: City, lang: str
):
    cases = await full_desk(city)
    page = await at_desk(DISPATCHER)
    commands = await forms(city, {name: cases[name] for name in ("routed", "accepted")}, DISPATCHER)
    found: dict[str, list[str]] = {}
    for name, typed in WRONG:
        await page.goto(f"{city.url}{commands[name][1]}?lang={lang}")
        for field, words in typed.items():
            await page.locator(field).fill(words)
        await page.locator("main form").evaluate("form => { form.noValidate = true; form.requestSubmit() }")
        await expect(page.locator(".error-summary")).to_be_focused()
        for field, words in typed.items():
            await expect(page.locator(field)).to_have_value(words)
        found[name] = await findings(page, lang, name == "return")
        await tabs.picture(page, f"desk wrong {name} {lang} {PHONE}")
    await page.goto(f"{city.url}/desk/cases/{cases['accepted']}?lang={lang}")
    await page.locator("#contact button").click()
    await expect(page.locator("#why-error")).to_be_visible()
    found["contact"] = await findings(page, lang, False)
    station = await at_desk(CLERK, f"/desk?lang={lang}")
    for box in await station.get_by_role("checkbox").all():
        await box.check()
    await city.routed(cases["overdue"], 5, "nh-transport")
    await station.locator(".bulk-bar button").click()
    await expect(station.locator(".outcomes li")).not_to_have_count(0)
    found["outcomes"] = await findings(station, lang, True)
    assert {name: lines for name, lines in found.items() if lines} == {}
