"""Whatever people type at or send to the desk stays a text inside of the screen."""

from typing import Final

import pytest
from playwright.async_api import Page, expect

from services.routing.web.command_forms import FORMS
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Service
from shared.identity.person import Person, Role
from shared.identity.sessions import StaffSessions
from tests.browser.conftest import PHONE, OpenPage, Tabs
from tests.browser.test_access import what_is_too_wide
from tests.city import CLERK, DISPATCHER, EDUCATION, HEAD, LEADER, STATION, TOWN_HEAD, City
from tests.routing.visitor import Visitor, visitor

pytestmark = pytest.mark.browser

SCRIPT: Final = "<script>alert(1)</script>"
MARKED: Final = f"{SCRIPT}\"'><img src=x onerror=alert(1)>{{{{ 7 * 7 }}}}"
HOSTILE: Final = f"{MARKED}\u202egnihtyreve snrut\u202c{'长' * 40}{'x' * 200}"
LINES: Final = frozenset({"text", "textarea", "lines"})
CHOSEN: Final = {
    "units": "nh-education", "unit": "nh-education", "level": "village", "urgency": "urgent", "kind": "handling",
}  # fmt: skip
ORDER: Final = (
    (CLERK, ("accept", "request-assistance", "request-extension", "contact", "progress", "note", "attach")),
    (TOWN_HEAD, ("refuse-extension", "note")),
    (EDUCATION, ("accept-assistance", "report-assistance")),
    (CLERK, ("end-assistance", "pause", "resume")),
    (HEAD, ("prioritize", "assign", "list", "resolve")),
)
"""Commands that one case may be given one after another."""


async def give(staff: Visitor, case: str, name: str) -> int:
    """Give a command with something hostile in every field that takes words; the status of its answer."""
    path = f"/desk/cases/{case}/{name}"
    page = path if FORMS[name] else f"/desk/cases/{case}"
    typed = {one.name: HOSTILE[:100] if one.kind == "text" else HOSTILE for one in FORMS[name] if one.kind in LINES}
    typed |= {one.name: "1" for one in FORMS[name] if one.kind == "number"}
    typed |= {one.name: CHOSEN.get(one.name, "weather") for one in FORMS[name] if one.kind == "select"}
    hidden = await staff.hidden(page, path)
    return (await staff.client.post(path, data=hidden | {"done": "yes"} | typed)).status_code


async def what_is_harmful(page: Page) -> list[str]:
    """What hostile text does to a page."""
    found = await what_is_too_wide(page)
    for selector in ("script:not([src])", "main img", "[onerror]"):
        if await page.locator(selector).count():
            found.append(f"there is {selector}")
    fields = await page.locator("input, textarea").evaluate_all("all => all.map((one) => one.value).join(' ')")
    if SCRIPT not in await page.locator("body").inner_text() + fields:
        found.append("the text is not shown")
    return found


async def test_hostile_words_of_citizens_and_staff_are_words_on_every_page(at_desk: OpenPage, city: City):
    case = await city.raises(title=MARKED, text=HOSTILE, contact={"name": SCRIPT, "phone": "13800138000"})
    waits = await city.raises(title=MARKED, text=HOSTILE, category=None)
    late = await city.raises(title=MARKED)
    await city.routed(late, -3)
    for person, names in ORDER:
        async with visitor(city, person) as staff:
            for name in names:
                assert await give(staff, case, name) == 200, name
    said = (f.DemandSupplemented(text=HOSTILE), f.DemandUrged(reason=HOSTILE))
    await city.tells(case, *said, service=Service.INTAKE)
    await city.tells(case, f.DemandReopened(reason=HOSTILE, rating=1), service=Service.FEEDBACK)
    found = {}
    pages = {person: await at_desk(person, "/desk", PHONE) for person in (CLERK, DISPATCHER, LEADER)}
    for person, path in (
        (CLERK, "/desk"), (CLERK, f"/desk?text={SCRIPT}"), (CLERK, f"/desk/cases/{case}"),
        (CLERK, f"/desk/cases/{case}/return"), (DISPATCHER, f"/desk/cases/{case}"), (DISPATCHER, "/desk/triage"),
        (DISPATCHER, f"/desk/cases/{waits}"), (DISPATCHER, f"/desk/cases/{waits}/route"), (LEADER, "/desk/overview"),
    ):  # fmt: skip
        await pages[person].goto(city.url + path)
        found[f"{person} {path}"] = await what_is_harmful(pages[person])
    clerk = pages[CLERK]
    await clerk.goto(f"{city.url}/desk/cases/{case}")
    await clerk.get_by_label("其他理由").fill(HOSTILE)
    async with clerk.expect_navigation():
        await clerk.get_by_role("button", name="查阅").click()
    found["contact"] = await what_is_harmful(clerk)
    assert {path: lines for path, lines in found.items() if lines} == {}


async def test_hostile_words_in_a_form_that_comes_back_are_words(at_desk: OpenPage, city: City):
    case = await city.raises(title=MARKED)
    page = await at_desk(CLERK, f"/desk/cases/{case}/return", PHONE)
    await city.tells(case, f.DemandAccepted(by=MARKED))
    await page.get_by_label("应由哪个单位办理").select_option("nh-education")
    await page.get_by_label("原因").fill(HOSTILE)
    await page.locator("main form button").click()
    await expect(page.locator(".notice")).to_be_visible()
    await expect(page.get_by_label("原因")).to_have_value(HOSTILE)
    assert await what_is_harmful(page) == []
    assert MARKED in await page.locator(".notice").inner_text()


async def test_somebody_with_a_hostile_name_works_like_anybody(tabs: Tabs, city: City):
    case = await city.raises()
    person = Person(f"{MARKED}{'x' * 60}", STATION, frozenset({Role.CLERK}))
    sessions = StaffSessions.of(city.settings, city.loop.pools[Service.ROUTING])
    page = await tabs.new(PHONE)
    cookie = {"name": "huying", "value": await sessions.begin(person), "url": city.url}
    await page.context.add_cookies([cookie])
    await page.goto(f"{city.url}/desk/cases/{case}")
    await page.locator(".command-panel").get_by_role("button", name="签收").click()
    await page.wait_for_url("**done=accept*")
    assert await what_is_harmful(page) == []
    await page.goto(f"{city.url}/desk?list=mine")
    assert await what_is_harmful(page) == []
    await page.goto(f"{city.url}/sign-out")
    assert await what_is_harmful(page) == []
