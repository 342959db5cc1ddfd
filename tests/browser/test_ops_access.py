"""Everybody can use the page of operations, and it asks again by itself."""

import pytest
from playwright.async_api import expect

from services.routing.web import ops_view
from shared.chassis.process import reporter
from shared.chassis.process.registration import ProcessCondition, ProcessName, Registration
from shared.contracts.demand.state import Service
from tests.browser.conftest import DESK, PHONE, OpenPage, Tabs
from tests.browser.test_access import findings
from tests.city import City
from tests.routing.test_ops_page import ADMIN

pytestmark = pytest.mark.browser


async def says_that_it_runs(city: City, instance: str, lag: int) -> None:
    """A worker of routing with a long name, which is behind."""
    process = ProcessName("routing-worker", instance, "huying-routing-worker-7c9d8f6b5-x2x4q", "", "1.4.0")
    await Registration(city.loop.pools[Service.ROUTING], process, ProcessCondition()).beat()
    await city.loop.pools[Service.ROUTING].execute(
        "UPDATE process SET lag = $1, standing_seconds = 200, not_alive = $2 WHERE instance = $3",
        lag, "routing-worker: huying.demand-events/3 stands at 1200 for 187 s", instance,
    )  # fmt: skip


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_the_page_of_operations_can_be_used_by_everybody(
    tabs: Tabs, at_desk: OpenPage, city: City, lang: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ops_view, "EVERY", 1)
    monkeypatch.setattr(reporter, "KEPT", 0.0)
    await says_that_it_runs(city, "huying-routing-worker-7c9d8f6b5-x2x4q:9090", 12_345)
    page, found = await at_desk(ADMIN), {}
    await page.goto(f"{city.url}/ops?lang={lang}")
    for width in (DESK, PHONE):
        found[width] = await findings(page, lang, width)
        await tabs.picture(page, f"operations {lang} {width}")
    assert {width: lines for width, lines in found.items() if lines} == {}
    await says_that_it_runs(city, "another", 54_321)
    await expect(page.locator("#operations").get_by_text("54,321")).to_be_visible(timeout=60_000)


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_the_page_of_dead_letters_can_be_used_by_everybody(tabs: Tabs, at_desk: OpenPage, city: City, lang: str):
    routing = city.loop.pools[Service.ROUTING]
    await routing.execute(
        """INSERT INTO dead_letter (topic, partition, "offset", cluster_id, record, cause)
        VALUES ('huying.demand-events', 3, 1200, 'c', '', 'the record has no header ce_id, and its value is no fact')"""
    )
    page, found = await at_desk(ADMIN), {}
    try:
        await page.goto(f"{city.url}/ops/dead-letters?service=routing&lang={lang}")
        await expect(page.get_by_text("no header ce_id")).to_be_visible()
        for width in (DESK, PHONE):
            found[width] = await findings(page, lang, width)
            await tabs.picture(page, f"dead letters {lang} {width}")
    finally:
        await routing.execute("DELETE FROM dead_letter")
    assert {width: lines for width, lines in found.items() if lines} == {}
