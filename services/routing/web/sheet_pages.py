"""The page that a case is printed from."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from services.routing.cases.handler import CaseHandler
from services.routing.web.case_pages import Number
from services.routing.web.desk_page import PAGES, InLanguage, desk_router, open_case
from services.routing.web.sheet_view import sheet
from shared.identity.gate import Gate, SignedIn
from shared.web.way_back import Back


def routes(desk: CaseHandler, gate: Gate) -> APIRouter:
    """For whoever may read the case; personal data is not on it."""
    router = desk_router()
    By = Annotated[SignedIn, Depends(gate.signed_in)]  # noqa: N806 (a type)

    @router.get("/desk/cases/{number}/sheet")
    async def show(number: Number, by: By, back: Back = "", lang: InLanguage = "zh") -> HTMLResponse:
        viewer, case = await open_case(desk, by, number, lang)
        number = case.demand.number
        values = viewer.page(f"/desk/cases/{number}/sheet", back=back) | {
            "number": number,
            "sheet": sheet(viewer, case, desk.clock()),
            "place": getattr(viewer.pack.name, lang),
            "back": viewer.case_href(number, back=back),
        }
        return PAGES.render("sheet.html", values)

    return router
