"""The route that gives the map of the public list its markers."""

from typing import Any

from fastapi import APIRouter

from services.intake.public.api import FRESH, About, Id, Stands, Where, Words
from services.intake.public.lookup import PublicLookup, PublicQuestion
from services.intake.web import map_view
from services.intake.web.map_tiles import MapTiles
from services.intake.web.portal_page import InLanguage, portal_router
from services.intake.web.visit import PageVisit
from shared.chassis.http import response_headers
from shared.contracts.refusals import Code, Refused


def routes(lookup: PublicLookup, tiles: MapTiles) -> APIRouter:
    """The route `/demands/map.json`, with the filters of the list; it must be registered before the page of one
    demand."""
    router = portal_router()

    @router.get("/demands/map.json")
    async def released(
        division: Where = "",
        category: About = "",
        status: Stands = "",
        words: Words = "",
        jurisdiction: Id = None,
        lang: InLanguage = "zh",
    ) -> dict[str, Any]:
        response_headers.add(FRESH)
        if not tiles.address:
            raise Refused(Code.NOT_FOUND, "no map is set up here", "本平台没有设置地图")
        visit, pack = PageVisit(lang), lookup.pack(jurisdiction)
        counts = await lookup.by_division(pack, PublicQuestion(division, category, status, words))
        filters = {"category": category, "status": status, "words": words, "jurisdiction": jurisdiction or ""}
        return map_view.markers(counts, pack, tiles, visit, **filters)

    return router
