"""The pages that print a case: the order as offices sign it, and every step as evidence, which is a table too."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import HTMLResponse

from services.routing.cases.handler import CaseHandler
from services.routing.cases.reading import Case
from services.routing.cases.timeline import TimelineEntry
from services.routing.web import showing
from services.routing.web.case_pages import Number
from services.routing.web.desk_page import PAGES, InLanguage, desk_router, open_case
from services.routing.web.sheet_view import sheet
from services.routing.web.viewer import Viewer
from shared.identity.gate import Gate, SignedIn
from shared.web.parts import Entry, Tab
from shared.web.spreadsheet import spreadsheet
from shared.web.way_back import Back

Part = Annotated[Literal["order", "steps"], Query(description="the order, or every step")]
_COLUMNS: Final = (
    ("时间", "Time"),
    ("事项", "Step"),
    ("谁", "Who"),
    ("内容", "Details"),
    ("期限", "Due"),
    ("附件数", "Files"),
)
_PARTS: Final = {"order": ("承办单", "The order"), "steps": ("全部过程", "Every step")}


def routes(desk: CaseHandler, gate: Gate) -> APIRouter:
    """For whoever may read the case; personal data is not on it."""
    router = desk_router()
    By = Annotated[SignedIn, Depends(gate.signed_in)]  # noqa: N806 (a type)

    @router.get("/desk/cases/{number}/sheet")
    async def show(
        number: Number, by: By, part: Part = "order", back: Back = "", lang: InLanguage = "zh"
    ) -> HTMLResponse:
        viewer, case = await open_case(desk, by, number, lang)
        number = case.demand.number
        values = viewer.page(f"/desk/cases/{number}/sheet", part=part, back=back) | {
            "number": number,
            "parts": [
                Tab(viewer.case_href(number, "sheet", back, part=name), viewer.say(*words), current=name == part)
                for name, words in _PARTS.items()
            ],
            "steps": _printed(viewer, case, desk.clock()) if part == "steps" else [],
            "table": viewer.case_href(number, "steps.csv"),
            "sheet": sheet(viewer, case, desk.clock()),
            "place": getattr(viewer.pack.name, lang),
            "back": viewer.case_href(number, back=back),
        }
        return PAGES.render("sheet.html", values)

    @router.get("/desk/cases/{number}/steps.csv")
    async def table(number: Number, by: By, lang: InLanguage = "zh") -> Response:
        viewer, case = await open_case(desk, by, number, lang)
        header = [viewer.say(*words) for words in _COLUMNS]
        return spreadsheet(f"{case.demand.number}-steps", header, _rows(viewer, case, desk.clock()))

    return router


def _printed(viewer: Viewer, case: Case, now: datetime) -> list[Entry]:
    """Every step, oldest first, with its files; each time in full, because a paper is read on another day."""
    newest_first = showing.entries(case, viewer, now)
    return [
        replace(entry, when=showing.minute(event.at, viewer), until=_until(viewer, event))
        for event, entry in zip(case.timeline, reversed(newest_first), strict=True)
    ]


def _until(viewer: Viewer, event: TimelineEntry) -> str:
    due = _due(viewer, event)
    return viewer.say(f"期限：{due}", f"Due: {due}") if due else ""


def _due(viewer: Viewer, event: TimelineEntry) -> str:
    due = event.data.get("due_at")
    return showing.minute(datetime.fromisoformat(due), viewer) if isinstance(due, str) else ""


def _rows(viewer: Viewer, case: Case, now: datetime) -> Iterator[list[str]]:
    """The same as lines of a table."""
    for event, entry in zip(case.timeline, _printed(viewer, case, now), strict=True):
        yield [entry.when, entry.what, entry.who, entry.words, _due(viewer, event), str(len(entry.files) or "")]
