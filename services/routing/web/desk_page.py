"""What every page of the desk has in common: its route, whose refusals and faults are pages too, and its templates."""

from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from services.routing.web.viewer import Lang
from shared.chassis.http.body_limit import LargerBodies, LimitedRouter
from shared.chassis.http.page_route import INCOMPLETE, PageRoute
from shared.chassis.http.problem_details import AWAY, FAULT_EN, FAULT_ZH, retry_after
from shared.contracts.refusals import ANSWERS, Code, Refused
from shared.web.pages import Pages

PAGES: Final = Pages(Path(__file__).parent / "templates")
InLanguage = Annotated[Lang, Query(description="zh or en")]
_INCOMPLETE: Final = Refused(
    Code.INVALID, "the address or the form is not complete: go back to the list", "地址或表单有误，请返回列表"
)
_AWAY: Final = Refused(Code.UNAVAILABLE, "nothing was done; try again in a minute", "本次没有办理，请稍后重试")
_INSTEAD: Final = {AWAY: _AWAY, INCOMPLETE: _INCOMPLETE}
"""What people of the desk read in the place of the usual words."""


class DeskPage(PageRoute):
    """A page whose refusals and faults are pages too."""

    @staticmethod
    def tell(refused: Refused | None, request: Request) -> HTMLResponse:
        """Why something was refused, or that it went wrong."""
        if refused is None:
            return _page(request, 500, ("系统出错了", "Something went wrong"), (FAULT_ZH, FAULT_EN))
        return refusal_page(_INSTEAD.get(refused, refused), request)


# Browsers write a Chinese character as nine bytes: an answer and its summary of 4000 each are more than is usual.
_LONG_FORMS: Final = LargerBodies("/desk/", 262_144)
_WITH_FILES: Final = LargerBodies("/desk/cases/", 48 * 1_048_576, "Cookie", "huying=…")
"""Nine photos of a telephone; who has not signed in is led away before anything is read."""


def desk_router() -> APIRouter:
    """A router of pages that stand in no API document."""
    return LimitedRouter(_WITH_FILES, _LONG_FORMS, include_in_schema=False, route_class=DeskPage)


def refusal_page(refused: Refused, request: Request) -> HTMLResponse:
    """Why something was refused, and the way back."""
    answer = ANSWERS[refused.code]
    page = _page(request, answer.status, (answer.zh, answer.en), (refused.zh or answer.zh, refused.en))
    page.headers.update(retry_after(refused))
    return page


def _page(request: Request, status: int, title: tuple[str, str], words: tuple[str, str]) -> HTMLResponse:
    lang = "en" if request.query_params.get("lang") == "en" else "zh"
    chosen = 0 if lang == "zh" else 1
    values = {
        "lang": lang,
        "title": title[chosen],
        "words": words[chosen],
        "home": "/desk" if lang == "zh" else "/desk?lang=en",
    }
    return PAGES.render("desk_refused.html", values, status)
