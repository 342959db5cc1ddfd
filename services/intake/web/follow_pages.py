"""The pages that lead to a demand without its link: by number and code, and by telephone if the code was lost."""

from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.background import BackgroundTask

from services.intake.notes.lost_link_handler import LostLinkHandler
from services.intake.tracking.lookup import DemandLookup
from services.intake.web.follow_commands import SentForm
from services.intake.web.portal_page import PAGES, InLanguage, portal_router
from services.intake.web.visit import PageVisit
from shared.contracts.numbers import canonical
from shared.contracts.refusals import Code, Refused
from shared.identity.citizen_links import CitizenLinks, follow_path
from shared.identity.visitors import Visitors
from shared.web.page_language import Lang

LONGEST_CODE: Final = 32
LONGEST_NUMBER: Final = 64
Given = Annotated[str, Query(max_length=LONGEST_NUMBER, description="a number to begin with")]
_NUMBER: Final = ("请填写诉求编号，如 NH26-000412-K", "Give the number of the demand, such as NH26-000412-K")
_NO_NUMBER: Final = (
    "编号不完整或抄错了，请对照回执或短信，如 NH26-000412-K",
    "This is not a whole number of a demand: look at your receipt or message, such as NH26-000412-K",
)
_CODE: Final = ("请填写 8 位查询码", "Give the code of eight characters")
_WRONG: Final = (
    "编号和查询码不相符。请对照回执或短信再试一次；找不到查询码的，可以重新发送链接。",
    "Number and code do not belong together. Look at your receipt or message and try again; if the code is lost, have"
    " a new link sent.",
)
_PHONE: Final = ("请填写提交诉求时留下的电话", "Give the telephone that you left with the demand")


@dataclass(frozen=True, slots=True)
class FollowPages:
    """Handles these forms; the code never stands in a URL."""

    lookup: DemandLookup
    lost: LostLinkHandler
    links: CitizenLinks
    visitors: Visitors

    async def visit(self, request: Request, lang: Lang) -> PageVisit:
        """The visit, with the form token."""
        return PageVisit(lang, await self.visitors.visitor(request))

    async def find(self, form: SentForm) -> str | dict[str, tuple[str, str]]:
        """The URL of the demand with this number and code, or the errors by field."""
        number, code = canonical(form.get("number")[:LONGEST_NUMBER]), form.get("code").strip()
        errors = {} if number else {"number": _wrong_number(form)}
        errors |= {} if 0 < len(code) <= LONGEST_CODE else {"code": _CODE}
        if errors or number is None:
            return errors
        try:
            demand = await self.lookup.by_code(number, code)
        except Refused as refused:
            if refused.code is not Code.NOT_FOUND:
                raise
            return {"code": _WRONG}
        return follow_path(self.links.token(demand.id))


def routes(pages: FollowPages) -> APIRouter:
    """The routes `/follow` and `/follow/lost`; they must be registered before the routes with links."""
    router = portal_router()

    @router.get("/follow")
    async def ask(request: Request, number: Given = "", lang: InLanguage = "zh") -> HTMLResponse:
        visit = await pages.visit(request, lang)
        return PAGES.render("follow.html", visit.page("/follow", number=number) | _form(visit, {}, number))

    @router.post("/follow")
    async def find(request: Request, lang: InLanguage = "zh") -> Response:
        visit = await pages.visit(request, lang)
        form = await SentForm.of(request)
        address = await pages.find(form)
        if isinstance(address, str):
            return RedirectResponse(visit.to(address), status_code=303)
        values = visit.page("/follow") | _form(visit, address, form.get("number"))
        return PAGES.render("follow.html", values, status=422)

    @router.get("/follow/lost")
    async def ask_for_link(
        request: Request, number: Given = "", sent: bool = False, lang: InLanguage = "zh"
    ) -> HTMLResponse:
        visit = await pages.visit(request, lang)
        values = visit.page("/follow/lost", number=number) | _form(visit, {}, number) | {"sent": sent, "phone": ""}
        return PAGES.render("follow_lost.html", values)

    @router.post("/follow/lost")
    async def send_link(request: Request, lang: InLanguage = "zh") -> Response:
        visit = await pages.visit(request, lang)
        form = await SentForm.of(request)
        number, phone = canonical(form.get("number")[:LONGEST_NUMBER]), form.get("phone").strip()[:LONGEST_CODE]
        errors = {"number": _NO_NUMBER} if number is None and form.get("number").strip() else {}
        errors |= {} if phone.isprintable() and any(map(str.isdecimal, phone)) else {"phone": _PHONE}
        if errors:
            values = visit.page("/follow/lost") | _form(visit, errors, form.get("number"))
            return PAGES.render("follow_lost.html", values | {"sent": False, "phone": phone}, status=422)
        # Done after the answer was sent, so that neither its text nor its time shows whether the telephone number is
        # right.
        later = BackgroundTask(pages.lost.request, number, phone)
        return RedirectResponse(visit.to("/follow/lost", sent="true"), status_code=303, background=later)

    return router


def _wrong_number(form: SentForm) -> tuple[str, str]:
    return _NO_NUMBER if form.get("number").strip() else _NUMBER


def _form(visit: PageVisit, errors: dict[str, tuple[str, str]], number: str) -> dict[str, Any]:
    return {"errors": {field: visit.say(*words) for field, words in errors.items()}, "number": number}
