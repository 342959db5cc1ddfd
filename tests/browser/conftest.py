"""A browser, the pages of a running deployment in little, and a tab that watches for faults."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest
import uvicorn
from playwright.async_api import Browser, ConsoleMessage, Page, Response, async_playwright

from deploy.local.ports import free_port
from services.feedback import app as feedback
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
from tests.chassis.conftest import Log, let_know
from tests.conftest import Server, fresh_database
from tests.eventually import eventually
from tests.keys import KEYS

SCREENSHOTS: Final = Path(__file__).parents[2] / "build" / "screenshots"
PHONE, DESK = 390, 1280
WIDTHS: Final = (PHONE, DESK)
OpenPage = Callable[..., Awaitable[Page]]


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser a run; without one the tests are left out, unless they must not be."""
    async with async_playwright() as playwright:
        found = await launched(playwright)
        if found is None:
            (pytest.fail if is_required() else pytest.skip)(MISSING)
        yield found
        await found.close()


@pytest.fixture(scope="session")
async def site(postgres: Server) -> AsyncIterator[str]:
    """The address of the pages: the board and the link of a message over a few demands, the pages of the desk with
    made-up people, and the design pages."""
    async with fresh_database(postgres) as database:
        told = KEYS | {"DATABASE_URL": database}
        board, ratings = ReportingSettings.model_validate(told), FeedbackSettings.model_validate(told)
        desk = RoutingSettings.model_validate(told | {"demo_staff": True})
        async with (
            await open_pool(database, "reporting") as board_pool,
            await open_pool(database, "feedback") as ratings_pool,
            await open_pool(database, "routing") as desk_pool,
        ):
            projector = Delivery(board_pool, reporting.projector(board, board_pool).repositories, "cluster")
            log = Log()
            for n, past in enumerate((story.CLOSED, story.ROUTED, story.RETURNED, story.SUBMITTED), 1):
                await projector.deliver(log.told(*past, key=UUID(int=n)))
            worker = Delivery(ratings_pool, feedback.worker(ratings, ratings_pool).repositories, "cluster")
            progress = f.DemandProgressed(by="Chen", note="已安排施工队")
            await let_know(worker, Log().told(*story.ACCEPTED, progress, story.RESOLVED[-1], key=story.ID))
            services = (
                reporting.api(board, board_pool), feedback.api(ratings, ratings_pool), routing.api(desk, desk_pool)
            )  # fmt: skip
            routers = [design(), *(router for api in services for router in api.routers)]
            async with served(uvicorn.Config(web_app("pages", routers), port=free_port(), log_level="warning")) as url:
                yield url


@asynccontextmanager
async def served(config: uvicorn.Config) -> AsyncIterator[str]:
    """A web server inside of this process for as long as it is needed."""
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await eventually(started, bool, within=30)
    yield f"http://127.0.0.1:{config.port}"
    server.should_exit = True
    await serving


def is_fault(words: ConsoleMessage) -> bool:
    """Whether a browser complains of a page; that a page was refused is what some tests are about."""
    return words.type == "error" and "the server responded with a status" not in words.text


def is_missing(answer: Response) -> bool:
    """Whether a page asks for a file that is not there."""
    return answer.status >= 400 and answer.request.resource_type in ("stylesheet", "script", "image", "font")


@pytest.fixture(scope="session")
def rating_link() -> str:
    """The path of the link in a citizen's message."""
    return f"/rate/{Tokens(KEYS['secret']).write('rate', {'demand': str(story.ID)})}"


@pytest.fixture
async def open_page(browser: Browser, site: str, request: pytest.FixtureRequest) -> AsyncIterator[OpenPage]:
    """Opens a path at a width, with or without JavaScript. A fault in a page, or a request that the content policy
    forbids, fails the test; a screenshot of every page is in build/screenshots."""
    tabs, faults = [], []

    async def opened(path: str, width: int = DESK, javascript: bool = True) -> Page:
        context = await browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=javascript)
        page = await context.new_page()
        tabs.append(page)
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.on("console", lambda words: faults.append(words.text) if is_fault(words) else None)
        page.on("response", lambda answer: faults.append(answer.url) if is_missing(answer) else None)
        await page.goto(site + path)
        return page

    yield opened
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"\W+", "-", request.node.name).strip("-")[:100]
    for n, page in enumerate(tabs):
        if "hostile" not in name:  # too long to be looked at
            await page.screenshot(path=SCREENSHOTS / f"{name}{f'-{n}' if n else ''}.png", full_page=True)
        await page.context.close()
    assert faults == []
