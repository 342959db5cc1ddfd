"""What every page of the desk has in common: its route, whose refusals are pages too, and its templates."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from services.routing.web.viewer import Lang
from shared.contracts.refusals import ANSWERS, Code, Refused
from shared.web.pages import Pages

PAGES: Final = Pages(Path(__file__).parent / "templates")
InLanguage = Annotated[Lang, Query(description="zh or en")]


class DeskPage(APIRoute):
    """A page whose refusals are pages too."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        """The handler, around which refusals are shown."""
        handler = super().get_route_handler()

        async def shown(request: Request) -> Response:
            try:
                return await handler(request)
            except Refused as refused:
                return refusal_page(refused, request)
            except RequestValidationError:
                unreadable = Refused(
                    Code.INVALID, "the address is not complete: go back to the list", "地址有误，请返回列表"
                )
                return refusal_page(unreadable, request)

        return shown


def desk_router() -> APIRouter:
    """A router of pages that stand in no API document."""
    return APIRouter(include_in_schema=False, route_class=DeskPage)


def refusal_page(refused: Refused, request: Request) -> HTMLResponse:
    """Why something was refused, and the way back."""
    answer = ANSWERS[refused.code]
    lang = "en" if request.query_params.get("lang") == "en" else "zh"
    values = {
        "lang": lang,
        "title": answer.zh if lang == "zh" else answer.en,
        "words": (refused.zh or answer.zh) if lang == "zh" else refused.en,
        "home": "/desk" if lang == "zh" else "/desk?lang=en",
    }
    return PAGES.render("desk_refused.html", values, answer.status)
