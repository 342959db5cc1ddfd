"""The rating page works without a script: it shows the demand, takes the rating once, and says when it cannot."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from unittest.mock import patch

import httpx
import pytest
from structlog.testing import capture_logs

from services.feedback import app
from services.feedback.gateways.console import ConsoleGateway
from services.feedback.gateways.recipients import ContactMethod, Recipient
from services.feedback.settings import FeedbackSettings
from shared.chassis.base.tokens import Tokens
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.http.app import web_app
from shared.chassis.work.intents import Intent
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Status
from shared.identity.citizen_links import CitizenLinks, Holder
from tests import story
from tests.chassis.conftest import Log, let_know
from tests.keys import KEYS


@pytest.fixture
async def link(
    request: pytest.FixtureRequest, database: str, pool: Pool
) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """A citizen's browser and the link to rate a demand: a resolved one, unless a test has another past for it."""
    settings = FeedbackSettings.model_validate(KEYS | {"DATABASE_URL": database})
    delivery = Delivery(pool, app.worker(settings, pool).repositories, "cluster")
    await let_know(delivery, Log().told(*getattr(request, "param", story.RESOLVED), key=story.ID))
    token = Tokens(settings.secret).write("rate", {"demand": str(story.ID)})
    transport = httpx.ASGITransport(web_app("feedback", app.api(settings, pool).routers))
    async with httpx.AsyncClient(transport=transport, base_url="http://feedback", follow_redirects=True) as found:
        yield found, f"/rate/{token}"


async def test_the_link_shows_the_demand_and_five_grades(link: tuple[httpx.AsyncClient, str]):
    browser, path = link
    answer = await browser.get(path)
    page = answer.text
    assert "no-store" in answer.headers["cache-control"]
    assert "路面破损" in page
    assert page.count('type="radio" name="rating"') == 5


async def test_who_looks_at_the_page_waits_for_nobody(link: tuple[httpx.AsyncClient, str], pool: Pool):
    browser, path = link
    async with pool.acquire() as db, db.transaction():
        await db.execute("SELECT FROM demand FOR UPDATE")
        assert (await asyncio.wait_for(browser.get(path), 30)).status_code == 200


async def test_a_rating_by_form_is_thanked_for_and_not_taken_twice(link: tuple[httpx.AsyncClient, str], pool: Pool):
    browser, path = link
    form = {"rating": "5", "solved": "yes", "comment": "<b>谢谢</b>"}
    first = await browser.post(path, data=form)
    assert first.status_code == 201, first.text
    again = await browser.post(path, data=form)
    assert (again.status_code, again.text) == (201, first.text), "a page that is loaded again"
    other = await browser.post(path, data=form | {"rating": "1"})
    assert (other.status_code, "您已评价过（5分），评价不能更改" in other.text) == (409, True)
    async with pool.acquire() as db:
        told = await db.fetchval("SELECT count(*) FROM journal WHERE type = 'demand.confirmed.v1'")
    assert told == 1


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"rating": "6", "solved": "yes"},
        {"rating": "x", "solved": "maybe"},
        {"rating": "5", "solved": "yes", "comment": "x" * 5000},
    ],
)
async def test_a_form_that_is_not_filled_in_is_explained(link: tuple[httpx.AsyncClient, str], form: dict[str, str]):
    browser, path = link
    answer = await browser.post(path, data=form)
    assert answer.status_code in (400, 422)
    assert "text/html" in answer.headers["content-type"]


async def test_the_link_of_a_refusal_lets_the_citizen_disagree(database: str, pool: Pool):
    settings = FeedbackSettings.model_validate(KEYS | {"DATABASE_URL": database})
    delivery = Delivery(pool, app.worker(settings, pool).repositories, "cluster")
    await delivery.deliver(Log().told(*story.ROUTED, f.DemandDeclined(reason="x"), key=story.ID))
    path = f"/rate/{Tokens(settings.secret).write('rate', {'demand': str(story.ID)})}"
    transport = httpx.ASGITransport(web_app("feedback", app.api(settings, pool).routers))
    async with httpx.AsyncClient(transport=transport, base_url="http://feedback") as browser:
        page = (await browser.get(path)).text
        assert ("异议" in page, 'name="solved" value="true"' in page) == (True, False)
        answer = await browser.post(path, data={"rating": "1", "solved": "false"})
    assert (answer.status_code, "已重新办理" in answer.text) == (201, True)


async def test_a_broken_link_is_a_page_that_says_so(link: tuple[httpx.AsyncClient, str]):
    browser, path = link
    answer = await browser.get(f"{path}x")
    assert (answer.status_code, "text/html" in answer.headers["content-type"]) == (401, True)
    assert "请使用短信中的完整链接" in answer.text


@pytest.mark.parametrize(
    ("link", "said"),
    [
        (story.ACCEPTED, "We will tell you when there is an answer"),
        ((*story.RESOLVED, f.DemandClosed(outcome=f.Outcome.UNRATED)), "can no longer be rated"),
        (story.CONFIRMED, "has been received"),
    ],
    indirect=["link"],
)
async def test_a_link_that_comes_too_early_or_too_late_says_why(link: tuple[httpx.AsyncClient, str], said: str):
    browser, path = link
    page = (await browser.get(path)).text
    assert said in page
    assert 'name="rating"' not in page


