"""What every page of the desk has in common: its route, whose refusals and faults are pages too, and its templates."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from services.routing.web.viewer import Lang
from shared.chassis.http.body_limit import LargerBodies, LimitedRouter
from shared.chassis.http.problem_details import AWAY, FAULT_EN, FAULT_ZH, refusal_of, retry_after, route_of
from shared.contracts.refusals import ANSWERS, Code, Refused
from shared.web.pages import Pages

PAGES: Final = Pages(Path(__file__).parent / "templates")
InLanguage = Annotated[Lang, Query(description="zh or en")]
_INCOMPLETE: Final = Refused(
    Code.INVALID, "the address or the form is not complete: go back to the list", "地址或表单有误，请返回列表"
)
_AWAY: Final = Refused(Code.UNAVAILABLE, "nothing was done; try again in a minute", "本次没有办理，请稍后重试")


class DeskPage(APIRoute):
    """A page whose refusals and faults are pages too."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        """The handler, around which refusals and faults are shown."""
        handler = super().get_route_handler()

        async def shown(request: Request) -> Response:
            try:
                return await handler(request)
            except RequestValidationError:
                return refusal_page(_INCOMPLETE, request)
            except HTTPException as fault:
                if fault.status_code not in _UNREADABLE:
                    raise  # the way to the sign-in
                return refusal_page(_INCOMPLETE, request)
            except Exception as fault:  # noqa: BLE001 (people must not be shown a document for programs)
                return fault_page(fault, request)

        return shown


_UNREADABLE: Final = frozenset({400, 413})
# Browsers write a Chinese character as nine bytes: an answer and its summary of 4000 each are more than is usual.
_LONG_FORMS: Final = LargerBodies("/desk/", 262_144)


def desk_router() -> APIRouter:
    """A router of pages that stand in no API document."""
    return LimitedRouter(_LONG_FORMS, include_in_schema=False, route_class=DeskPage)


def fault_page(fault: Exception, request: Request) -> HTMLResponse:
    """Why something was refused, or that it went wrong, which is logged."""
    refused = refusal_of(fault, route_of(request.scope))
    if refused is None:
        return _page(request, 500, ("系统出错了", "Something went wrong"), (FAULT_ZH, FAULT_EN))
    return refusal_page(_AWAY if refused is AWAY else refused, request)


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
