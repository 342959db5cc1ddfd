"""The route from the desk to the pages of field visits, which intake serves."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import RedirectResponse

from services.routing.cases.handler import CaseHandler
from services.routing.web.desk_page import InLanguage, desk_router
from services.routing.web.viewer import Viewer
from shared.contracts.refusals import Code, Refused
from shared.identity.field_sign_in import FieldSignIn
from shared.identity.gate import Gate, SignedIn

State = Annotated[str, Query(pattern="^[0-9a-f]{32}$", description="names the browser that asks")]


def routes(desk: CaseHandler, gate: Gate, sign_in: FieldSignIn) -> APIRouter:
    """`/desk/field` gives whoever has signed in a ticket of a minute for `/field`."""
    router = desk_router()

    @router.get("/desk/field")
    async def enter(
        by: Annotated[SignedIn, Depends(gate.signed_in)], state: State, lang: InLanguage = "zh"
    ) -> RedirectResponse:
        viewer = Viewer.of(by, desk, lang)
        if not viewer.books:
            en = "booking demands on a visit is for clerks, heads of units and dispatchers: ask your administrator"
            raise Refused(Code.FORBIDDEN, en, "走访登记限经办人、单位负责人和派单员使用，需要时请联系管理员")
        return RedirectResponse(viewer.to("/field/enter", ticket=sign_in.ticket(viewer.person, state)), 303)

    return router
