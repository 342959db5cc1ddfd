"""Staff sign in to the pages with a real issuer, stay signed in for a while, and sign out."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from fastapi import APIRouter, Depends, Form

from services.routing import app as routing
from services.routing.settings import RoutingSettings
from services.routing.web import sign_in_pages
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.http.app import web_app
from shared.chassis.work.retention import Retention
from shared.identity import revocations
from shared.identity.gate import Gate, SignedIn, own_path
from shared.identity.oidc.code_flow import CodeFlow
from shared.identity.oidc.keys import IssuerKeys
from shared.identity.person import Person
from shared.identity.sessions import EXPIRED, StaffSessions
from tests.identity.conftest import Issuer
from tests.keys import KEYS
from tests.packs import shipped

HOST = "https://huying.test"
CHEN: dict[str, Any] = {"name": "陈晓岚", "unit": "nh-tax", "roles": ["clerk"]}
SECRET = "of the client at the issuer"


def desk(gate: Gate) -> APIRouter:
    """A page with a form that shows who is signed in; it replaces the desk of the product."""
    router = APIRouter(include_in_schema=False)
    By = Annotated[SignedIn, Depends(gate.signed_in)]  # noqa: N806 (a type)

    @router.get("/desk/{page:path}")
    @router.get("/desk")
    async def look(by: By, of: str = "", page: str = "") -> dict[str, Any]:
        person = by.person
        told = {"name": person.name, "unit": person.unit, "roles": sorted(person.roles), "subject": person.subject}
        return told | {"csrf": by.csrf}

    @router.post("/desk")
    async def act(by: By, note: Annotated[str, Form()] = "") -> dict[str, str]:
        return {"note": note}

    return router


@dataclass(slots=True)
class SignInHarness:
    """The pages over https, with a clock that the test moves, a browser, and the issuer."""

    pool: Pool
    settings: RoutingSettings
    issuer: Issuer
    stack: AsyncExitStack
    ahead: timedelta = timedelta()

    def clock(self) -> datetime:
        return now() + self.ahead

    async def browser(self, pool: Pool | None = None) -> httpx.AsyncClient:
        """A new browser; with another pool it uses another process of the deployment."""
        sessions = StaffSessions(pool or self.pool, timedelta(minutes=30), timedelta(hours=8), self.clock)
        gate = Gate.of(self.settings, sessions)
        flow = CodeFlow.of(self.settings, IssuerKeys(self.issuer.url), shipped())
        web = web_app("routing", [*sign_in_pages.routes(gate, flow, ()), desk(gate)])
        client = httpx.AsyncClient(
            base_url=HOST, mounts={HOST: httpx.ASGITransport(web)}, follow_redirects=True, trust_env=False
        )
        return await self.stack.enter_async_context(client)

    async def signed_in(self, **claims: Any) -> httpx.AsyncClient:
        """A browser with a signed-in person."""
        await self.issuer.ask("tell", claims=CHEN | claims)
        browser = await self.browser()
        assert (await browser.get("/sign-in/issuer")).status_code == 200
        return browser

    async def rows(self) -> int:
        async with self.pool.acquire() as db:
            return int(await db.fetchval("SELECT count(*) FROM staff_session"))


@pytest.fixture
async def harness(database: str, issuer: Issuer) -> AsyncIterator[SignInHarness]:
    given = KEYS | {
        "DATABASE_URL": database, "public_url": HOST, "oidc_issuer": issuer.url, "oidc_client_id": "pages",
        "oidc_client_secret": SECRET,
    }  # fmt: skip
    settings = RoutingSettings.model_validate(given)
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(await open_pool(database, "routing"))
        yield SignInHarness(pool, settings, issuer, stack)


async def test_opening_a_page_leads_to_the_issuer_and_back_to_that_page(harness: SignInHarness):
    await harness.issuer.ask("tell", claims=CHEN | {"roles": ["head", "uma_authorization"]})
    browser = await harness.browser()
    response = await browser.get("/desk/cases/NH21-000001-W?of=mine")
    assert response.url.path == "/sign-in"
    (link,) = re.findall(r'href="(/sign-in/issuer[^"]*)"', response.text)
    landed = await browser.get(link.replace("&amp;", "&"))
    assert str(landed.url) == f"{HOST}/desk/cases/NH21-000001-W?of=mine"
    body = landed.json()
    assert (body["name"], body["unit"], body["roles"]) == ("陈晓岚", "nh-tax", ["head"])
    assert landed.headers["Cache-Control"] == "private, no-store"
    at_issuer = next(answer.request.url for answer in landed.history if answer.request.url.host == "localhost")
    asked_for = parse_qs(at_issuer.query.decode())
    assert asked_for["code_challenge_method"] == ["S256"]
    assert {"state", "nonce", "code_challenge"} <= set(asked_for)


async def test_a_session_tells_two_people_of_one_name_apart_by_the_issuers_own_id(harness: SignInHarness):
    subjects = set()
    for id in ("issuer-7", "issuer-8"):
        browser = await harness.signed_in(sub=id)
        subjects.add((await browser.get("/desk")).json()["subject"])
    assert subjects == {"issuer-7", "issuer-8"}


async def test_the_cookie_is_hidden_from_scripts_and_the_database_has_only_its_hash(harness: SignInHarness):
    await harness.issuer.ask("tell", claims=CHEN)
    browser = await harness.browser()
    response = await browser.get("/sign-in/issuer")
    cookies = [line for answer in response.history for line in answer.headers.get_list("set-cookie")]
    (kept,) = [line for line in cookies if line.startswith("__Host-huying=")]
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= set(kept.split("; "))
    assert "domain" not in kept.lower()
    assert "expires" not in kept.lower(), "it goes when the browser is closed"
    secret = browser.cookies["__Host-huying"]
    async with harness.pool.acquire() as db:
        assert secret not in str(dict(await db.fetchrow("SELECT * FROM staff_session") or {}))
    assert "__Host-huying-attempt" not in browser.cookies, "the attempt is over"


async def test_over_http_the_cookie_has_a_name_that_browsers_accept(harness: SignInHarness):
    harness.settings = harness.settings.model_copy(update={"public_url": "http://127.0.0.1:8080"})
    gate = Gate.of(harness.settings, StaffSessions.of(harness.settings, harness.pool))
    assert (gate.secure, gate._name("huying")) == (False, "huying")


async def begun(harness: SignInHarness) -> tuple[httpx.AsyncClient, httpx.URL]:
    """A browser redirected back from the issuer, with the address of that redirect."""
    browser = await harness.browser()
    browser.follow_redirects = False
    leaving = await browser.get("/sign-in/issuer?next=/desk")
    back = await browser.get(leaving.headers["Location"])
    return browser, httpx.URL(back.headers["Location"])


@pytest.mark.parametrize(
    "changed",
    [{"state": "another"}, {"state": ""}, {"code": ""}, {"code": "made-up"}, {"iss": "https://another.example"}],
    ids=str,
)
async def test_a_response_with_a_wrong_state_is_refused(harness: SignInHarness, changed: dict[str, str]):
    await harness.issuer.ask("tell", claims=CHEN)
    browser, back = await begun(harness)
    refused = await browser.get(back.copy_merge_params(changed))
    assert (refused.status_code, "/sign-in" in refused.text, await harness.rows()) == (401, True, 0)
    assert "__Host-huying" not in browser.cookies


async def test_another_browser_cannot_use_the_response(harness: SignInHarness):
    await harness.issuer.ask("tell", claims=CHEN)
    _, back = await begun(harness)
    refused = await (await harness.browser()).get(back)
    assert (refused.status_code, await harness.rows()) == (401, 0)


async def test_a_response_can_be_used_only_once(harness: SignInHarness):
    await harness.issuer.ask("tell", claims=CHEN)
    browser, back = await begun(harness)
    assert (await browser.get(back)).status_code == 303
    assert (await browser.get(back)).status_code == 401


async def test_additional_parameters_of_an_issuer_are_accepted_and_its_error_is_shown(harness: SignInHarness):
    await harness.issuer.ask("tell", claims=CHEN)
    browser, back = await begun(harness)
    assert (await browser.get(back.copy_merge_params({"session_state": "x"}))).status_code == 303
    browser, back = await begun(harness)
    query = f"state={back.params['state']}&error=access_denied"
    assert (await browser.get(f"/sign-in/callback?{query}")).status_code == 401


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"nonce": "another"}, 401),
        ({"nonce": None}, 401),
        ({"aud": "another-client"}, 401),
        ({"iss": "https://another.example"}, 401),
        ({"exp": 1_600_000_000}, 401),
        ({"unit": "no-such-unit"}, 403),
        ({"roles": ["observer"]}, 403),
    ],
    ids=str,
)
async def test_an_id_token_with_another_issuer_or_audience_is_refused(
    harness: SignInHarness, changed: dict[str, Any], status: int
):
    await harness.issuer.ask("tell", claims=CHEN, idToken=changed)
    browser, back = await begun(harness)
    refused = await browser.get(back)
    assert (refused.status_code, await harness.rows()) == (status, 0)
    assert "<h1>" in refused.text


async def test_a_unit_that_is_only_in_the_userinfo_is_found(harness: SignInHarness):
    await harness.issuer.ask("tell", claims={"name": "陈", "roles": ["clerk"]}, userinfo={"unit": "nh-police"})
    browser = await harness.browser()
    assert (await browser.get("/sign-in/issuer")).json()["unit"] == "nh-police"
    await harness.issuer.ask("tell", claims={"name": "陈", "roles": ["clerk"]}, userinfo={"unit": "nh-tax", "sub": "x"})
    assert (await (await harness.browser()).get("/sign-in/issuer")).status_code == 403, "of another person"


async def test_a_session_is_known_to_every_process_and_ends_for_all(harness: SignInHarness, database: str):
    browser = await harness.signed_in()
    other = await harness.browser(await harness.stack.enter_async_context(await open_pool(database, "routing")))
    other.cookies = browser.cookies
    csrf = (await other.get("/desk")).json()["csrf"]
    assert (await browser.get("/desk")).json()["csrf"] == csrf
    await browser.post("/sign-out", data={"csrf": csrf})
    assert (await other.get("/desk")).url.path == "/sign-in"


async def test_signing_out_ends_the_session_here_and_at_the_issuer(harness: SignInHarness):
    browser = await harness.signed_in()
    answer = await browser.get("/sign-out")
    (csrf,) = re.findall(r'name="csrf" value="([0-9a-f]+)"', answer.text)
    secret = browser.cookies["__Host-huying"]
    gone = await browser.post("/sign-out", data={"csrf": csrf})
    assert (gone.status_code, await harness.rows(), "__Host-huying" in browser.cookies) == (200, 0, False)
    address = gone.headers["Refresh"].partition("url=")[2]
    assert address.startswith(f"{harness.issuer.url}/endsession?")
    asked_for = parse_qs(urlsplit(address).query)
    assert len(asked_for["id_token_hint"][0].split(".")) == 3
    assert asked_for["post_logout_redirect_uri"] == [f"{HOST}/sign-in"]
    assert (await browser.get(address)).url.path == "/sign-in"
    browser.cookies.set("__Host-huying", secret)
    assert (await browser.get("/desk")).url.path == "/sign-in"


async def test_signing_in_again_gives_a_new_session_and_ends_the_previous_one(harness: SignInHarness):
    browser = await harness.signed_in()
    before = browser.cookies["__Host-huying"]
    await browser.get("/sign-in/issuer")
    assert browser.cookies["__Host-huying"] != before
    assert await harness.rows() == 1


async def test_a_cookie_set_by_somebody_else_is_no_session_after_signing_in(harness: SignInHarness):
    await harness.issuer.ask("tell", claims=CHEN)
    browser = await harness.browser()
    browser.cookies.set("__Host-huying", "chosen by somebody else", domain="huying.test")
    await browser.get("/sign-in/issuer")
    stranger = await harness.browser()
    stranger.cookies.set("__Host-huying", "chosen by somebody else")
    assert (await stranger.get("/desk")).url.path == "/sign-in"


async def test_a_session_ends_when_unused_and_is_extended_by_use(harness: SignInHarness):
    browser = await harness.signed_in()
    for _ in range(3):
        harness.ahead += timedelta(minutes=29)
        assert (await browser.get("/desk")).url.path == "/desk"
    harness.ahead += timedelta(minutes=31)
    assert (await browser.get("/desk")).url.path == "/sign-in"


async def test_a_session_ends_after_a_day_of_work_however_much_it_is_used(harness: SignInHarness):
    browser = await harness.signed_in()
    for _ in range(19):
        harness.ahead += timedelta(minutes=25)
        assert (await browser.get("/desk")).url.path == "/desk"
    harness.ahead += timedelta(minutes=10)
    assert (await browser.get("/desk")).url.path == "/sign-in"


async def test_sessions_that_are_over_are_pruned_and_others_stay(harness: SignInHarness):
    await harness.signed_in()
    harness.ahead += timedelta(minutes=80)
    await harness.signed_in()
    assert await Retention(harness.pool, (EXPIRED,), harness.clock).prune() == 0
    harness.ahead += timedelta(minutes=15)
    assert await Retention(harness.pool, (EXPIRED,), harness.clock).prune() == 1
    assert await harness.rows() == 1


async def test_a_person_whose_tokens_are_revoked_is_signed_out(harness: SignInHarness):
    browser = await harness.signed_in()
    async with harness.pool.acquire() as db:
        await revocations.revoke_bearers(db, "nh-tax", "陈晓岚", now() + timedelta(seconds=1))
    assert (await browser.get("/desk")).url.path == "/sign-in"


async def test_a_form_without_the_token_of_its_session_changes_nothing(harness: SignInHarness):
    browser = await harness.signed_in()
    csrf = (await browser.get("/desk")).json()["csrf"]
    other = (await (await harness.signed_in(name="王")).get("/desk")).json()["csrf"]
    assert csrf != other
    for sent in ({}, {"csrf": ""}, {"csrf": other}, {"csrf": f"{csrf}0"}, {"csrf": "验"}):
        refused = await browser.post("/desk", data={"note": "x"} | sent)
        assert (refused.status_code, "CSRF" in refused.text) == (403, True)
    assert (await browser.post("/sign-out")).status_code == 403
    assert (await browser.get("/desk")).url.path == "/desk", "still signed in"
    for headers, sent in (({}, {"csrf": csrf}), ({"X-CSRF-Token": csrf}, {})):
        taken = await browser.post("/desk", data={"note": "x"} | sent, headers=headers)
        assert (taken.status_code, taken.json()) == (200, {"note": "x"})
    many = {"note": (None, "x"), "csrf": (None, csrf)}
    assert (await browser.post("/desk", files=many)).json() == {"note": "x"}
    assert (await browser.post("/desk", json={"csrf": csrf})).status_code == 403, "no form: the header is needed"


async def test_a_form_without_a_session_leads_to_the_sign_in(harness: SignInHarness):
    browser = await harness.browser()
    browser.follow_redirects = False
    led = await browser.post("/desk", data={"note": "x"})
    assert (led.status_code, led.headers["Location"]) == (303, "/sign-in?next=%2Fdesk")
    by_htmx = await browser.get("/desk", headers={"HX-Request": "true"})
    assert (by_htmx.status_code, by_htmx.headers["HX-Redirect"]) == (401, "/sign-in?next=%2Fdesk")


ELSEWHERE = (
    "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/desk\\..\\\\evil.example",
    "javascript:alert(1)", "/\t/evil.example", "/desk\r\nSet-Cookie: a=b", "desk", "", " /desk", "/" + "x" * 2000,
)  # fmt: skip


@pytest.mark.parametrize("path", ELSEWHERE)
def test_an_address_of_another_host_is_not_accepted_as_a_path(path: str):
    assert own_path(path) == "/desk"
    assert own_path("/desk/cases/NH21-000001-W?of=mine&q=%E8%B7%AF") == "/desk/cases/NH21-000001-W?of=mine&q=%E8%B7%AF"


@pytest.mark.parametrize("path", ELSEWHERE[:5])
async def test_signing_in_never_redirects_to_another_host(harness: SignInHarness, path: str):
    await harness.issuer.ask("tell", claims=CHEN)
    browser = await harness.browser()
    answer = await browser.get(f"/sign-in/issuer?next={quote(path, safe='')}")
    assert str(answer.url) == f"{HOST}/desk"
    again = await browser.get(f"/sign-in?next={quote(path, safe='')}")
    assert str(again.url) == f"{HOST}/desk", "who has signed in is led on at once"


async def test_many_people_can_sign_in_at_once(harness: SignInHarness):
    browsers = [await harness.browser() for _ in range(8)]
    await harness.issuer.ask("tell", claims=CHEN)
    landed = await asyncio.gather(*(browser.get("/sign-in/issuer") for browser in browsers))
    assert {answer.status_code for answer in landed} == {200}
    assert len({answer.json()["csrf"] for answer in landed}) == await harness.rows() == 8


async def pages(database: str, stack: AsyncExitStack, **given: Any) -> httpx.AsyncClient:
    """Routing's pages with these settings."""
    settings = RoutingSettings.model_validate(KEYS | {"DATABASE_URL": database} | given)
    pool = await stack.enter_async_context(await open_pool(database, "routing"))
    gate = Gate.of(settings, StaffSessions.of(settings, pool))
    web = web_app("routing", [desk(gate), *routing.api(settings, pool).routers])
    transport = httpx.ASGITransport(web)
    client = httpx.AsyncClient(base_url="http://127.0.0.1:8080", transport=transport, follow_redirects=True)
    return await stack.enter_async_context(client)