def follow(path: str) -> str:
    return path.replace("/rate/", "/follow/")


WITH_WORDS = (
    *story.ACCEPTED,
    f.DemandProgressed(by="Chen", note="已安排施工队"),
    f.DemandResolved(by="Chen", result="路面已修复，请放心通行", summary="道路已修复"),
)


@pytest.mark.parametrize("link", [WITH_WORDS], indirect=True)
async def test_every_link_opens_the_answer_what_happened_and_the_form(link: tuple[httpx.AsyncClient, str]):
    browser, path = link
    shown = ("NH21-458268-0", "路面破损", "路面已修复，请放心通行", "已安排施工队", 'name="rating"', "2021-05-25")
    for each in (path, follow(path)):
        page = (await browser.get(each)).text
        assert [words for words in shown if words not in page] == []
        assert "<script" not in page


@pytest.mark.parametrize(
    "link",
    [(*story.ROUTED, f.DemandDeclined(reason="不属本区", instead="请联系<顺德>", legal_basis="《条例》第五条"))],
    indirect=True,
)
async def test_a_refusal_shows_its_reason_its_basis_and_where_to_go(link: tuple[httpx.AsyncClient, str]):
    browser, path = link
    page = (await browser.get(path)).text
    for words in ("不属本区", "请联系&lt;顺德&gt;", "《条例》第五条", "申请重新办理"):
        assert words in page
    told = (await browser.get(path.replace("/rate/", "/v1/ratings/"))).json()
    assert (told["reason"], told["instead"], told["may_rate"]) == ("不属本区", "请联系<顺德>", True)


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.NONE])
async def test_where_it_stands_is_said_at_every_status(link: tuple[httpx.AsyncClient, str], pool: Pool, status: Status):
    browser, path = link
    async with pool.acquire() as db:
        await db.execute("UPDATE demand SET state = state || jsonb_build_object('status', $1::text)", status.value)
    answer = await browser.get(follow(path))
    assert answer.status_code == 200
    assert not re.search(r"\{unit\}|派单|签收|研判|挂账|None", answer.text)


@pytest.mark.parametrize("link", [WITH_WORDS], indirect=True)
async def test_a_supporter_reads_what_was_released_and_rates_nothing(link: tuple[httpx.AsyncClient, str]):
    browser, _ = link
    path = f"/follow/{look()}"
    page = (await browser.get(path)).text
    assert ("道路已修复" in page, "请放心通行" in page, 'name="rating"' in page) == (True, False, False)
    refused = await browser.post(path.replace("follow", "rate"), data={"rating": "5", "solved": "true"})
    assert (refused.status_code, "仅诉求提出人可以评价" in refused.text) == (403, True)


@pytest.mark.parametrize(
    "link",
    [(story.SUBMISSION.model_copy(update={"kind": f.RequestKind.REPORT}), *WITH_WORDS[1:])],
    indirect=True,
)
async def test_a_report_shows_its_words_to_whoever_raised_it_alone(link: tuple[httpx.AsyncClient, str]):
    browser, path = link
    assert "路面已修复" in (await browser.get(path)).text
    shown = (await browser.get(f"/follow/{look()}")).text + (await browser.get(f"/v1/ratings/{look()}")).text
    assert not re.search("路面|道路|施工队", shown)


def look() -> str:
    """The token of a supporter's link."""
    return CitizenLinks.at("", KEYS["secret"]).follow(story.ID, Holder.SUPPORTER).rpartition("/")[2]


async def test_the_link_of_the_first_message_still_works_a_year_later(link: tuple[httpx.AsyncClient, str]):
    browser, path = link
    token = path.removeprefix("/rate/")
    year_later = int(time.time()) + 370 * 24 * 3600
    with patch("itsdangerous.timed.TimestampSigner.get_timestamp", lambda signer: year_later):
        assert (await browser.get(f"/follow/{token}")).status_code == 200


async def test_no_log_holds_a_link_with_which_anybody_could_rate(database: str):
    settings = FeedbackSettings.model_validate(KEYS | {"DATABASE_URL": database})
    token = Tokens(settings.secret).write("rate", {"demand": str(story.ID)})
    away = await open_pool("postgresql://nobody:x@127.0.0.1:9/none", "feedback")
    broken = web_app("feedback", app.api(settings, away).routers)
    transport = httpx.ASGITransport(broken, raise_app_exceptions=False)
    body = {"template": "resolved", "text": f"请评价：http://x/rate/{token}。谢谢"}
    intent = Intent(story.ID, "message", story.ID, story.ID, "x", body)
    with capture_logs() as logs:
        async with httpx.AsyncClient(transport=transport, base_url="http://feedback") as browser:
            assert (await browser.get(f"/rate/{token}")).status_code == 503
        await ConsoleGateway().send(intent, Recipient(ContactMethod.PHONE, "13800138000"))
    assert token not in str(logs)
    assert [one.get("route") for one in logs] == ["/rate/{token}", None]
    assert logs[1]["body"] == "请评价：［链接］。谢谢"
