"""Larger type: people choose it on a page, a cookie stores it, and a style sheet applies it to every page.

So pages do not need to know it, and it works without JavaScript and with pages from shared caches.
"""

from pathlib import Path
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Cookie, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from shared.web.assets import assets
from shared.web.pages import Pages
from shared.web.way_back import LONGEST, Back, own_address

COOKIE: Final = "huying_type"
LARGE: Final = "large"
A_YEAR: Final = 31_536_000
LARGE_TYPE: Final = ":root { font-size: 125%; }\n:root.portal { font-size: 140.625%; }\n"
"""A quarter larger than in look.css; the selectors need the same specificity as there."""


def look() -> APIRouter:
    """The routes that every process with pages needs: style sheets, scripts, and the choice of the type size."""
    router = APIRouter(include_in_schema=False)
    pages = Pages(Path(__file__).parent / "templates")

    @router.get("/display/type.css")
    async def type_sheet(chosen: Annotated[str, Cookie(alias=COOKIE)] = "") -> Response:
        headers = {"Cache-Control": "private, no-cache", "Vary": "Cookie"}
        return Response(LARGE_TYPE if chosen == LARGE else "", headers=headers, media_type="text/css")

    @router.get("/display")
    async def choose(
        chosen: Annotated[str, Cookie(alias=COOKIE)] = "", back: Back = "", lang: Literal["zh", "en"] = "zh"
    ) -> HTMLResponse:
        values = {"lang": lang, "chosen": LARGE if chosen == LARGE else "normal", "back": own_address(back)}
        answer = pages.render("display.html", values)
        answer.headers["Cache-Control"] = "private, no-cache"
        return answer

    @router.post("/display")
    async def remember(
        request: Request,
        type: Annotated[Literal["normal", "large"], Form()],
        back: Annotated[str, Form(max_length=LONGEST)] = "",
        lang: Annotated[Literal["zh", "en"], Form()] = "zh",
    ) -> RedirectResponse:
        answer = RedirectResponse(own_address(back) or f"/display?lang={lang}", status_code=303)
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, type, max_age=A_YEAR, httponly=True, samesite="lax", secure=secure)
        return answer

    router.include_router(assets())
    return router
