"""The pages of finished cases (已办): search by text and month, and export as a table."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import HTMLResponse

from services.routing.cases.finished_queries import Finished, FinishedCase, finished
from services.routing.cases.handler import CaseHandler
from services.routing.cases.worklists import Cursor
from services.routing.web.desk_page import PAGES, InLanguage, desk_router
from services.routing.web.form_options import categories_or_all
from services.routing.web.showing import marks_of, minute, when
from services.routing.web.viewer import OVERSEERS, Viewer
from services.routing.web.words import LEVELS
from shared.chassis.http.pagination import NEWEST, Moment, moment
from shared.contracts.numbers import canonical
from shared.contracts.text import Text
from shared.identity.gate import Gate, SignedIn
from shared.web.parts import Column, RowGroup
from shared.web.spreadsheet import long_spreadsheet
from shared.web.words import STATUS_WORDS

PATH: Final = "/desk/done"
PAGE: Final = 50
AT_ONCE: Final = 1000
"""Rows of a table that are read at once."""
COLUMNS: Final = (
    ("诉求", "Demand"), ("办结时间", "Answered"), ("状态", "Status"), ("评价", "Rating"), ("承办单位", "Unit"),
    ("编号", "Number"),
)  # fmt: skip
TABLE: Final = (
    ("编号", "Number"), ("来源编号", "Number at its source"), ("诉求", "Demand"), ("地点", "Place"),
    ("类别", "Category"), ("承办单位", "Unit"), ("经办人", "Handler"), ("提出时间", "Raised"), ("办结期限", "Due"),
    ("办结时间", "Answered"), ("状态", "Status"), ("评价", "Rating"), ("是否解决", "Solved"),
    ("办理次数", "Times handled"),
)  # fmt: skip
Narrowed = Annotated[Text, Query(max_length=64)]
Month = Annotated[str, Query(pattern=r"^(?:(?:19|2\d)\d\d-(?:0[1-9]|1[0-2]))?$")]


def routes(desk: CaseHandler, gate: Gate) -> APIRouter:
    """The routes; they show the person's own unit, and for persons who oversee others also the units below."""
    router = desk_router()
    By = Annotated[SignedIn, Depends(gate.signed_in)]  # noqa: N806 (a type)

    @router.get(PATH)
    async def show(
        by: By, text: Narrowed = "", month: Month = "", category: Narrowed = "", after: Cursor = "",
        lang: InLanguage = "zh",
    ) -> HTMLResponse:  # fmt: skip
        viewer, now = Viewer.of(by, desk, lang), desk.clock()
        async with desk.pool.acquire(timeout=5) as db:
            cases, next_place = await finished(db, _sought(viewer, text, month, category), moment(after, NEWEST), PAGE)
        chosen = {"text": text, "month": month, "category": category}
        here = viewer.to(PATH, **chosen, after=after)
        values: dict[str, Any] = viewer.page(PATH, **chosen, after=after) | {
            "chosen": chosen,
            "narrowed": bool(text or month or category),
            "categories": categories_or_all(viewer),
            "months": _months(viewer, chosen, viewer.pack.local_month(now)),
            "columns": [Column(viewer.say(*words)) for words in COLUMNS],
            "groups": [RowGroup([_row(case, viewer, now, here) for case in cases])] if cases else [],
            "later": viewer.to(PATH, **chosen, after=next_place.as_cursor()) if next_place else "",
            "earlier": viewer.to(PATH, **chosen) if after else "",
            "table": viewer.to(f"{PATH}.csv", **chosen),
        }
        return PAGES.render("finished.html", values)

    @router.get(f"{PATH}.csv")
    async def table(
        by: By, text: Narrowed = "", month: Month = "", category: Narrowed = "", lang: InLanguage = "zh"
    ) -> Response:
        viewer = Viewer.of(by, desk, lang)
        header = [viewer.say(*words) for words in TABLE]
        pages = _lines(desk, viewer, _sought(viewer, text, month, category))
        return long_spreadsheet(f"done-{month or 'all'}", header, pages)

    return router


async def _lines(desk: CaseHandler, viewer: Viewer, sought: Finished) -> AsyncIterator[list[list[str]]]:
    """Every line of the table, page by page: while somebody's line is slow, no connection is held."""
    place: Moment | None = NEWEST
    while place:
        async with desk.pool.acquire(timeout=5) as db:
            cases, place = await finished(db, sought, place, AT_ONCE)
        yield [_line(case, viewer) for case in cases]


def _sought(viewer: Viewer, text: str, month: str, category: str) -> Finished:
    units: Sequence[str] = viewer.units_below if viewer.roles & OVERSEERS else (viewer.person.unit,)
    words, places = canonical(text) or text, viewer.places_named(text)
    if not month:
        return Finished(units, text=words, divisions=places, category=category)
    since, until = viewer.pack.due_times.calendar.month_span(date.fromisoformat(f"{month}-01"))
    return Finished(units, since, until, words, places, category)


def _months(viewer: Viewer, chosen: Mapping[str, str], this: date) -> list[dict[str, str]]:
    """The links to the two months that are requested most."""
    last = (this - timedelta(days=1)).replace(day=1)
    named = ((viewer.say("本月", "This month"), this), (viewer.say("上月", "Last month"), last))
    return [
        {"words": words, "href": viewer.to(PATH, **{**chosen, "month": f"{first:%Y-%m}"})} for words, first in named
    ]


def _row(case: FinishedCase, viewer: Viewer, now: datetime, back: str) -> dict[str, Any]:
    demand = case.demand
    return {
        "number": demand.number,
        "href": viewer.case_href(demand.number, back=back),
        "title": demand.title or viewer.say("（无标题）", "(no title)"),
        "place": f"{viewer.place_name(demand.division)} · {viewer.category_name(demand.category)}",
        "marks": marks_of(demand, viewer),
        "done": when(case.done_at, viewer, now),
        "status": demand.status,
        "rating": _rating(case, viewer),
        "unit": viewer.unit_name(demand.unit),
    }


def _rating(case: FinishedCase, viewer: Viewer) -> str:
    words = dict(LEVELS).get(str(case.demand.rating))
    return viewer.say(*words) if words else ""


def _line(case: FinishedCase, viewer: Viewer) -> list[str]:
    demand = case.demand
    solved = {None: "", True: viewer.say("已解决", "solved"), False: viewer.say("未解决", "not solved")}
    return [
        demand.number,
        demand.external_id or "",
        demand.title or "",
        viewer.place_name(demand.division),
        viewer.category_name(demand.category),
        viewer.unit_name(demand.unit),
        viewer.unit_name(demand.handler),
        minute(demand.submitted_at, viewer),
        minute(demand.due_at, viewer),
        minute(case.done_at, viewer),
        viewer.say(*STATUS_WORDS[demand.status][:2]),
        _rating(case, viewer),
        solved[demand.solved],
        str(demand.reopenings + 1),
    ]