async def test_the_embedded_default_offers_somebody_of_every_role(database: str):
    async with AsyncExitStack() as stack:
        browser = await pages(database, stack, demo_staff="true")
        ids = re.findall(r'name="person" value="([^"]+)"', (await browser.get("/sign-in")).text)
        seen = set()
        for id in ids:
            answer = await browser.post("/sign-in/demo", data={"person": id, "next": "/desk/triage"})
            assert answer.url.path == "/desk/triage"
            body = answer.json()
            person = Person(body["name"], body["unit"], frozenset(body["roles"]))
            assert any(pack.unit(person.unit) for pack in shipped())
            seen |= {(role, person.unit) for role in person.roles}
            await browser.post("/sign-out", data={"csrf": body["csrf"]})
    assert {role for role, _ in seen} == {
        "clerk", "head", "dispatcher", "leader", "auditor", "admin", "caller", "personal-data"
    }  # fmt: skip
    stations = {unit for _, unit in seen if unit.startswith("station-")}
    assert stations
    assert {unit for _, unit in seen if unit.startswith("town-")} == {
        above for station in stations for pack in shipped() for above in pack.units_above(station)[:1]
    }


async def test_a_demo_person_can_sign_in_only_with_our_own_form(database: str):
    async with AsyncExitStack() as stack:
        browser = await pages(database, stack, demo_staff="true")
        form = {"person": "station-440605011001-clerk"}
        foreign = await browser.post("/sign-in/demo", data=form, headers={"Sec-Fetch-Site": "cross-site"})
        nobody = await browser.post("/sign-in/demo", data={"person": "somebody"})
        answer = await browser.post("/sign-in/demo", data=form, headers={"Sec-Fetch-Site": "same-origin"})
    assert (foreign.status_code, nobody.status_code, answer.status_code) == (403, 404, 200)


