"""The page of the triage: cases that no rule decided, with suggestions, which are routed with one click or many at
once."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal
from uuid import uuid4

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import HTMLResponse

from services.routing.cases import queries, worklists
from services.routing.cases.desks import desk_of
from services.routing.cases.handler import CaseHandler
from services.routing.cases.parsing import command_of
from services.routing.cases.worklist_filters import Filters
from services.routing.cases.worklists import CaseSummary, Cursor, Desk, List, place_of
from services.routing.catalogue.permissions import EDIT, has_right
from services.routing.web import form_options, showing
from services.routing.web.case_words import triage_words
from services.routing.web.desk_page import PAGES, Done, Handled, InLanguage, Tick, desk_router
from services.routing.web.outcome_pages import given_to_many
from services.routing.web.viewer import Viewer
from shared.contracts.numbers import canonical
from shared.contracts.refusals import Code, Refused
from shared.contracts.text import Text
from shared.identity.gate import Gate, SignedIn
from shared.web.way_back import Back

PATH: Final = "/desk/triage"
PAGE: Final = 30
_WHY: Final = ("派单时选定类别", "Category chosen at the dispatch")
"""The reason that is recorded where a dispatcher chooses a category in the list."""
Search = Annotated[Text, Query(max_length=64)]
Unit = Annotated[str, Query(max_length=64, description="the unit that the case just went to")]


def routes(desk: CaseHandler, gate: Gate) -> APIRouter:
    """The routes of the dispatchers' list."""
    router = desk_router()
    By = Annotated[SignedIn, Depends(gate.signed_in)]  # noqa: N806 (a type)

    @router.get(PATH)
    async def triage(
        by: By,
        after: Cursor = "",
        text: Search = "",
        done: Done = "",
        number: Handled = "",
        unit: Unit = "",
        tick: Tick = "",
        lang: InLanguage = "zh",
    ) -> HTMLResponse:
        viewer = Viewer.of(by, desk, lang)
        own = desk_of(desk, viewer.person, List.TRIAGE)
        filters = Filters(text=(canonical(text) or text) or None, places=viewer.places_named(text))
        async with desk.pool.acquire(timeout=5) as db:
            cases, next_place = await worklists.page(db, own, List.TRIAGE, "age", filters, place_of(after), PAGE)
            reasons = await queries.triage_reasons(db, [case.id for case in cases])
            total = (await worklists.counts(db, own))[List.TRIAGE]
        here = viewer.to(PATH, after=after, text=text)
        values: dict[str, Any] = (
            viewer.page(PATH, after=after, text=text)
            | viewer.just_done(done, number, here, unit)
            | {
                "waiting": _waiting(viewer, own, cases, reasons, here),
                "total": total,
                "text": text,
                "units": _units(viewer),
                "categories": form_options.leaf_categories(viewer),
                "why": viewer.say(*_WHY),
                "all": tick == "all",
                "tick": viewer.to(PATH, after=after, text=text, tick="" if tick else "all"),
                "many": viewer.to(f"{PATH}/many", back=here),
                "key": str(uuid4()),
                "later": viewer.to(PATH, after=next_place.as_cursor(), text=text) if next_place else "",
                "earlier": viewer.to(PATH, text=text) if after else "",
            }
        )
        return PAGES.render("triage.html", values)

    _many(router, desk, By)
    return router


def _many(router: APIRouter, desk: CaseHandler, By: Any) -> None:  # noqa: N803 (a type)
    @router.post(f"{PATH}/many")
    async def decide_many(
        signed_in: By,
        by: Annotated[Literal["unit", "category"], Form()] = "unit",
        number: Annotated[list[str] | None, Form()] = None,
        unit: Annotated[str, Form(max_length=64)] = "",
        category: Annotated[str, Form(max_length=64)] = "",
        key: Annotated[str, Form(max_length=64)] = "",
        back: Back = "",
        lang: InLanguage = "zh",
    ) -> HTMLResponse:
        viewer = Viewer.of(signed_in, desk, lang)
        if not number or not (unit if by == "unit" else category):
            raise Refused(
                Code.INVALID,
                "nothing was sent: tick the cases, and choose a unit or a category",
                "没有派单：请先勾选诉求，再选择单位或类别",
            )
        if by == "unit":
            command = command_of("route", {"unit": unit})
            done = viewer.say("已派给", "sent to ") + viewer.unit_name(unit)
        else:
            command = command_of("reclassify", {"category": category, "reason": viewer.say(*_WHY)})
            done = viewer.say("类别已改为", "the category is now ") + viewer.category_name(category)
        title = viewer.say("批量派单", "Sent at once")
        return await given_to_many(desk, viewer, command, number, key, title=title, done=done, path=PATH, back=back)


def _waiting(
    viewer: Viewer, own: Desk, cases: Sequence[CaseSummary], reasons: Mapping[Any, queries.TriageReason], here: str
) -> list[dict[str, Any]]:
    """The cases of the page, each with what the citizen wrote, why no rule decided, and the suggested units."""
    edits = has_right(viewer.person, viewer.pack, EDIT)
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
                "category": case.category,
                "new_rule": viewer.to("/desk/catalogue/new", case=case.number) if edits else "",
                "key": str(uuid4()),
            }
        )
    return waiting


def _units(viewer: Viewer) -> list[tuple[str, str]]:
    """All units, by the words of the list to choose from."""
    return [(unit.id, viewer.unit_name(unit.id)) for unit in viewer.pack.units]
