"""The pages on which staff sign in and out."""

import hmac
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Final

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.routing.web.desk_page import PAGES, RefusalLink, StaffPage
from services.routing.web.words import ROLES, SIGN_IN
from shared.chassis.http import response_headers
from shared.chassis.http.query_parameters import ForeignQuery
from shared.contracts.refusals import Code, Refused
from shared.identity.demo import DemoPerson
from shared.identity.gate import HOME, Gate, SignedIn, own_path
from shared.identity.gate import SIGN_IN as SIGN_IN_PATH
from shared.identity.oidc.code_flow import Attempt, CodeFlow
from shared.web.page_language import Lang

Next = Annotated[str, Query(max_length=2000)]
Word = Annotated[str, Query(max_length=4000)]
ELSEWHERE: Final = frozenset({"cross-site", "same-site"})


class SignInPage(StaffPage):
    """A page of the sign-in; after a refusal the person begins again."""

    way_out: ClassVar[RefusalLink] = RefusalLink(SIGN_IN_PATH, (SIGN_IN["zh"]["again"], SIGN_IN["en"]["again"]))


class ReturnPage(SignInPage, ForeignQuery):
    """The page to which the issuer redirects, with its own parameters."""


def routes(gate: Gate, flow: CodeFlow | None, people: Sequence[DemoPerson]) -> Sequence[APIRouter]:
    """The routes; `flow` is None without an issuer, and `people` exist only in the embedded default."""
    return _by_issuer(gate, flow), _by_hand(gate, flow, {person.id: person for person in people}), _leaving(gate, flow)


def _router() -> APIRouter:
    return APIRouter(include_in_schema=False, route_class=SignInPage, dependencies=[Depends(_private)])


def _by_hand(gate: Gate, flow: CodeFlow | None, people: dict[str, DemoPerson]) -> APIRouter:
    """The routes of the demo sign-in: choose an invented person and sign in as them."""
    router = _router()

    @router.get("/sign-in")
    async def choose(request: Request, next: Next = HOME, lang: Lang = "zh") -> Response:
        if await gate.session_of(request):
            return RedirectResponse(own_path(next), 303)
        values = {"next": own_path(next), "issuer": flow is not None, "people": list(people.values()), "roles": ROLES}
        return PAGES.render("sign_in.html", _words(lang) | values)

    @router.post("/sign-in/demo")
    async def sign_in_as(
        request: Request,
        person: Annotated[str, Form(max_length=200)] = "",
        next: Annotated[str, Form()] = HOME,
        lang: Lang = "zh",
    ) -> Response:
        if not people:
            en = "demonstration people sign in where `make up` has started everything itself, and nowhere else"
            raise Refused(Code.NOT_FOUND, en, "演示人员仅可在本机一键启动的演示环境中登录")
        # There is no session yet whose token the form could bring; the browser says where the form was.
        if request.headers.get("sec-fetch-site") in ELSEWHERE:
            en = "the form is of another site: open the sign-in page here"
            raise Refused(Code.FORBIDDEN, en, "表单来自其他网站，请在本站登录页面登录")
        if person not in people:
            raise Refused(Code.NOT_FOUND, "there is nobody of this name to sign in as", "没有该演示人员")
        secret = await gate.sessions.begin(people[person].person, before=gate.secret_of(request))
        return _let_in(gate, secret, next)

    return router


def _by_issuer(gate: Gate, flow: CodeFlow | None) -> APIRouter:
    """The routes to the issuer and back."""
    router = _router()

    @router.get("/sign-in/issuer")
    async def to_issuer(next: Next = HOME) -> Response:
        attempt = Attempt.to(own_path(next))
        leaving = RedirectResponse(await _known(flow).address(attempt), 303)
        gate.keep_attempt(leaving, attempt.cookie)
        return leaving

    async def from_issuer(request: Request, state: Word = "", code: Word = "", iss: Word = "") -> Response:
        known, stored = _known(flow), gate.attempt_of(request)
        if stored is None or not hmac.compare_digest(stored["state"].encode(), state.encode()):
            en = "this sign-in was not begun in this browser, or more than ten minutes ago"
            raise Refused(
                Code.UNAUTHENTICATED, f"{en}: sign in again", "登录请求已过期或不是由本浏览器发起，请重新登录"
            )
        if iss and iss != known.keys.issuer:
            raise Refused(
                Code.UNAUTHENTICATED, "another issuer has answered: sign in again", "登录服务不符，请重新登录"
            )
        if not code:
            raise Refused(Code.UNAUTHENTICATED, "the sign-in service has let nobody in", "登录未完成，请重新登录")
        attempt = Attempt(**stored)
        person, id_token = await known.finish(attempt, code)
        return _let_in(gate, await gate.sessions.begin(person, id_token, gate.secret_of(request)), attempt.next)

    router.add_api_route("/sign-in/callback", from_issuer, route_class_override=ReturnPage, response_model=None)
    return router


def _leaving(gate: Gate, flow: CodeFlow | None) -> APIRouter:
    """The route that signs out, here and at the issuer."""
    router = _router()
    By = Annotated[SignedIn, Depends(gate.signed_in)]  # noqa: N806 (a type)

    @router.get("/sign-out")
    async def ask(by: By, lang: Lang = "zh") -> Response:
        return PAGES.render("sign_out.html", _words(lang) | {"person": by.person, "csrf": by.csrf})

    @router.post("/sign-out")
    async def sign_out(request: Request, by: By) -> Response:
        session, secret = await gate.session_of(request), gate.secret_of(request)
        if secret:
            await gate.sessions.end(secret)
        address = await _end_address(flow, session.id_token if session else None)
        response: Response = RedirectResponse("/sign-in", 303)
        if address:
            # Not a redirect: browsers hold the policy for forms, which is this host alone, against redirects too.
            response = PAGES.render("signing_out.html", _words("zh") | {"address": address})
            response.headers["Refresh"] = f"0; url={address}"
        gate.close(response)
        return response

    return router


async def _end_address(flow: CodeFlow | None, id_token: str | None) -> str | None:
    """The URL that ends the issuer's session; None if the issuer does not answer, so that signing out here always
    works."""
    if flow is None or id_token is None:
        return None
    try:
        return await flow.end_address(id_token)
    except Refused:
        return None


def _let_in(gate: Gate, secret: str, path: str) -> Response:
    inside = RedirectResponse(own_path(path), 303)
    gate.open(inside, secret)
    return inside


def _known(flow: CodeFlow | None) -> CodeFlow:
    if flow is None:
        en = "no sign-in service is set up here (HUYING_OIDC_ISSUER, HUYING_OIDC_CLIENT_ID)"
        raise Refused(Code.NOT_FOUND, en, "本部署没有配置登录服务")
    return flow


async def _private() -> None:
    response_headers.add(response_headers.PRIVATE)


def _words(lang: Lang) -> dict[str, Any]:
    return {"lang": lang, "w": SIGN_IN[lang]}