@pytest.mark.parametrize("given", [{}, {"oidc_issuer": "https://issuer.example", "oidc_audience": "x"}], ids=str)
async def test_no_demo_person_is_offered_or_accepted_elsewhere(database: str, given: dict[str, str]):
    async with AsyncExitStack() as stack:
        browser = await pages(database, stack, **given)
        answer = await browser.get("/sign-in")
        refused = await browser.post("/sign-in/demo?lang=en", data={"person": "station-440605011001-clerk"})
    assert ("person" in answer.text, refused.status_code) == (False, 404)
    assert "make up" in refused.text


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"demo_staff": "true", "oidc_issuer": "https://issuer.example"}, "HUYING_OIDC_ISSUER"),
        ({"demo_staff": "true", "DATABASE_URL": "postgresql://db.example/huying"}, "DATABASE_URL"),
        ({"oidc_issuer": "http://issuer.example"}, "https://"),
        ({"oidc_client_id": "pages"}, "HUYING_OIDC_ISSUER"),
        ({"oidc_issuer": "https://issuer.example", "oidc_client_id": "pages"}, "HUYING_PUBLIC_URL"),
        ({"oidc_role_names": "chief=emperor"}, "emperor"),
        ({"oidc_scope": "profile"}, "openid"),
    ],
    ids=str,
)
def test_settings_that_would_accept_wrong_people_are_refused(given: dict[str, str], named: str):
    with pytest.raises(ValueError, match=re.escape(named)):
        RoutingSettings.model_validate(KEYS | {"DATABASE_URL": "postgresql://127.0.0.1/huying"} | given)
