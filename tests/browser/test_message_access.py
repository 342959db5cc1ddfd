"""Everybody can use the pages of messages."""

import pytest

from shared.contracts.demand.state import Service
from tests.browser.conftest import DESK, PHONE, OpenPage, Tabs
from tests.browser.test_access import findings
from tests.city import City
from tests.routing.test_message_pages import ADMIN, message

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_pages_of_messages_can_be_used_by_everybody(tabs: Tabs, at_desk: OpenPage, city: City, lang: str):
    number = await city.raises()
    await message(city, number, "pending", waits="quiet-hours")
    await message(city, number, "failed", cause="停机", via="console")
    unknown = await message(city, number, "unknown", cause="unknown: no answer within 10 seconds " * 3, via="console")
    await city.loop.pools[Service.FEEDBACK].execute(
        "INSERT INTO gateway_circuit (gateway, tried_again_at, cause) VALUES ('console', now(), '连接被拒绝')"
    )
    page, found = await at_desk(ADMIN), {}
    for name, path in (("messages", f"/desk/messages?number={number}&"), ("message", f"/desk/messages/{unknown}?")):
        await page.goto(f"{city.url}{path}lang={lang}")
        for width in (DESK, PHONE):
            found[f"{name} {width}"] = await findings(page, lang, width)
            await tabs.picture(page, f"{name} {lang} {width}")
    assert {name: lines for name, lines in found.items() if lines} == {}
