"""A citizen with a telephone goes the whole way: raises, is told by text message, judges, is told again, confirms.

The messages leave through a real gateway, Debian's Kannel, to its fake message centre: what stands there is what the
telephone shows, and the link in it is the one that is opened.
"""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Final

import pytest
from playwright.async_api import Page, expect

from deploy.local.ports import free_port
from deploy.local.process import ManagedProcess
from services.feedback.assembled import demand_repository, message_kind
from services.feedback.gateways.recipients import Recipient
from services.feedback.settings import FeedbackSettings
from shared.chassis.work.intent_sender import IntentSender
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Service, Status
from tests.browser.conftest import PHONE, Tabs
from tests.browser.test_raise import press, raise_one
from tests.city import City, opened_city
from tests.conftest import Server, fresh_database
from tests.eventually import eventually
from tests.feedback.test_kannel import KEY, OURS, SERVICES
from tests.kannel import arrived, kannel, kannel_installed, kannel_ports, says
from tests.keys import KEYS
from tests.packs import shipped

pytestmark = [pytest.mark.browser, kannel_installed]
HELD_BACK: Final = 60
"""Messages an hour: here weeks pass within seconds."""
LINK: Final = re.compile(r"http://\S+")


@dataclass(frozen=True, slots=True)
class Town:
    """A city whose citizens are told through Kannel, and the message centre that their telephones are reached by."""

    city: City
    sender: IntentSender[Recipient]
    centre: ManagedProcess

    async def tells(self, phone: str, *words: str) -> str:
        """Sends what is to be sent; the last message with these words, once it is on this telephone."""
        await self.city.loop.turn()
        while await self.sender.send_some():
            pass

        async def with_words() -> list[str]:
            texts = arrived(self.centre.log_path.read_text("utf-8", "replace"), phone)
            return [text for text in texts if all(word in text for word in words)]

        return (await eventually(with_words, bool, within=30))[-1]

    async def answers(self, number: str, result: str) -> None:
        """What the unit that has the demand does: it signs, and says that it is done."""
        await self.city.loop.turn()
        if (await self.city.demand(number)).status is Status.TRIAGE:
            await self.city.routed(number, 10)
        await self.city.tells(number, f.DemandAccepted(by="陈晓岚"), f.DemandResolved(by="陈晓岚", result=result))


@pytest.fixture(scope="module")
async def town(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """One deployment for both ways to go."""
    folder, port, ports = tmp_path_factory.mktemp("town"), free_port(), kannel_ports()
    declared = folder / "gateways.yaml"
    declared.write_text(OURS.format(**ports, ours=port, key=KEY))
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(fresh_database(postgres))
        city = await stack.enter_async_context(opened_city(database, folder, port, {"gateways": declared}))
        running = await stack.enter_async_context(kannel(folder, ports, SERVICES))
        centre = await stack.enter_async_context(running.centre(0, "1 2 text never sent"))
        await says(running.bearer, "Fakesmsc client connected")
        told = {"DATABASE_URL": database, "gateways": declared, "intake_url": city.url, "messages_at_once": True}
        settings = FeedbackSettings.model_validate(KEYS | told)
        pool, repository = city.loop.pools[Service.FEEDBACK], demand_repository(shipped(), settings)
        kind = replace(message_kind(settings, pool, repository, shipped()), per_hour=lambda intent: HELD_BACK)
        sender = IntentSender(pool, kind)
        yield Town(city, sender, centre)
        for gateway in kind.gateways:
            await gateway.close()


async def open_link(tabs: Tabs, text: str, javascript: bool) -> Page:
    """The page that the link of a message opens on a telephone that was never here before."""
    link = LINK.search(text)
    assert link, text
    page = await tabs.new(PHONE, javascript)
    await page.goto(link[0])
    return page


@pytest.mark.parametrize(
    ("javascript", "phone"), [(True, "13800138001"), (False, "13800138002")], ids=["script", "no script"]
)
async def test_a_citizen_is_told_by_text_message_disagrees_is_told_again_and_confirms(
    tabs: Tabs, town: Town, javascript: bool, phone: str
):
    city, page = town.city, await tabs.new(PHONE, javascript)
    number = await raise_one(page, city.url, f"水管漏水三天了，尾号{phone[-1]}的巷口全是水", phone=phone)
    await page.get_by_role("link", name="查看进度").click()
    await expect(page.get_by_role("heading", name="水管漏水三天了")).to_be_visible()
    received = await open_link(tabs, await town.tells(phone, "【呼应】", number, "已收到"), javascript)
    await expect(received.locator("main")).to_contain_text(number)

    await town.answers(number, "已派人检查，未见漏水")
    rating = await open_link(tabs, await town.tells(phone, "已有答复", "未见漏水"), javascript)
    await expect(rating.locator("main")).to_contain_text("未见漏水")
    await rating.get_by_label("未解决").check()
    await rating.get_by_label("不满意", exact=True).check()
    await rating.get_by_label("还想说什么").fill("水还在漏")
    await press(rating, "提交评价")
    await expect(rating.get_by_role("status")).to_contain_text("重新办理")
    await town.tells(phone, number, "重新办理")
    assert (await city.demand(number)).reopenings == 1

    await town.answers(number, "已更换漏水的水管")
    again = await open_link(tabs, await town.tells(phone, "已有答复", "更换漏水的水管"), javascript)
    await expect(again.locator("main")).to_contain_text("更换漏水的水管")
    await again.get_by_label("已解决", exact=True).check()
    await again.get_by_label("满意", exact=True).check()
    await press(again, "提交评价")
    await expect(again.get_by_role("status")).to_be_visible()
    await town.tells(phone, number, "评价已收到")
    demand = await city.demand(number)
    assert (demand.outcome, demand.first_rating, demand.rating) == (f.Outcome.CONFIRMED, 2, 4)
    await page.reload()
    await expect(page.locator("main")).to_contain_text("水还在漏")
    await eventually(lambda: outcomes(city, number), lambda states: set(states) == {"delivered"}, within=30)


async def outcomes(city: City, number: str) -> list[str]:
    """What became of every message about a demand."""
    rows = await city.loop.pools[Service.FEEDBACK].fetch(
        "SELECT state FROM intent WHERE body ->> 'number' = $1", number
    )
    return [row["state"] for row in rows]
