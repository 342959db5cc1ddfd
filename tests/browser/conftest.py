"""A browser, the pages of a running deployment in little, and a tab that watches for faults."""

import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest
import uvicorn
from playwright.async_api import Browser, ConsoleMessage, Page, Response, async_playwright, expect

from deploy.local.ports import free_port
from services.feedback import app as feedback
from services.feedback.gateways.file import FileGateway
from services.feedback.settings import FeedbackSettings
from services.reporting import app as reporting
from services.reporting.settings import ReportingSettings
from services.routing import app as routing
from services.routing.settings import RoutingSettings
from shared.chassis.base.tokens import Tokens
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.database.pool import open_pool
from shared.chassis.http.app import web_app
from shared.contracts.demand import facts as f
from shared.web.design import design
from tests import story
from tests.browser.installed import MISSING, is_required, launched
from tests.chassis.conftest import Log, apply_records
from tests.city import City
from tests.conftest import Server, fresh_database
from tests.feedback.gateways import TO, message
from tests.keys import KEYS
from tests.serving import served

SCREENSHOTS: Final = Path(__file__).parents[2] / "build" / "screenshots"
PICTURES: Final = os.environ.get("HUYING_TEST_PICTURES", "all")
"""`failed`, as `make test` has it: of the pages of tests that failed, and no others. To paint hundreds of pages in full
length takes long, and nobody looks at them in a run of all tests."""
FAILED: Final = pytest.StashKey[bool]()
PHONE, DESK = 390, 1280
WIDTHS: Final = (PHONE, DESK)
SIGHTS: Final = pytest.mark.parametrize(("lang", "width"), [("zh", PHONE), ("en", DESK)])
"""Both languages and both widths: a walk over many pages takes minutes of a processor."""
OpenPage = Callable[..., Awaitable[Page]]
# Five seconds, which Playwright waits by itself, pass on two cores that a server, a browser and other tests share.
expect.set_options(timeout=60_000)


@asynccontextmanager
async def started(with_window: bool) -> AsyncIterator[Browser]:
    """A browser; without one the tests are left out, unless they must not be."""
    async with async_playwright() as playwright:
        browser = await launched(playwright, with_window)
        if browser is None:
            (pytest.fail if is_required() else pytest.skip)(MISSING)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The browser of a run, without a window of its own where this machine has such a one."""
    async with started(with_window=False) as browser:
        yield browser


@pytest.fixture(scope="session")
async def complete_browser() -> AsyncIterator[Browser]:
    """The browser that people have, for tests that need its background sync."""
    async with started(with_window=True) as browser:
        yield browser


@pytest.fixture(scope="session")
async def site(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of the pages: the board and the link of a message over a few demands, the pages of the desk with
    made-up people, and the design pages."""
    async with fresh_database(postgres) as database:
        told = KEYS | {"DATABASE_URL": database}
        inbox = {"inbox": True, "notification_file": await some_messages(tmp_path_factory.mktemp("inbox") / "out")}
        board, ratings = ReportingSettings.model_validate(told), FeedbackSettings.model_validate(told | inbox)
        desk = RoutingSettings.model_validate(told | {"demo_staff": True})
        async with (
            await open_pool(database, "reporting") as board_pool,
            await open_pool(database, "feedback") as ratings_pool,
            await open_pool(database, "routing") as desk_pool,
        ):
            projector = Delivery(board_pool, reporting.projector(board, board_pool).repositories, "cluster")
            log = Log()
            for n, past in enumerate((story.CLOSED, story.ROUTED, story.RETURNED, story.SUBMITTED), 1):
                await projector.deliver(log.records(*past, key=UUID(int=n)))
            worker = Delivery(ratings_pool, feedback.worker(ratings, ratings_pool).repositories, "cluster")
            progress = f.DemandProgressed(by="Chen", note="已安排施工队")
            await apply_records(worker, Log().records(*story.ACCEPTED, progress, story.RESOLVED[-1], key=story.ID))
            services = (
                reporting.api(board, board_pool), feedback.api(ratings, ratings_pool), routing.api(desk, desk_pool)
            )  # fmt: skip
            routers = [design(), *(router for api in services for router in api.routers)]
            async with served(uvicorn.Config(web_app("pages", routers), port=free_port(), log_level="warning")) as url:
                yield url


