"""The inbox: the lists of the unit with their counts, by due time."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from uuid import uuid4

from fastapi import APIRouter, Depends, Form, Query, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.routing.cases import worklists
from services.routing.cases.commands import AcceptDemand
from services.routing.cases.desks import desk_of
from services.routing.cases.handler import CaseHandler
from services.routing.cases.worklist_filters import Filters
from services.routing.cases.worklists import Cursor, List, Sort, place_of
from services.routing.web import showing
from services.routing.web.day_parameters import Days
from services.routing.web.desk_page import PAGES, InLanguage, Tick, desk_router
from services.routing.web.form_options import categories_or_all
from services.routing.web.outcome_pages import given_to_many
from services.routing.web.viewer import Viewer
from services.routing.web.words import DESK, LISTS
from shared.contracts.numbers import canonical
from shared.contracts.text import Text
from shared.identity.gate import HOME, Gate, SignedIn
from shared.web.parts import Column, RowGroup, Tab
from shared.web.way_back import Back

PAGE: Final = 50
Narrowed = Annotated[Text, Query(max_length=64)]


def routes(desk: CaseHandler, gate: Gate) -> APIRouter:
    """The routes of the inbox, and of commands to many of its cases at once."""
    router = desk_router()
    By = Annotated[SignedIn, Depends(gate.signed_in)]  # noqa: N806 (a type)

    @router.get("/desk")
    async def inbox(
        by: By,
        name: Annotated[List, Query(alias="list")] = List.OPEN,
        division: Narrowed = "",
        category: Narrowed = "",
        handler: Narrowed = "",
        text: Narrowed = "",
        days: Annotated[Days, Depends()] = Days(),  # noqa: B008 (frozen)
        sort: Sort = "due",
        after: Cursor = "",
        tick: Tick = "",
        lang: InLanguage = "zh",
    ) -> HTMLResponse:
        viewer = Viewer.of(by, desk, lang)
        own = desk_of(desk, viewer.person, name)
        search = text and (canonical(text) or text)
        filters = Filters(
            division or None, category or None, handler or None, search or None, viewer.places_named(text),
            days.raised(viewer), days.due(viewer),
        )  # fmt: skip
        async with desk.pool.acquire(timeout=5) as db:
            cases, next_place = await worklists.page(db, own, name, sort, filters, place_of(after), PAGE)
            counts = await worklists.counts(db, own)
        chosen = {
            "list": name, "division": division, "category": category, "handler": handler, "text": text, "sort": sort,
            **days.chosen(),
        }  # fmt: skip
        by_days = any(days.chosen().values())
        here = viewer.to("/desk", **chosen, after=after)
        groups = showing.groups(cases, viewer, own.now, here)
        values = viewer.page("/desk", **chosen, after=after) | {
            "groups": groups,
            "sign": viewer.to("/desk/sign", back=here),
            "count": len(cases),
            "total": counts[name],
            "tabs": _tabs(viewer, chosen, counts),
            "chosen": chosen,
            "narrowed": bool(division or category or handler or text or by_days),
            "by_days": by_days,
            "elsewhere": viewer.to("/desk/done", text=text) if text else "",
            "villages": _villages(viewer),
            "categories": categories_or_all(viewer),
            "later": viewer.to("/desk", **chosen, after=next_place.as_cursor()) if next_place else "",
            "earlier": viewer.to("/desk", **chosen) if after else "",
            "key": str(uuid4()),
            "news": viewer.to("/desk/news", seen=_stand(counts)),
        }
        values |= _boxes(viewer, groups, chosen, after, tick)
        return PAGES.render("desk.html", values)

    _news(router, desk, By)
    _signing(router, desk, By)
    return router


def _news(router: APIRouter, desk: CaseHandler, By: Any) -> None:  # noqa: N803 (a type)
    @router.get("/desk/news")
    async def news(by: By, seen: Annotated[str, Query(max_length=200)] = "", lang: InLanguage = "zh") -> Response:
        viewer = Viewer.of(by, desk, lang)
        async with desk.pool.acquire(timeout=5) as db:
            counts = await worklists.counts(db, desk_of(desk, viewer.person, List.OPEN))
        if _stand(counts) == seen:
            return Response(status_code=204)
        return PAGES.render("news.html", viewer.page("/desk"))


def _signing(router: APIRouter, desk: CaseHandler, By: Any) -> None:  # noqa: N803 (a type)
    @router.post("/desk/sign")
    async def sign_for(
        by: By,
        number: Annotated[list[str] | None, Form()] = None,
        key: Annotated[str, Form(max_length=64)] = "",
        back: Back = "",
        lang: InLanguage = "zh",
    ) -> Any:
        viewer = Viewer.of(by, desk, lang)
        if not number:
            return RedirectResponse(viewer.to("/desk", list="unsigned"), 303)
        title, done = DESK[viewer.lang]["done"], viewer.say("已签收", "signed for")
        return await given_to_many(
            desk, viewer, AcceptDemand(), number, key, title=title, done=done, path=HOME, back=back
        )


def _stand(counts: Mapping[List, int]) -> str:
    """A digest of the counts: if it changes, cases came or went."""
    return "-".join(str(counts[name]) for name in List)


def _boxes(
    viewer: Viewer, groups: Sequence[RowGroup], chosen: Mapping[str, str], after: str, tick: str
) -> dict[str, Any]:
    """The columns, and the boxes to sign for several cases: only where there is one to sign for."""
    can_sign = any(row["signable"] for group in groups for row in group.rows)
    return {
        "can_sign": can_sign,
        "all": tick == "all",
        "tick": viewer.to("/desk", **chosen, after=after, tick="" if tick else "all"),
        "columns": _columns(viewer, chosen, can_sign),
    }


def _columns(viewer: Viewer, chosen: Mapping[str, str], can_sign: bool) -> list[Column]:
    words = DESK[viewer.lang]

    def sorted_by(name: str, sort: Sort) -> Column:
        address = viewer.to("/desk", **{**chosen, "sort": sort})
        return Column(words[name], address, "ascending" if chosen["sort"] == sort else "")

    rest = (Column(words[name]) for name in ("status", "handler", "updated", "number"))
    boxes = [Column(words["choose"], kind="check")] if can_sign else []
    return [*boxes, sorted_by("case", "age"), sorted_by("due", "due"), *rest]


def _tabs(viewer: Viewer, chosen: Mapping[str, str], counts: Mapping[List, int]) -> list[Tab]:
    """The lists; another one keeps the filters and the order."""
    current = List(chosen["list"])
    always = {List.OPEN, List.OVERDUE, List.DUE_SOON, List.UNSIGNED, current}
    return [
        Tab(
            viewer.to("/desk", **{**chosen, "list": name}),
            viewer.say(zh, en),
            counts[List(name)],
            name == current,
            tone,
        )
        for name, (zh, en, tone) in LISTS.items()
        if counts[List(name)] or name in always
    ]


def _villages(viewer: Viewer) -> list[tuple[str, str]]:
    """The choices of places below the unit's own."""
    unit = viewer.pack.unit(viewer.person.unit)
    home = unit.division_code if unit else viewer.pack.root
    below = [place for place in viewer.pack.divisions if viewer.pack.is_within(place.code, home)]
    return [("", viewer.say("全部", "All")), *((place.code, place.name) for place in below)]
