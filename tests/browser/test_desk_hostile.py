"""Whatever people type at or send to the desk stays a text inside of the screen."""

import pytest
from playwright.async_api import Page

from services.routing.web.command_forms import FORMS
from shared.contracts.demand import facts as f
from tests.browser.conftest import PHONE, OpenPage
from tests.browser.test_access import what_is_too_wide
from tests.city import CLERK, DISPATCHER, HEAD, City
from tests.routing.visitor import visitor

pytestmark = pytest.mark.browser

SCRIPT = "<script>alert(1)</script>"
PICTURE = "\"'><img src=x onerror=alert(1)>{{ 7 * 7 }}"
LONG = "长" * 60 + "x" * 300
TURNED = "\u202egnihtyreve snrut\u202c"
HOSTILE = f"{SCRIPT}{PICTURE}{TURNED}{LONG}"
NAME = f"{PICTURE}{'x' * 60}"


async def is_harmless(page: Page, shown: str = SCRIPT) -> list[str]:
    """What is wrong with a page on which hostile text stands."""
    found = await what_is_too_wide(page)
    for selector in ("script:not([src])", "main img", "[onerror]", "main b"):
        if await page.locator(selector).count():
            found.append(f"there is {selector}")
    words = await page.locator("body").inner_text()
    values = await page.locator("input, textarea").evaluate_all("fields => fields.map(field => field.value).join(' ')")
    if shown not in words + values:
        found.append("the text is not shown as it is")
    return found


async def fill(city: City, person: str, path: str, name: str) -> int:
    """Give a command with something hostile in every field that takes words; the status of its answer."""
    async with visitor(city, person) as staff:
        hidden = await staff.hidden(path)
        typed = {one.name: HOSTILE for one in FORMS[name] if one.kind in ("text", "textarea", "lines")}
        typed |= {one.name: "1" for one in FORMS[name] if one.kind == "number"}
        chosen = {"units": "nh-tax", "suggested_unit": "nh-tax", "level": "village", "reason": "weather"}
        typed |= {one.name: chosen[one.name] for one in FORMS[name] if one.kind == "select" and one.name in chosen}
        return (await staff.client.post(path, data=hidden | typed)).status_code


async def test_hostile_words_are_shown_as_words_on_every_page(at_desk: OpenPage, city: City):
    title = f"{SCRIPT}{PICTURE}"
    case = await city.raises(title=title, text=HOSTILE)
    waits = await city.raises(title=title, text=HOSTILE, category=None)
    clerk = await at_desk(CLERK, f"/desk/cases/{case}", PHONE)
    await city.tells(case, f.DemandAccepted(by="陈"))
    given = ("request-assistance", "request-extension", "contact", "progress", "note", "attach", "pause", "resume")
    for name in given:
        assert await fill(city, CLERK, f"/desk/cases/{case}/{name}", name) == 200, name
    for name in ("assign", "list", "resolve"):
        assert await fill(city, HEAD, f"/desk/cases/{case}/{name}", name) == 200, name
    found = {}
    for person, path in (
        (CLERK, "/desk"), (CLERK, f"/desk/cases/{case}"), (CLERK, f"/desk?text={SCRIPT}"),
        (DISPATCHER, "/desk/triage"), (DISPATCHER, f"/desk/cases/{waits}"), (DISPATCHER, f"/desk/cases/{case}"),
    ):  # fmt: skip
        page = await at_desk(person, path, PHONE)
        found[path] = await is_harmless(page)
    assert {path: lines for path, lines in found.items() if lines} == {}
    await clerk.close()
