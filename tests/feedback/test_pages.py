"""The rating page works without JavaScript: it shows the answer, accepts one rating, keeps the choices, and says
what became of the demand if the link was used already."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

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
from shared.identity.citizen_links import CitizenLinks, LinkHolder
from shared.identity.sessions import csrf_token
from tests import story
from tests.chassis.conftest import Log, apply_records
from tests.keys import KEYS
from tests.packs import nanhai

LINKS = CitizenLinks.at("", KEYS["secret"])
WITH_WORDS = (
    *story.ACCEPTED,
    f.DemandProgressed(by="Chen", note="已安排施工队"),
    f.DemandResolved(by="Chen", result="路面已修复，请放心通行", summary="道路已修复"),
)
ANSWERED_AGAIN = (
    *WITH_WORDS,
    f.DemandReopened(reason="水还在漏", rating=2),
    f.DemandRouted(unit="roads", rule="reopened"),
    f.DemandAccepted(by="Chen"),
    f.DemandResolved(by="Chen", result="重新铺设完成"),
)
REPORT = (story.SUBMISSION.model_copy(update={"kind": f.RequestKind.REPORT}), *WITH_WORDS[1:])


class Browser:
    """A citizen's browser and the link to rate a demand."""

    def __init__(self, client: httpx.AsyncClient, path: str) -> None:
        self.client, self.path = client, path

    async def see(self, path: str = "", **parameters: str) -> httpx.Response:
        return await self.client.get(path or self.path, params=parameters)

    async def rate(self, path: str = "", **form: str) -> httpx.Response:
        """Send the form with its hidden fields, even if the page does not show it any more."""
        page = (await self.see(path)).text
        hidden = dict(re.findall(r'<input type="hidden" name="(csrf|seen)" value="([^"]*)">', page))
        return await self.client.post(path or self.path, data={"csrf": await self._csrf()} | hidden | form)

    async def _csrf(self) -> str:
        """The CSRF token of this visitor, even if the page shows no form."""
        return csrf_token(self.client.cookies["huying-visitor"])


@pytest.fixture
async def link(request: pytest.FixtureRequest, database: str, pool: Pool) -> AsyncIterator[Browser]:
    """A browser with the link of a resolved demand, or of the history that the test gives."""
    settings = FeedbackSettings.model_validate(KEYS | {"DATABASE_URL": database})
    delivery = Delivery(pool, app.worker(settings, pool).repositories, "cluster")
    await apply_records(delivery, Log().records(*getattr(request, "param", story.RESOLVED), key=story.ID))
    token = Tokens(settings.secret).write("rate", {"demand": str(story.ID)})
    transport = httpx.ASGITransport(web_app("feedback", app.api(settings, pool).routers))
    async with httpx.AsyncClient(transport=transport, base_url="http://feedback") as client:
        yield Browser(client, f"/rate/{token}")


async def recorded(pool: Pool, kind: str) -> int:
    async with pool.acquire() as db:
        return int(await db.fetchval("SELECT count(*) FROM journal WHERE type = $1", f"demand.{kind}.v1"))


def is_chosen(page: str, name: str, value: str) -> bool:
    return re.search(rf'name="{name}" value="{value}" checked', page) is not None


@pytest.mark.parametrize("link", [WITH_WORDS], indirect=True)
async def test_the_link_shows_the_answer_that_is_judged_and_five_levels_in_both_languages(link: Browser):
    zh, en = await link.see(), await link.see(lang="en")
    assert "no-store" in zh.headers["cache-control"]
    for words in ("NH21-458268-0", "路面破损", "路面已修复，请放心通行", "请评价办理结果", "5月25日前提交"):
        assert words in zh.text
    assert "Rate the answer" in en.text
    for page in (zh.text, en.text):
        assert page.count('type="radio" name="rating"') == 5
        assert "<script" not in page


async def test_viewing_the_page_takes_no_lock(link: Browser, pool: Pool):
    async with pool.acquire() as db, db.transaction():
        await db.execute("SELECT FROM demand FOR UPDATE")
        assert (await asyncio.wait_for(link.see(), 60)).status_code == 200


async def test_a_rating_leads_to_the_page_of_the_demand_and_is_not_accepted_twice(link: Browser, pool: Pool):
    form = {"rating": "5", "solved": "true", "comment": "<b>谢谢</b>"}
    for _ in range(2):
        sent = await link.rate(**form)
        assert (sent.status_code, sent.headers["location"]) == (
            303,
            f"{link.path.replace('rate', 'follow')}?done=rated",
        )
    response = await link.rate(**form | {"rating": "1"})
    assert (response.status_code, "您已评价过（5分），评价不能更改" in response.text) == (409, True)
    assert "&lt;b&gt;谢谢&lt;/b&gt;" in response.text, "what was written can be copied"
    assert await recorded(pool, "confirmed") == 1


