"""The overview: how the units below stand, the worst first, and what is the longest overdue."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from services.routing.cases import worklists
from services.routing.cases.desks import desk_of
from services.routing.cases.handler import CaseHandler
from services.routing.cases.overview import overview
from services.routing.cases.overview_queries import FIGURES
from services.routing.cases.worklists import BEGINNING, Filters, List
from services.routing.web import showing
from services.routing.web.desk_page import PAGES, InLanguage, desk_router
from services.routing.web.viewer import OVERSEERS, Viewer
from shared.contracts.refusals import Code, Refused
from shared.identity.gate import Gate, SignedIn
from shared.identity.person import Role
from shared.web.parts import Column

OLDEST = 20
COLUMNS = (("诉求", "Demand"), ("时限", "Due"), ("承办单位", "Unit"), ("状态", "Status"), ("编号", "Number"))


def routes(desk: CaseHandler, gate: Gate) -> APIRouter:
    """For those who look after other units."""
    router = desk_router()
    By = Annotated[SignedIn, Depends(gate.signed_in)]  # noqa: N806 (a type)

    @router.get("/desk/overview")
    async def show_overview(by: By, lang: InLanguage = "zh") -> HTMLResponse:
        viewer = Viewer.of(by, desk, lang)
        if not viewer.roles & OVERSEERS:
            raise Refused(
                Code.FORBIDDEN, "the overview is for heads, leaders and auditors", "总览供负责人、领导和审计员查看"
            )
        units = units_of(viewer)
        own = desk_of(desk, viewer.person, List.OPEN)
        async with desk.pool.acquire(timeout=5) as db:
            loads, counted_at = await overview(db, units, own.now, own.tomorrow_ends)
            below = worklists.Desk(units, own.name, own.jurisdiction, own.now, own.tomorrow_ends)
            oldest, _ = await worklists.page(db, below, List.OVERDUE, "due", Filters(), BEGINNING, OLDEST)
        values: dict[str, Any] = viewer.page("/desk/overview") | {
            "units": [{**load._asdict(), "name": viewer.unit_name(load.unit)} for load in loads],
            "sums": {name: sum(getattr(load, name) for load in loads) for name in FIGURES},
            "counted_at": showing.when(counted_at, viewer, own.now) if counted_at else "",
            "columns": [Column(viewer.say(*words)) for words in COLUMNS],
            "oldest": [showing.row(case, viewer, own.now) for case in oldest],
        }
        return PAGES.render("overview.html", values)

    return router


def units_of(viewer: Viewer) -> list[str]:
    """The own unit and those below; of auditors, administrators and the coordinator's people, all."""
    pack, own = viewer.pack, viewer.person.unit
    if own == pack.coordinator or viewer.roles & {Role.AUDITOR, Role.ADMIN}:
        return [unit.id for unit in pack.units]
    return [own, *(unit.id for unit in pack.units if own in pack.units_above(unit.id))]
