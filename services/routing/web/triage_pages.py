"""The page of the triage: cases that no rule decided, with suggestions, which are routed with one click."""

from typing import Annotated, Any, Final
from uuid import uuid4

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from services.routing.cases import queries, worklists
from services.routing.cases.desks import desk_of
from services.routing.cases.handler import CaseHandler
from services.routing.cases.worklist_filters import Filters
from services.routing.cases.worklists import Cursor, List, place_of
from services.routing.catalogue.permissions import EDIT, has_right
from services.routing.web import showing
from services.routing.web.case_words import triage_words
from services.routing.web.desk_page import PAGES, Done, Handled, InLanguage, desk_router
from services.routing.web.viewer import Viewer
from shared.identity.gate import Gate, SignedIn

PATH: Final = "/desk/triage"
PAGE: Final = 30


def routes(desk: CaseHandler, gate: Gate) -> APIRouter:
    """The routes of the dispatchers' list."""
    router = desk_router()
    By = Annotated[SignedIn, Depends(gate.signed_in)]  # noqa: N806 (a type)

    @router.get(PATH)
    async def triage(
        by: By, after: Cursor = "", done: Done = "", number: Handled = "", lang: InLanguage = "zh"
    ) -> HTMLResponse:
        viewer = Viewer.of(by, desk, lang)
        own = desk_of(desk, viewer.person, List.TRIAGE)
        async with desk.pool.acquire(timeout=5) as db:
            cases, next_place = await worklists.page(db, own, List.TRIAGE, "age", Filters(), place_of(after), PAGE)
            reasons = await queries.triage_reasons(db, [case.id for case in cases])
            total = (await worklists.counts(db, own))[List.TRIAGE]
        edits = has_right(viewer.person, viewer.pack, EDIT)
        here = viewer.to(PATH, after=after)
        waiting = []
        for case in cases:
            reason = reasons.get(case.id)
            suggestions = reason.suggestions if reason else ()
            waiting.append(
                showing.row(case, viewer, own.now, here)
                | {
                    "version": case.version,
                    "text": reason.text if reason else "",
                    "reason": triage_words(reason.reason, viewer) if reason else "",
                    "raised": showing.when(case.submitted_at, viewer, own.now),
                    "suggestions": [{"unit": unit, "name": viewer.unit_name(unit)} for unit in suggestions],
                    "action": viewer.case_href(case.number, "route", here),
                    "reclassify": viewer.case_href(case.number, "reclassify", here),
                    "new_rule": viewer.to("/desk/catalogue/new", case=case.number) if edits else "",
                    "key": str(uuid4()),
                }
            )
        values: dict[str, Any] = (
            viewer.page(PATH, after=after)
            | viewer.just_done(done, number, here)
            | {
                "waiting": waiting,
                "total": total,
                "later": viewer.to(PATH, after=next_place.as_cursor()) if next_place else "",
                "earlier": viewer.to(PATH) if after else "",
            }
        )
        return PAGES.render("triage.html", values)

    return router
