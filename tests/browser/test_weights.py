"""What a phone loads for each page of the portal and of rating; how soon something is seen on 3G is written down."""

import asyncio
import json
from collections.abc import Mapping
from typing import Final

import pytest
from playwright.async_api import CDPSession, Page, Response

from shared.contracts.demand.state import Status
from tests.browser.conftest import PHONE, SCREENSHOTS, Tabs
from tests.browser.desks import ACCEPTED, RESOLVED
from tests.browser.test_public_pages import FIRST
from tests.browser.test_raise import LIMIT
from tests.city import CLERK, City
from tests.intake.portal_visitor import LINKS

pytestmark = pytest.mark.browser

MEGABIT: Final = 1_000_000 / 8
OVER_3G: Final[Mapping[str, float | bool]] = {
    "offline": False, "latency": 150, "downloadThroughput": 1.6 * MEGABIT, "uploadThroughput": 0.75 * MEGABIT,
}  # fmt: skip
"""Milliseconds of a round trip, and bytes a second: the profile that WebPageTest calls 3G Fast."""
FIRST_PAINT: Final = """() => new Promise((done) => {
    const seen = () => performance.getEntriesByName('first-contentful-paint')[0];
    if (seen()) done(seen().startTime);
    new PerformanceObserver(() => seen() && done(seen().startTime)).observe({ type: 'paint', buffered: true });
})"""


async def pages(city: City) -> Mapping[str, str]:
    """Addresses by name; behind each there is something to see."""
    number = await city.raises(text="晚上看不见路", may_publish=True)
    await city.tells(number, ACCEPTED, RESOLVED, FIRST)
    await city.figures.refresh()
    demand = await city.demand(number)
    assert demand.status is Status.RESOLVED
    return {
        "home": "/", "raise": "/raise", "raise offline": "/raise/offline", "follow": "/follow",
        "follow, code lost": "/follow/lost", "followed": LINKS.follow(demand.id),
        "rate": LINKS.rate(demand.id, demand.version), "demands": "/demands", "demand": f"/demands/{number}",
        "privacy": "/privacy", "field": "/field",
    }  # fmt: skip


async def test_no_page_of_the_portal_weighs_more_than_60_kilobytes(tabs: Tabs, city: City):
    weights: dict[str, int] = {}
    painted_after: dict[str, int] = {}
    # A page mostly waits for its slow network.
    at_a_time = asyncio.Semaphore(3)

    async def load(name: str, path: str) -> None:
        async with at_a_time:
            page = await tabs.new(PHONE)
            if name == "field":
                await page.context.request.post(f"{city.url}/sign-in/demo", form={"person": CLERK}, max_redirects=0)
            await over_3g(await page.context.new_cdp_session(page))
            answers = answers_to(page)
            await page.goto(city.url + path, wait_until="networkidle")
            painted_after[name] = round(await page.evaluate(FIRST_PAINT))
            weights[name] = sum([await weight(answer) for answer in answers if not is_kept(answer)])

    paths = await pages(city)
    await asyncio.gather(*(load(name, path) for name, path in paths.items()))
    assert set(weights) == set(paths)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    report = {name: {"bytes": weights[name], "first paint in ms": painted_after[name]} for name in paths}
    (SCREENSHOTS / "weights.json").write_text(json.dumps(report, indent=1), "utf-8")
    assert {name: bytes_ for name, bytes_ in weights.items() if bytes_ > LIMIT} == {}
    assert min(weights.values()) > 10_000, "what is loaded is counted"


def answers_to(page: Page) -> list[Response]:
    """All that the page is sent from now on."""
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    return answers


async def over_3g(session: CDPSession) -> None:
    await session.send("Network.enable")
    await session.send("Network.emulateNetworkConditions", dict(OVER_3G))


async def weight(answer: Response) -> int:
    """Bytes as they travelled, with their headers."""
    sizes = await answer.request.sizes()
    return sizes["responseBodySize"] + sizes["responseHeadersSize"]


def is_kept(answer: Response) -> bool:
    """Whether the worker fetched it beside the page, for a time without a network."""
    return answer.request.service_worker is not None
