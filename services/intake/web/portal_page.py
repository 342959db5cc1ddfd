"""The common parts of portal pages: a route that shows refusals and faults as pages, and the templates."""

from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from services.intake.web.visit import Visit
from shared.chassis.http.body_limit import LargerBodies, LimitedRouter
from shared.chassis.http.page_route import PageRoute
from shared.chassis.http.problem_details import AWAY, FAULT_EN, FAULT_ZH, retry_after
from shared.contracts.refusals import ANSWERS, Code, Refused
from shared.web.page_language import Lang
from shared.web.pages import Pages

PAGES: Final = Pages(Path(__file__).parent / "templates")
InLanguage = Annotated[Lang, Query(description="zh or en")]
_AWAY: Final = Refused(
    Code.UNAVAILABLE, "nothing was sent; try again in a minute", "系统繁忙，本次没有提交成功，请过一分钟再试"
)


class PortalPage(PageRoute):
    """A page for citizens."""

    @staticmethod
    def tell(refused: Refused | None, request: Request) -> HTMLResponse:
        """The page that says why something was refused, and leads back."""
        visit = Visit.without_forms(request)
        if refused is None:
            return _page(visit, 500, visit.say("系统出错了", "Something went wrong"), visit.say(FAULT_ZH, FAULT_EN))
        refused = _AWAY if refused is AWAY else refused
        answer = ANSWERS[refused.code]
        words = visit.say(refused.zh or answer.zh, refused.en)
        lost = refused.code is Code.NOT_FOUND and request.url.path.startswith("/raise/")
        page = _page(visit, answer.status, visit.say(answer.zh, answer.en), words, lost)
        page.headers.update(retry_after(refused))
        return page


def nowhere(request: Request) -> HTMLResponse:
    """The page for an unknown URL."""
    en, zh = "there is no page at this address: look at it again", "没有这个页面，请核对网址"
    return PortalPage.tell(Refused(Code.NOT_FOUND, en, zh), request)


def portal_router(*larger: LargerBodies, **options: Any) -> APIRouter:
    """A router of pages, which are in no API document."""
    return LimitedRouter(*larger, include_in_schema=False, route_class=PortalPage, **options)


def _page(visit: Visit, status: int, title: str, words: str, lost: bool = False) -> HTMLResponse:
    """A page with a message; `lost` is for a draft that no longer exists."""
    values = visit.page("/") | {"title": title, "words": words, "lost": lost}
    return PAGES.render("portal_refused.html", values, status)
