"""The common parts of portal pages: a route that shows refusals and faults as pages, and the templates."""

from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from services.intake.web.visit import PageVisit
from shared.chassis.http.body_limit import LargerBodies, LimitedRouter
from shared.chassis.http.page_route import PageRoute, error_text
from shared.chassis.http.problem_details import retry_after
from shared.contracts.refusals import Code, Refused
from shared.web.page_language import Lang
from shared.web.pages import Pages

PAGES: Final = Pages(Path(__file__).parent / "templates")
InLanguage = Annotated[Lang, Query(description="zh or en")]


class PortalPage(PageRoute):
    """A page for citizens."""

    @staticmethod
    def respond(refused: Refused | None, request: Request) -> HTMLResponse:
        """The page that says why something was refused, and leads back."""
        visit = PageVisit.without_forms(request)
        status, title, words = error_text(refused)
        # A draft that no longer exists.
        lost = refused is not None and refused.code is Code.NOT_FOUND and request.url.path.startswith("/raise/")
        values = visit.page("/") | {"title": visit.say(*title), "words": visit.say(*words), "lost": lost}
        page = PAGES.render("portal_refused.html", values, status)
        page.headers.update(retry_after(refused) if refused else {})
        return page


def nowhere(request: Request) -> HTMLResponse:
    """The page for an unknown URL."""
    en, zh = "there is no page at this address: look at it again", "没有这个页面，请核对网址"
    return PortalPage.respond(Refused(Code.NOT_FOUND, en, zh), request)


def portal_router(*larger: LargerBodies, **options: Any) -> APIRouter:
    """A router of pages, which are in no API document."""
    return LimitedRouter(*larger, include_in_schema=False, route_class=PortalPage, **options)
