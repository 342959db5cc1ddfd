"""The page of answers that wait to be published: the proposed text, and the commands to release it or not."""

from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import uuid4

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from services.routing.cases.handler import CaseHandler
from services.routing.cases.worklists import Cursor
from services.routing.publications import queries
from services.routing.publications.queries import AwaitingRelease
from services.routing.web import showing
from services.routing.web.desk_page import PAGES, Done, Handled, InLanguage, desk_router
from services.routing.web.viewer import Viewer
from shared.chassis.http.pagination import OLDEST, moment
from shared.contracts.demand.state import Demand
from shared.contracts.refusals import Code, Refused
from shared.identity.gate import Gate, SignedIn

PATH: Final = "/desk/publications"
PAGE: Final = 30


def routes(desk: CaseHandler, gate: Gate) -> APIRouter:
    """The route of the reviewers' list."""
    router = desk_router()
    By = Annotated[SignedIn, Depends(gate.signed_in)]  # noqa: N806 (a type)

    @router.get(PATH)
    async def publications(
        by: By, after: Cursor = "", done: Done = "", number: Handled = "", lang: InLanguage = "zh"
    ) -> HTMLResponse:
        viewer = Viewer.of(by, desk, lang)
        if not viewer.publishes:
            en = "this list is for those who publish: ask the coordinator"
            raise Refused(Code.FORBIDDEN, en, "仅负责公开审核的人员可以查看，请联系统筹单位")
        units, now = _units(viewer), desk.clock()
        async with desk.pool.acquire(timeout=5) as db:
            publications, next_place = await queries.waiting(db, viewer.pack.id, units, moment(after, OLDEST), PAGE)
            total = await queries.count(db, viewer.pack.id, units)
        here = viewer.to(PATH, after=after)
        values: dict[str, Any] = (
            viewer.page(PATH, after=after)
            | viewer.just_done(done, number, here)
            | {
                "waiting": [
                    _row(publication, viewer, showing.when(publication.since, viewer, now), here)
                    for publication in publications
                ],
                "total": f"{total}+" if total >= queries.COUNTED_UP_TO else total,
                "later": viewer.to(PATH, after=next_place.as_cursor()) if next_place else "",
                "earlier": viewer.to(PATH) if after else "",
            }
        )
        return PAGES.render("publications.html", values)

    return router


def _units(viewer: Viewer) -> Sequence[str] | None:
    """The units whose answers this person releases; None for all of the jurisdiction."""
    if viewer.coordinates:
        return None
    pack, own = viewer.pack, viewer.person.unit
    return [unit.id for unit in pack.units if own in pack.units_above(unit.id)]


def _row(waiting: AwaitingRelease, viewer: Viewer, since: str, back: str) -> dict[str, Any]:
    demand = Demand.model_validate_json(waiting.state)
    command = "correct-publication" if waiting.is_correction else "publish"
    return {
        "number": demand.number,
        "href": viewer.case_href(demand.number, back=back),
        "title": demand.title or viewer.say("（无标题）", "(no title)"),
        "has_title": bool(demand.title),
        "text": waiting.text,
        "answer": waiting.proposal,
        "place": f"{viewer.place_name(demand.division)} · {viewer.category_name(demand.category)}",
        "unit": viewer.unit_name(demand.unit),
        "since": since,
        "version": demand.version,
        "key": str(uuid4()),
        "is_correction": waiting.is_correction,
        "publish": viewer.case_href(demand.number, "publish", back),
        "edit": viewer.case_href(demand.number, command, back),
        "withhold": viewer.case_href(demand.number, "withdraw-publication", back),
    }
