"""The overview: how the units below stand, the worst first, what is the longest overdue, and the cases behind each
figure."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse

from services.routing.cases import worklists
from services.routing.cases.desks import desk_of
from services.routing.cases.handler import CaseHandler
from services.routing.cases.overview import overview
from services.routing.cases.overview_queries import FIGURES
from services.routing.cases.worklists import BEGINNING, Cursor, Filters, List, place_of
from services.routing.web import showing
from services.routing.web.desk_page import PAGES, InLanguage, desk_router
from services.routing.web.viewer import OVERSEERS, Viewer
from services.routing.web.words import LISTS
from shared.contracts.refusals import Code, Refused
from shared.identity.gate import Gate, SignedIn
from shared.web.parts import Column

PATH: Final = "/desk/overview"
BEHIND: Final = {figure: List(figure.replace("_", "-")) for figure in FIGURES}
"""The list of cases that each figure counts."""
OLDEST: Final = 20
PAGE: Final = 50
COLUMNS = (("诉求", "Demand"), ("时限", "Due"), ("承办单位", "Unit"), ("状态", "Status"), ("编号", "Number"))


def routes(desk: CaseHandler, gate: Gate) -> APIRouter:
    """For those who look after other units."""
    router = desk_router()
    By = Annotated[SignedIn, Depends(gate.signed_in)]  # noqa: N806 (a type)

    @router.get(PATH)
    async def show_overview(by: By, lang: InLanguage = "zh") -> HTMLResponse:
        viewer = _overseer(Viewer.of(by, desk, lang))
        units = viewer.units_below
        own = desk_of(desk, viewer.person, List.OPEN)
        async with desk.pool.acquire(timeout=5) as db:
            loads, counted_at = await overview(db, units, own.now, own.tomorrow_ends)
            below = worklists.Desk(units, own.name, own.jurisdiction, own.now, own.tomorrow_ends)
            oldest, _ = await worklists.page(db, below, List.OVERDUE, "due", Filters(), BEGINNING, OLDEST)
        values: dict[str, Any] = viewer.page(PATH) | {
            "units": [{**load._asdict(), "name": viewer.unit_name(load.unit)} for load in loads],
            "cases": lambda unit, figure: viewer.to(f"{PATH}/cases", unit=unit, list=BEHIND[figure]),
            "sums": {name: sum(getattr(load, name) for load in loads) for name in FIGURES},
            "counted_at": showing.when(counted_at, viewer, own.now) if counted_at else "",
            "columns": [Column(viewer.say(*words)) for words in COLUMNS],
            "oldest": [showing.row(case, viewer, own.now, viewer.to(PATH)) for case in oldest],
        }
        return PAGES.render("overview.html", values)

    @router.get(f"{PATH}/cases")
    async def behind(
        by: By,
        unit: Annotated[str, Query(max_length=64)] = "",
        name: Annotated[List, Query(alias="list")] = List.OPEN,
        after: Cursor = "",
        lang: InLanguage = "zh",
    ) -> HTMLResponse:
        viewer = _overseer(Viewer.of(by, desk, lang))
        if name not in BEHIND.values():
            raise Refused(Code.NOT_FOUND, f"the overview has no figure {name}", f"总览中没有“{name}”这项数字")
        if unit and unit not in viewer.units_below:
            raise Refused(Code.FORBIDDEN, f"{unit} is not below your unit", "该单位不属于您的管辖范围")
        own = desk_of(desk, viewer.person, List.OPEN)
        units = [unit] if unit else viewer.units_below
        below = worklists.Desk(units, own.name, own.jurisdiction, own.now, own.tomorrow_ends)
        async with desk.pool.acquire(timeout=5) as db:
            cases, following = await worklists.page(db, below, name, "due", Filters(), place_of(after), PAGE)
        chosen = {"unit": unit, "list": name}
        whose = viewer.unit_name(unit) or viewer.say("全部单位", "All units")
        values: dict[str, Any] = viewer.page(f"{PATH}/cases", **chosen, after=after) | {
            "heading": f"{whose} · {viewer.say(*LISTS[name][:2])}",
            "columns": [Column(viewer.say(*words)) for words in COLUMNS],
            "groups": showing.groups(cases, viewer, own.now, viewer.to(f"{PATH}/cases", **chosen, after=after)),
            "later": viewer.to(f"{PATH}/cases", **chosen, after=following.written()) if following else "",
            "earlier": viewer.to(f"{PATH}/cases", **chosen) if after else "",
        }
        return PAGES.render("overview_cases.html", values)

    return router


def _overseer(viewer: Viewer) -> Viewer:
    if not viewer.roles & OVERSEERS:
        raise Refused(
            Code.FORBIDDEN, "the overview is for heads, leaders and auditors", "总览供负责人、领导和审计员查看"
        )
    return viewer
