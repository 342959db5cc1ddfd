"""The pages of released demands: the list with its search, and one page for each demand."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.intake.public.api import FRESH, About, Cursor, Id, Stands, Where, Words
from services.intake.public.documents import PublicDemandSummary
from services.intake.public.lookup import PublicLookup, PublicQuestion
from services.intake.web import public_view
from services.intake.web.map_tiles import MapTiles
from services.intake.web.portal_page import PAGES, InLanguage, portal_router
from services.intake.web.visit import PageVisit
from shared.chassis.http import response_headers
from shared.chassis.http.pagination import NEWEST, moment
from shared.contracts.numbers import LONGEST, canonical, read_number
from shared.contracts.refusals import Code, Refused
from shared.identity.session_cookie import IsStaff
from shared.jurisdiction.pack import Pack
from shared.web.parts import Column, RowGroup

PAGE = 20


def routes(lookup: PublicLookup, tiles: MapTiles) -> APIRouter:
    """The routes `/demands` and `/demands/NUMBER`."""
    router = portal_router()

    @router.get("/demands")
    async def demands(
        division: Where = "",
        category: About = "",
        status: Stands = "",
        words: Words = "",
        jurisdiction: Id = None,
        after: Cursor = "",
        lang: InLanguage = "zh",
        is_staff: IsStaff = False,
    ) -> Response:
        response_headers.add(FRESH)
        visit, pack = PageVisit(lang, is_staff=is_staff), lookup.pack(jurisdiction)
        if number := canonical(words):
            return RedirectResponse(visit.to(f"/demands/{number}"), 303)
        question = PublicQuestion(division, category, status, words)
        demands: list[PublicDemandSummary] = []
        following, errors = None, {}
        try:
            demands, following = await lookup.page(pack, question, moment(after, NEWEST), PAGE)
        except Refused as refused:
            if refused.code is not Code.INVALID:
                raise
            errors = {error.field: visit.say(error.zh, error.en) for error in refused.errors}
        filters = _asked(question, pack, lookup)
        markers = visit.to("/demands/map.json", **filters)
        values = visit.page("/demands", **filters, after=after) | _choices(pack, visit, lookup) | {
            "asked": question,
            "narrowed": any((division, category, status, words)),
            "errors": errors,
            "columns": [Column(visit.say(*name)) for name in _COLUMNS],
            "groups": [RowGroup([public_view.row(demand, pack, visit) for demand in demands])],
            "shown": len(demands),
            "later": visit.to("/demands", **filters, after=following.as_cursor()) if following else "",
            "earlier": visit.to("/demands", **filters) if after else "",
            "feed": visit.to("/demands/feed.atom", **filters),
            "releases": pack.publication.release is not None,
            "map": tiles.begins(pack) | {"markers": markers} if tiles.address else None,
        }  # fmt: skip
        return PAGES.render("public_demands.html", values, 422 if errors else 200, tiles.host)

    @router.get("/demands/{number}")
    async def demand(
        number: Annotated[str, Path(max_length=LONGEST)], lang: InLanguage = "zh", is_staff: IsStaff = False
    ) -> HTMLResponse:
        response_headers.add(FRESH)
        visit = PageVisit(lang, is_staff=is_staff)
        pack, demand = await lookup.demand(read_number(number))
        values = visit.page(f"/demands/{demand.number}") | {
            "demand": public_view.story(demand, pack, visit),
            "list": visit.to("/demands", **_other(pack, lookup)),
        }
        return PAGES.render("public_demand.html", values)

    return router


_COLUMNS = (("诉求", "Demand"), ("办理情况", "Status"), ("公开时间", "Published"), ("编号", "Number"))


def _asked(question: PublicQuestion, pack: Pack, lookup: PublicLookup) -> dict[str, str]:
    """The parameters of the list, without its cursor."""
    return {
        "words": question.words,
        "division": question.division,
        "category": question.category,
        "status": question.status,
        **_other(pack, lookup),
    }


def _other(pack: Pack, lookup: PublicLookup) -> dict[str, str]:
    """The parameter for the jurisdiction; empty for the first one."""
    return {} if next(iter(lookup.packs), None) is pack else {"jurisdiction": pack.id}


def _choices(pack: Pack, visit: PageVisit, lookup: PublicLookup) -> dict[str, Any]:
    return {
        "place": visit.say(pack.name.zh, pack.name.en),
        "kept": {"lang": visit.lang, **_other(pack, lookup)},
        "clear": visit.to("/demands", **_other(pack, lookup)),
        "places": public_view.places(pack, visit),
        "categories": public_view.categories(pack, visit),
        "statuses": public_view.statuses(visit),
    }
