"""The page of similar open demands, which the citizen may support instead of raising a new one."""

from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.intake.similar.scoring import Aspect
from services.intake.similar.view import Like
from services.intake.web.allowance import Act
from services.intake.web.draft import RaiseDraft
from services.intake.web.portal_page import PAGES, InLanguage, portal_router
from services.intake.web.raise_forms import Errors
from services.intake.web.raising import Raising, complete, day, finish, pack_of, said
from services.intake.web.visit import PageVisit
from shared.contracts.numbers import read_number
from shared.contracts.refusals import Refused
from shared.identity.visitors import Visitor, Visitors
from shared.jurisdiction.pack import Pack

TOLD: Final = (Aspect.WORDING, Aspect.PLACE)
"""The reasons that are shown, beside the day, which is always shown."""


@dataclass(frozen=True, slots=True)
class SimilarCase:
    """A similar open demand, in the words of the page."""

    number: str
    title: str
    place: str
    status: str
    raised: str
    why: str


def routes(raising: Raising, visitors: Visitors) -> APIRouter:
    """The route of the step between contact and check; it is skipped if there are no similar demands."""
    router = portal_router()
    By = Annotated[Visitor, Depends(visitors.visitor)]  # noqa: N806 (a type)

    @router.get("/raise/{id}/similar")
    async def similar(id: UUID, by: By, lang: InLanguage = "zh") -> Response:
        visit = PageVisit(lang, by)
        draft = await complete(raising, visit, id)
        likes = await raising.portal.similar(draft)
        if not likes:
            return RedirectResponse(visit.to(f"/raise/{id}/check"), 303)
        return _similar_page(raising, visit, id, draft, likes)

    @router.post("/raise/{id}/similar")
    async def choose(id: UUID, by: By, request: Request, lang: InLanguage = "zh") -> Response:
        visit, number = PageVisit(lang, by), str((await request.form()).get("support") or "")
        draft = await complete(raising, visit, id)
        if not number:
            return RedirectResponse(visit.to(f"/raise/{id}/check"), 303)
        await raising.allowance.count(request, Act.SEND)
        try:
            sent = await raising.portal.support(id, draft, read_number(number))
        except Refused as refused:
            error: Errors = {"similar": (refused.zh or refused.en, refused.en)}
            return _similar_page(raising, visit, id, draft, await raising.portal.similar(draft), error)
        return await finish(raising, visit, id, sent, draft.division)

    return router


def _similar_page(
    raising: Raising, visit: PageVisit, id: UUID, draft: RaiseDraft, likes: list[Like], errors: Errors | None = None
) -> HTMLResponse:
    path, pack = f"/raise/{id}/similar", pack_of(raising, draft)
    values = raising.page(visit, 4, path, id, draft=draft, errors=said(visit, errors), action=visit.to(path))
    values |= {"cases": [_case(raising, visit, pack, like) for like in likes]}
    return PAGES.render("raise_similar.html", values, 409 if errors else 200)


def _case(raising: Raising, visit: PageVisit, pack: Pack, like: Like) -> SimilarCase:
    category = pack.category(like.category) if like.category else None
    about = getattr(category.name, visit.lang) if category else visit.say("一件诉求", "A demand")
    return SimilarCase(
        like.number,
        like.title or about,
        raising.portal.places.address(pack, like.division) if like.division else "",
        like.status,
        day(like.raised, pack, visit),
        visit.say("；", "; ").join(visit.say(why.zh, why.en) for why in like.reasons if why.aspect in TOLD),
    )
