"""The pages of common demands, which many citizens raised in one place, and which can be merged with one command."""

from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Form, Path, Query
from fastapi.responses import HTMLResponse

from services.routing.cases.commands_api import AT_ONCE, outcome
from services.routing.cases.handler import Actor, CaseHandler
from services.routing.cases.parsing import command_of
from services.routing.hot_spots import queries
from services.routing.hot_spots.permissions import pack_for
from services.routing.hot_spots.queries import StoredHotSpot
from services.routing.web import showing
from services.routing.web.desk_page import PAGES, InLanguage, desk_router
from services.routing.web.showing import when
from services.routing.web.viewer import Viewer
from shared.chassis.http import pagination
from shared.contracts.demand.state import Demand
from shared.contracts.refusals import Code, Refused
from shared.identity.gate import Gate, SignedIn
from shared.identity.relations import may

PAGE: Final = 20
MERGE: Final = "merge"
After = Annotated[str, Query(max_length=64)]


def routes(desk: CaseHandler, gate: Gate) -> APIRouter:
    """The routes, for persons who may read every case; merging needs the right to merge each demand."""
    router = desk_router()
    By = Annotated[SignedIn, Depends(gate.signed_in)]  # noqa: N806 (a type)

    @router.get("/desk/hot-spots")
    async def hot_spots(by: By, after: After = "", lang: InLanguage = "zh") -> HTMLResponse:
        viewer = _looking(by, desk, lang)
        before = pagination.read(after, int) if after else None
        async with desk.pool.acquire(timeout=5) as db:
            spots = await queries.hot_spots(db, viewer.pack.id, before, PAGE)
            demands = await queries.demands(db, [spot.id for spot in spots], AT_ONCE)
        last = pagination.cursor_of(str(spots[-1].position).encode()) if len(spots) == PAGE else ""
        values = viewer.page("/desk/hot-spots", after=after) | {
            "spots": [_shown(spot, demands[spot.id], viewer, desk) for spot in spots],
            "later": viewer.to("/desk/hot-spots", after=last) if last else "",
            "earlier": viewer.to("/desk/hot-spots") if after else "",
        }
        return PAGES.render("hot_spots.html", values)

    _merging(router, desk, By)
    return router


def _merging(router: APIRouter, desk: CaseHandler, By: Any) -> None:  # noqa: N803 (a type)
    @router.post("/desk/hot-spots/{id}/merge")
    async def merge(
        id: Annotated[UUID, Path()],
        by: By,
        into: Annotated[str, Form(max_length=64)] = "",
        number: Annotated[list[str] | None, Form()] = None,
        key: Annotated[str, Form(max_length=64)] = "",
        lang: InLanguage = "zh",
    ) -> HTMLResponse:
        viewer = _looking(by, desk, lang)
        async with desk.pool.acquire(timeout=5) as db:
            spot = await queries.hot_spot(db, viewer.pack.id, id)
            members = (await queries.demands(db, [id], AT_ONCE))[id]
        if spot is None:
            raise Refused(Code.NOT_FOUND, "there is no such hot spot", "没有这组共性需求")
        chosen = set(number or [])
        others = [member.number for member in members if member.number in chosen and member.number != into]
        if into not in {member.number for member in members} or not others:
            raise Refused(
                Code.INVALID,
                "choose the demand that the others go into, and at least one other",
                "请选择主件，并勾选至少一件要并入的诉求",
            )
        words = "、".join(spot.phrases[:2])
        command = command_of(MERGE, {"into": into, "reason": f"共性需求：{words}" if words else "共性需求"})
        actor = Actor(viewer.person, f"desk:{key}")
        outcomes = [await outcome(desk, other, command, actor) for other in others]
        done, listed = viewer.say("已并入", "merged"), viewer.to("/desk/hot-spots")
        values = viewer.page("/desk/hot-spots") | {
            "title": viewer.say(f"并入 {into}", f"Merged into {into}"),
            "back": listed,
            "back_words": viewer.say("返回共性需求", "Back to the hot spots"),
            "outcomes": [showing.outcome(case_outcome, viewer, done, listed) for case_outcome in outcomes],
        }
        return PAGES.render("outcomes.html", values)


def _looking(by: SignedIn, desk: CaseHandler, lang: Any) -> Viewer:
    pack_for(by.person, desk.packs)
    return Viewer.of(by, desk, lang)


def _shown(spot: StoredHotSpot, demands: Sequence[Demand], viewer: Viewer, desk: CaseHandler) -> dict[str, Any]:
    now = desk.clock()
    permitted = (demand for demand in demands if may(MERGE, viewer.person, demand, viewer.pack))
    mergeable = [demand for demand in permitted if demand.status in queries.MERGEABLE]
    parent = _parent(demands, mergeable)
    return {
        "id": spot.id,
        "title": viewer.say("、", ", ").join(spot.phrases) or viewer.say("相同诉求", "The same matter"),
        "place": viewer.place_name(spot.division),
        "category": viewer.category_name(spot.category),
        "size": spot.size,
        "first": when(spot.first_at, viewer, now),
        "last": when(spot.last_at, viewer, now),
        "demands": [
            {
                "number": demand.number,
                "title": demand.title or demand.number,
                "href": viewer.case_href(demand.number, back=viewer.to("/desk/hot-spots")),
                "unit": viewer.unit_name(demand.unit),
                "status": demand.status,
                "raised": when(demand.submitted_at, viewer, now),
                "into": demand.parent_number or "",
                "mergeable": demand in mergeable,
            }
            for demand in demands
        ],
        "open": len(mergeable),
        "parent": parent,
        "action": viewer.to(f"/desk/hot-spots/{spot.id}/merge"),
        "key": str(uuid4()),
    }


def _parent(demands: Sequence[Demand], mergeable: Sequence[Demand]) -> str:
    """The demand into which others were already merged, else the first that can be merged."""
    parents = {demand.parent_number for demand in demands if demand.parent_number}
    return next(
        (demand.number for demand in mergeable if demand.number in parents), mergeable[0].number if mergeable else ""
    )