async def test_tags_of_the_pack_are_recorded_and_kept_in_the_form_and_unknown_ones_refused(link: Browser, pool: Pool):
    seen = (await link.see()).text
    assert seen.count('type="checkbox" name="tags"') == len(nanhai().callback.tags) > 0
    response = await link.rate(rating="4", tags="prompt")
    assert is_chosen(response.text, "tags", "prompt")
    unknown = await link.rate(rating="4", solved="true", tags="nice")
    assert (unknown.status_code, "没有标签“nice”；可选：prompt（办理及时）" in unknown.text) == (422, True)
    assert (await link.rate(rating="4", solved="true", tags="prompt")).status_code == 303
    payload = await pool.fetchval("SELECT payload FROM journal WHERE type = 'demand.confirmed.v1'")
    assert f.DemandConfirmed.model_validate_json(payload).tags == ("prompt",)


async def test_a_bad_rating_says_that_it_is_handled_again(link: Browser, pool: Pool):
    response = await link.rate(f"{link.path}?lang=en", rating="1", solved="false", comment="水还在漏")
    assert response.headers["location"] == f"{link.path.replace('rate', 'follow')}?done=reopened&lang=en"
    assert await recorded(pool, "reopened") == 1


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        ({}, {"rating", "solved"}),
        ({"rating": "2"}, {"solved"}),
        ({"solved": "false", "comment": "水还在漏"}, {"rating"}),
        ({"rating": "6", "solved": "true"}, {"rating"}),
        ({"rating": "x", "solved": "maybe", "comment": "水还在漏"}, {"rating", "solved"}),
        ({"rating": "2", "solved": "false", "comment": "漏" * 2001}, {"comment"}),
    ],
)
async def test_a_form_that_is_incomplete_says_what_is_missing_and_keeps_what_was_chosen(
    link: Browser, pool: Pool, form: dict[str, str], wrong: set[str]
):
    answer = await link.rate(**form)
    assert answer.status_code == 422
    assert {name for name in ("rating", "solved", "comment") if f'id="{name}-error"' in answer.text} == wrong
    assert form.get("comment", "") in answer.text
    for name in {"rating", "solved"} & (form.keys() - wrong):
        assert is_chosen(answer.text, name, form[name]), name
    assert await recorded(pool, "confirmed") + await recorded(pool, "reopened") == 0


@pytest.mark.parametrize("link", [ANSWERED_AGAIN], indirect=True)
async def test_the_input_of_a_form_on_an_outdated_answer_is_kept(link: Browser, pool: Pool):
    await link.see()
    answer = await link.rate(seen="6", rating="2", solved="false", comment="水还在漏")
    assert (answer.status_code, "已有新的答复" in answer.text, "重新铺设完成" in answer.text) == (409, True, True)
    assert (is_chosen(answer.text, "rating", "2"), is_chosen(answer.text, "solved", "false")) == (True, True)
    assert "水还在漏" in answer.text
    assert await recorded(pool, "reopened") == 0


@pytest.mark.parametrize("link", [ANSWERED_AGAIN], indirect=True)
async def test_the_link_of_an_earlier_answer_rates_no_later_one(link: Browser, pool: Pool):
    first, last = (f"/rate/{LINKS.token(story.ID, answer=version)}" for version in (5, 9))
    page = (await link.see(first)).text
    assert ("诉求又有了新的答复" in page, 'name="rating"' in page) == (True, False)
    assert f'href="{first.replace("rate", "follow")}"' in page
    answer = await link.rate(first, rating="5", solved="true")
    assert (answer.status_code, await recorded(pool, "confirmed")) == (409, 0)
    assert 'name="rating"' in (await link.see(last)).text
    assert (await link.rate(last, rating="5", solved="true")).status_code == 303


@pytest.mark.parametrize(
    "link",
    [(*story.ROUTED, f.DemandDeclined(reason="不属本区", instead="请联系<顺德>", legal_basis="《条例》第五条"))],
    indirect=True,
)
async def test_the_link_of_a_refusal_shows_its_reason_and_lets_the_citizen_disagree(link: Browser):
    page = (await link.see()).text
    for words in ("不属本区", "请联系&lt;顺德&gt;", "《条例》第五条", "申请重新办理", "异议"):
        assert words in page
    assert 'name="solved" value="true"' not in page
    rating = (await link.see(link.path.replace("/rate/", "/v1/ratings/"))).json()
    assert (rating["reason"], rating["instead"], rating["may_rate"]) == ("不属本区", "请联系<顺德>", True)
    response = await link.rate(rating="1", solved="false")
    assert response.headers["location"].endswith("?done=reopened")