async def some_messages(file: Path) -> Path:
    """What the inbox shows: a message with a link, and hostile words."""
    gateway, link = FileGateway(file), f"{FeedbackSettings.model_fields['public_url'].default}/follow/abc.def"
    await gateway.send(message("submitted", f"您的诉求NH21-000001-W已收到。查看进展：{link}"), TO)
    await gateway.send(message("progressed", f"<script>alert(1)</script> {'x' * 200} https://evil.example/x"), TO)
    return file


def is_fault(words: ConsoleMessage) -> bool:
    """Whether a browser complains of a page; that a page was refused, or that there was no network, is what some tests
    are about."""
    meant = ("the server responded with a status", "net::ERR_INTERNET_DISCONNECTED")
    return words.type == "error" and not any(part in words.text for part in meant)


def is_missing(answer: Response) -> bool:
    """Whether a page asks for a file that is not there."""
    return answer.status >= 400 and answer.request.resource_type in ("stylesheet", "script", "image", "font")


@pytest.fixture(scope="session")
def rating_link() -> str:
    """The path of the link in a citizen's message."""
    return f"/rate/{Tokens(KEYS['secret']).write('rate', {'demand': str(story.ID)})}"


@dataclass(slots=True)
class Tabs:
    """The pages that a test has open, each in a browser of its own, and what is wrong with them."""

    browser: Browser
    test: pytest.Item
    pages: list[Page] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    async def new(self, width: int = DESK, javascript: bool = True) -> Page:
        """An empty page of this width."""
        context = await self.browser.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=javascript
        )
        page = await context.new_page()
        self.pages.append(page)
        page.on("pageerror", lambda fault: self.faults.append(str(fault)))
        page.on("dialog", lambda dialog: self.faults.append(f"a dialog: {dialog.message}"))
        page.on("console", lambda words: self.faults.append(words.text) if is_fault(words) else None)
        page.on("response", lambda answer: self.faults.append(answer.url) if is_missing(answer) else None)
        return page

    async def picture(self, page: Page, name: str) -> None:
        """Keep how a page looks, to be looked at."""
        if PICTURES == "failed" and not self.test.stash.get(FAILED, False):
            return
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"\W+", "-", name).strip("-")[:100]
        await page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    async def close(self) -> None:
        """Keep a picture of each, and close them."""
        for n, page in enumerate(self.pages):
            if "hostile" not in self.test.name:  # too long to be looked at
                await self.picture(page, f"{self.test.name}{f'-{n}' if n else ''}")
            await page.context.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note before the pages are closed that their test failed."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture
async def tabs(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Tabs]:
    """Pages to be opened. A fault in one, or a request that the content policy forbids, fails the test; a screenshot
    of each is in build/screenshots."""
    opened = Tabs(browser, request.node)
    yield opened
    await opened.close()
    assert opened.faults == []


@pytest.fixture
def open_page(tabs: Tabs, site: str) -> OpenPage:
    """Opens a path of the site at a width, with or without JavaScript."""

    async def opened(path: str, width: int = DESK, javascript: bool = True) -> Page:
        page = await tabs.new(width, javascript)
        await page.goto(site + path)
        return page

    return opened


@pytest.fixture
def at_desk(tabs: Tabs, city: City) -> OpenPage:
    """Opens a path of the desk as a demo person who has signed in."""

    async def opened(person: str, path: str = "/desk", width: int = DESK, javascript: bool = True) -> Page:
        page = await tabs.new(width, javascript)
        await page.context.request.post(f"{city.url}/sign-in/demo", form={"person": person}, max_redirects=0)
        await page.goto(city.url + path)
        return page

    return opened
