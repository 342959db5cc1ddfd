"""Everybody can use the pages of the catalogue, of common demands and of why a case is where it is."""

import pytest
from playwright.async_api import expect

from services.routing.catalogue.commands import DraftCatalogue, RehearseCatalogue
from services.routing.catalogue.handler import CatalogueDesk
from services.routing.catalogue.packs_in_force import PacksInForce, rules_as_yaml
from services.routing.hot_spots.detection import LEASE, Detection
from shared.chassis.database.lease import Lease
from shared.contracts.demand.state import Service
from shared.identity.person import Person, Role
from tests.browser.conftest import DESK, PHONE, OpenPage, Tabs
from tests.browser.test_access import findings
from tests.city import COORDINATOR, DISPATCHER, PACK, City
from tests.packs import shipped

pytestmark = pytest.mark.browser

RULE = "- {id: sunk, match: {category: road-damage, keywords: [塌陷]}, lead: nh-transport}"
MIXER = "丽发新城小区附近的搅拌站"


def with_rule(rule: str) -> str:
    """The rules in force below another one."""
    return rules_as_yaml(PACK).replace("rules:\n", f"rules:\n{rule}\n", 1)


async def rehearsed(city: City) -> str:
    """A version that sends sunk roads elsewhere, compared with what is in force."""
    pool = city.loop.pools[Service.ROUTING]
    catalogues = CatalogueDesk(pool, PacksInForce(shipped(), pool))
    by = Person("林嘉怡", COORDINATOR, frozenset({Role.DISPATCHER}))
    version = (await catalogues.draft(by, DraftCatalogue(content=with_rule(RULE), note="塌陷派交通局"))).version
    await catalogues.check(by, version)
    await catalogues.rehearse(by, version, RehearseCatalogue(newest=100))
    return version


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_pages_of_the_catalogue_can_be_used_by_everybody(tabs: Tabs, at_desk: OpenPage, city: City, lang: str):
    road, waiting = await city.raises(), await city.raises(category=None, title="不清楚归谁管")
    for more in ("噪音扰民", "噪音很大", "夜间噪音", "粉尘和噪音", "什么时候搬走"):
        await city.raises(title=MIXER + more, category="noise")
    pool = city.loop.pools[Service.ROUTING]
    await Detection(pool, shipped(), Lease(pool, LEASE)).turn()
    version = await rehearsed(city)
    paths = {
        "catalogue": "/desk/catalogue",
        "version": f"/desk/catalogue/{version}",
        "publish": f"/desk/catalogue/{version}/publish",
        "returns": f"/desk/catalogue/returns?version={PACK.catalogue_version}&rule=road-damage",
        "draft": f"/desk/catalogue/new?case={waiting}",
        "hot spots": "/desk/hot-spots",
        "why": f"/desk/cases/{road}/why",
        "why triage": f"/desk/cases/{waiting}/why",
    }
    page = await at_desk(DISPATCHER)
    found = {}
    for name, path in paths.items():
        await page.goto(f"{city.url}{path}{'&' if '?' in path else '?'}lang={lang}")
        for width in (DESK, PHONE):
            found[f"{name} {width}"] = await findings(page, lang, width)
        await tabs.picture(page, f"{name} {lang} {PHONE}")
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
async def test_a_dispatcher_drafts_mends_rehearses_and_publishes(at_desk: OpenPage, city: City, javascript: bool):
    await city.raises(text="路面塌陷")
    # As every process does at its start: the database was emptied since the city's did.
    await PacksInForce(shipped(), city.loop.pools[Service.ROUTING]).read()
    page = await at_desk(DISPATCHER, "/desk/catalogue", DESK, javascript)
    await page.get_by_role("link", name="起草新版本").click()
    await page.get_by_label("规则", exact=True).fill(with_rule(RULE.replace("nh-transport", "nobody")))
    await page.get_by_label("改了什么").fill("塌陷派交通局")
    await page.get_by_role("button", name="检查并保存草稿").click()
    await expect(page.get_by_role("alert")).to_contain_text("没有单位“nobody”")
    await expect(page.get_by_label("改了什么")).to_have_value("塌陷派交通局")
    await page.get_by_label("规则", exact=True).fill(with_rule(RULE))
    await page.get_by_role("button", name="检查并保存草稿").click()
    await expect(page.get_by_role("status")).to_contain_text("草稿已保存")
    await page.get_by_role("button", name="预演").click()
    await expect(page.locator("#rehearsal")).to_contain_text("有 1 件会派到别的单位")
    await page.get_by_role("link", name="发布").click()
    await page.get_by_role("button", name="发布版本").click()
    await expect(page.get_by_role("status")).to_contain_text("已发布")
