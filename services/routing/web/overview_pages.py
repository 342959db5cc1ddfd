"""The overview: how the units below stand, the worst first, what is the longest overdue, and the cases behind each
figure."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import HTMLResponse

from services.routing.cases import worklists
from services.routing.cases.desks import desk_of
from services.routing.cases.handler import CaseHandler
from services.routing.cases.overview import overview
from services.routing.cases.overview_queries import FIGURES
from services.routing.cases.worklist_filters import Filters
from services.routing.cases.worklists import BEGINNING, Cursor, List, place_of
from services.routing.web import showing
from services.routing.web.desk_page import PAGES, InLanguage, desk_router
from services.routing.web.overview_view import sums_of, towns, units_of
from services.routing.web.viewer import OVERSEERS, Viewer
from services.routing.web.words import LISTS, LOADS
from shared.contracts.refusals import Code, Refused
from shared.identity.gate import Gate, SignedIn
from shared.web.parts import Column
from shared.web.spreadsheet import spreadsheet

PATH: Final = "/desk/overview"
ALL: Final = "all"
"""In the place of a town: every town is open."""
Unit = Annotated[str, Query(max_length=64)]
BEHIND: Final = {figure: List(figure.replace("_", "-")) for figure in FIGURES}
"""The list of cases that each figure counts."""
OLDEST: Final = 20
PAGE: Final = 50
COLUMNS: Final = (
    ("诉求", "Demand"),
    ("时限", "Due"),
    ("承办单位", "Unit"),
    ("经办", "Handler"),
    ("最近更新", "Last change"),
    ("状态", "Status"),
    ("编号", "Number"),
)


def routes(desk: CaseHandler, gate: Gate) -> APIRouter:
    """For those who look after other units."""
    router = desk_router()
    By = Annotated[SignedIn, Depends(gate.signed_in)]  # noqa: N806 (a type)

    @router.get(PATH)
    async def show_overview(by: By, town: Unit = "", lang: InLanguage = "zh") -> HTMLResponse:
        viewer = _overseer(Viewer.of(by, desk, lang))
        units = viewer.units_below
        own = desk_of(desk, viewer.person, List.OPEN)
        async with desk.pool.acquire(timeout=5) as db:
            loads, counted_at = await overview(db, units, own.now, own.tomorrow_ends)
            below = worklists.Desk(units, own.name, own.jurisdiction, own.now, own.tomorrow_ends)
            oldest, _ = await worklists.page(db, below, List.OVERDUE, "due", Filters(), BEGINNING, OLDEST)
        rows = towns(viewer, loads)
        values: dict[str, Any] = viewer.page(PATH, town=town) | {
            "towns": rows,
            "opened": {row.id for row in rows if town in (row.id, ALL) or len(rows) == 1},
            "is_folded": len(rows) > 1,
            "toggle": lambda town: viewer.to(PATH, town=town) + "#units",
            "cases": lambda figure, **whose: viewer.to(f"{PATH}/cases", **whose, list=BEHIND[figure]),
            "figures": [(name, viewer.say(*LOADS[name])) for name in FIGURES],
            "table": viewer.to(f"{PATH}.csv"),
            "sums": sums_of(loads),
            "counted_at": showing.when(counted_at, viewer, own.now) if counted_at else "",
            "columns": [Column(viewer.say(*words)) for words in COLUMNS],
            "oldest": [showing.row(case, viewer, own.now, viewer.to(PATH)) for case in oldest],
        }
        return PAGES.render("overview.html", values)

    @router.get(f"{PATH}.csv")
    async def table(by: By, lang: InLanguage = "zh") -> Response:
        viewer = _overseer(Viewer.of(by, desk, lang))
        own = desk_of(desk, viewer.person, List.OPEN)
        async with desk.pool.acquire(timeout=5) as db:
            loads, _ = await overview(db, viewer.units_below, own.now, own.tomorrow_ends)
        words = (viewer.say("镇街、部门", "Town or department"), viewer.say("承办单位", "Unit"))
        header = [*words, *(viewer.say(*LOADS[name]) for name in FIGURES)]
        lines = [
            [row.name, unit.name, *(str(unit.figures[name]) for name in FIGURES)]
            for row in towns(viewer, loads)
            for unit in row.units
        ]
        return spreadsheet(f"overview-{own.now.astimezone(viewer.zone):%Y-%m-%d}", header, lines)

    _cases(router, desk, By)
    return router


def _cases(router: APIRouter, desk: CaseHandler, By: Any) -> None:  # noqa: N803 (a type)
    """The cases behind a figure of the overview."""

    @router.get(f"{PATH}/cases")
    async def behind(
        by: By,
        unit: Unit = "",
        town: Unit = "",
        name: Annotated[List, Query(alias="list")] = List.OPEN,
        after: Cursor = "",
        lang: InLanguage = "zh",
    ) -> HTMLResponse:
        viewer = _overseer(Viewer.of(by, desk, lang))
        if name not in BEHIND.values():
            raise Refused(Code.NOT_FOUND, f"the overview has no figure {name}", f"总览中没有“{name}”这项数字")
        of_town = units_of(viewer, town) if town else viewer.units_below
        if (unit and unit not in viewer.units_below) or not of_town:
            raise Refused(Code.FORBIDDEN, f"{unit or town} is not below your unit", "该单位不属于您的管辖范围")
        own = desk_of(desk, viewer.person, List.OPEN)
        units = [unit] if unit else of_town
        below = worklists.Desk(units, own.name, own.jurisdiction, own.now, own.tomorrow_ends)
        async with desk.pool.acquire(timeout=5) as db:
            cases, next_place = await worklists.page(db, below, name, "due", Filters(), place_of(after), PAGE)
        chosen = {"unit": unit, "town": town, "list": name}
        whose = viewer.unit_name(unit or town) or viewer.say("全部单位", "All units")
        if town and len(units) > 1:
            whose += viewer.say("（含下级单位）", " with the units below")
        values: dict[str, Any] = viewer.page(f"{PATH}/cases", **chosen, after=after) | {
            "heading": f"{whose} · {viewer.say(*LISTS[name][:2])}",
            "columns": [Column(viewer.say(*words)) for words in COLUMNS],
            "groups": showing.groups(cases, viewer, own.now, viewer.to(f"{PATH}/cases", **chosen, after=after)),
            "later": viewer.to(f"{PATH}/cases", **chosen, after=next_place.as_cursor()) if next_place else "",
            "earlier": viewer.to(f"{PATH}/cases", **chosen) if after else "",
        }
        return PAGES.render("overview_cases.html", values)


def _overseer(viewer: Viewer) -> Viewer:
    if not viewer.roles & OVERSEERS:
        raise Refused(
            Code.FORBIDDEN, "the overview is for heads, leaders and auditors", "总览供负责人、领导和审计员查看"
        )
    return viewer
