"""The common parts of the desk's pages: a route that shows refusals and faults as pages, and the templates."""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, NamedTuple

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from services.routing.cases.handler import CaseHandler
from services.routing.cases.reading import Case, case_of
from services.routing.web.viewer import Viewer
from shared.chassis.http.body_limit import LargerBodies, LimitedRouter
from shared.chassis.http.page_route import INCOMPLETE, ErrorText, PageRoute, error_text
from shared.chassis.http.problem_details import AWAY, retry_after
from shared.contracts.numbers import LONGEST, canonical, read_number
from shared.contracts.refusals import Code, Refused
from shared.identity.gate import HOME, SAFE_METHODS, SignedIn
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.web.page_language import Lang
from shared.web.pages import Pages
from shared.web.parts import Link

PAGES: Final = Pages(Path(__file__).parent / "templates")
InLanguage = Annotated[Lang, Query(description="zh or en")]
Done = Annotated[str, Query(max_length=40, description="the command that was just taken")]
Handled = Annotated[str, Query(max_length=LONGEST, description="the number of the case that it was given to")]
Tick = Annotated[Literal["", "all"], Query(description="which boxes of the page are ticked from the start")]
_INCOMPLETE: Final = Refused(
    Code.INVALID,
    "the address or the form is not complete: begin again from the link below",
    "地址或表单有误，请从下方链接重新进入",
)
_AWAY: Final = Refused(Code.UNAVAILABLE, "nothing was done; try again in a minute", "本次没有办理，请稍后重试")
_INSTEAD: Final = {AWAY: _AWAY, INCOMPLETE: _INCOMPLETE}
"""Texts for the desk in the place of the usual refusals."""


class RefusalLink(NamedTuple):
    """The link of a refused page, with its text in Chinese and English."""

    href: str
    words: tuple[str, str]


_TO_DESK: Final = RefusalLink(HOME, ("返回待办", "Back to the work list"))


class StaffPage(PageRoute):
    """A page of staff; its refusals and faults are shown as pages too."""

    way_out: ClassVar[RefusalLink] = _TO_DESK

    @staticmethod
    def respond(refused: Refused | None, request: Request) -> HTMLResponse:
        """The page that says why something was refused, or that a fault occurred."""
        if refused is not None:
            refused = _INSTEAD.get(refused, refused)
        page = _page(request, error_text(refused), _way_out(request, refused))
        page.headers.update(retry_after(refused) if refused else {})
        return page


# Browsers write a Chinese character as nine bytes: an answer and its summary of 4000 each are more than is usual.
_LONG_FORMS: Final = LargerBodies("/desk/", 262_144)
_WITH_FILES: Final = LargerBodies("/desk/cases/", 48 * 1_048_576, "Cookie", "huying=…")
"""Larger bodies are allowed: nine photos of a telephone. Who is not signed in is redirected before the body is read."""


def desk_router() -> APIRouter:
    """A router of pages, which are in no API document."""
    return LimitedRouter(_WITH_FILES, _LONG_FORMS, include_in_schema=False, route_class=StaffPage)


async def open_case(desk: CaseHandler, by: SignedIn, number: str, lang: Lang) -> tuple[Viewer, Case]:
    """The viewer and the case with this number, as people type it; raises `Refused` if they may not read it."""
    viewer = Viewer.of(by, desk, lang)
    return viewer, await case_of(desk, read_number(number), viewer.person)


def _way_out(request: Request, refused: Refused | None) -> RefusalLink:
    """The way back: to the case where its state does not allow the command, else as the route says."""
    number = canonical(str(request.path_params.get("number", "")))
    if number and refused and refused.code is Code.ILLEGAL_TRANSITION:
        return RefusalLink(f"{HOME}/cases/{number}", ("返回这件诉求", "Back to this demand"))
    route = request.scope.get("route")
    return route.way_out if isinstance(route, StaffPage) else _TO_DESK


def _page(request: Request, text: ErrorText, way_out: RefusalLink) -> HTMLResponse:
    lang: Lang = "en" if request.query_params.get("lang") == "en" else "zh"
    chosen = 0 if lang == "zh" else 1
    values = {
        "lang": lang,
        "title": text.title[chosen],
        "words": text.words[chosen],
        "way_out": Link(way_out.href + ("" if lang == "zh" else "?lang=en"), way_out.words[chosen]),
    }
    return PAGES.render("refused_page.html", _frame(request, lang) | values, text.status)


def _frame(request: Request, lang: Lang) -> dict[str, Any]:
    """The header of the desk, if the person is known."""
    visitor: SignedIn | None = getattr(request.state, "visitor", None)
    packs: Jurisdictions | None = getattr(request.state, "packs", None)
    pack = packs.of_unit(visitor.person.unit) if visitor and packs else None
    if visitor is None or pack is None:
        return {}
    is_read = request.method in SAFE_METHODS
    parameters = {name: value for name, value in request.query_params.items() if name != "lang"} if is_read else {}
    path = request.url.path if is_read else HOME
    return Viewer(visitor.person, pack, lang, visitor.csrf).page(path, **parameters)