@pytest.mark.parametrize(
    ("link", "words"),
    [
        (story.ACCEPTED, "正在办理，答复后再请您评价"),
        ((*story.RESOLVED, f.DemandClosed(outcome=f.Outcome.UNRATED)), "评价期已过"),
        (story.CONFIRMED, "您已评价过"),
        ((*story.RESOLVED, f.DemandReopened(reason="x")), "您已要求重新办理"),
        ((*story.ACCEPTED, f.DemandWithdrawn()), "已按您的要求撤回"),
        ((*story.ROUTED, f.DemandDeclined(reason="x"), f.DemandClosed(outcome=f.Outcome.DECLINED)), "不能再评价"),
    ],
    indirect=["link"],
)
async def test_a_link_used_too_early_or_too_late_shows_the_state_of_the_demand(link: Browser, words: str):
    page = (await link.see()).text
    assert (words in page, 'name="rating"' in page) == (True, False)
    assert f'href="{link.path.replace("rate", "follow")}"' in page
    answer = await link.rate(rating="", solved="")
    assert (answer.status_code, 'id="rating-error"' in answer.text) == (422, False)


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.NONE])
async def test_a_link_has_a_page_at_every_status(link: Browser, pool: Pool, status: Status):
    async with pool.acquire() as db:
        await db.execute("UPDATE demand SET state = state || jsonb_build_object('status', $1::text)", status.value)
    answer = await link.see()
    assert answer.status_code == 200
    assert not re.search(r"派单|签收|研判|挂账|None", answer.text)


async def test_a_form_from_another_site_rates_nothing(link: Browser, pool: Pool):
    await link.see()
    answer = await link.client.post(link.path, data={"rating": "5", "solved": "true"})
    assert (answer.status_code, "请重新打开页面" in answer.text, await recorded(pool, "confirmed")) == (403, True, 0)


async def test_a_broken_link_is_a_page_that_says_so(link: Browser):
    answer = await link.see(f"{link.path}x")
    assert (answer.status_code, "text/html" in answer.headers["content-type"]) == (403, True)
    assert "请使用短信中的完整链接" in answer.text
    response = await link.client.post(f"{link.path}x", data={"rating": "5", "solved": "true"})
    assert (response.status_code, "请使用短信中的完整链接" in response.text) == (403, True)


@pytest.mark.parametrize("link", [WITH_WORDS], indirect=True)
async def test_a_supporter_sees_the_released_answer_and_cannot_rate(link: Browser):
    token = LINKS.token(story.ID, LinkHolder.SUPPORTER)
    page = (await link.see(f"/rate/{token}")).text
    assert ("由最先提出的人评价" in page, "请放心通行" in page, 'name="rating"' in page) == (True, False, False)
    rating = (await link.see(f"/v1/ratings/{token}")).json()
    assert (rating["summary"], rating["result"]) == ("道路已修复", "")
    refused = await link.rate(f"/rate/{token}", rating="5", solved="true")
    assert (refused.status_code, "仅诉求提出人可以评价" in refused.text) == (403, True)


@pytest.mark.parametrize("link", [REPORT], indirect=True)
async def test_a_confidential_report_shows_its_text_only_to_the_person_who_raised_it(link: Browser):
    assert "路面已修复" in (await link.see()).text
    token = LINKS.token(story.ID, LinkHolder.SUPPORTER)
    shown = (await link.see(f"/rate/{token}")).text + (await link.see(f"/v1/ratings/{token}")).text
    assert not re.search("路面|道路|施工队", shown)


async def test_no_log_contains_a_rating_link(database: str):
    settings = FeedbackSettings.model_validate(KEYS | {"DATABASE_URL": database})
    token = Tokens(settings.secret).write("rate", {"demand": str(story.ID)})
    unreachable_pool = await open_pool("postgresql://nobody:x@127.0.0.1:9/none", "feedback")
    broken = web_app("feedback", app.api(settings, unreachable_pool).routers)
    transport = httpx.ASGITransport(broken, raise_app_exceptions=False)
    body: dict[str, Any] = {"template": "resolved", "text": f"请评价：http://x/rate/{token}。谢谢"}
    intent = Intent(story.ID, "message", story.ID, story.ID, "x", body)
    with capture_logs() as logs:
        async with httpx.AsyncClient(transport=transport, base_url="http://feedback") as browser:
            refused = await browser.get(f"/rate/{token}")
        await ConsoleGateway().send(intent, Recipient(ContactMethod.PHONE, "13800138000"))
    assert (refused.status_code, "请过一分钟再试" in refused.text) == (503, True)
    assert token not in str(logs)
    assert [log.get("route") for log in logs] == ["/rate/{token}", None]
    assert logs[1]["body"] == "请评价：［链接］。谢谢"
