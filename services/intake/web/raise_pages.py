"""The pages of the first steps that raise a demand: text and photos, place, and contact."""

from dataclasses import replace
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import FormData, UploadFile

from services.intake.attachments.kinds import MAX_ATTACHMENTS
from services.intake.web import raise_forms
from services.intake.web.allowance import Act
from services.intake.web.draft import RaiseDraft
from services.intake.web.map_tiles import middle_of
from services.intake.web.places import Choice
from services.intake.web.portal_page import PAGES, InLanguage, portal_router
from services.intake.web.raise_forms import Errors
from services.intake.web.raising import Raising, said
from services.intake.web.visit import PageVisit
from shared.chassis.http.body_limit import LargerBodies
from shared.contracts.demand.facts import Location
from shared.contracts.refusals import Refused
from shared.identity.visitors import Visitor, Visitors

LARGER: Final = LargerBodies("/raise", 32 * 1_048_576)
"""Larger bodies are allowed: several photos come in one form if there is no JavaScript that makes them smaller."""
MANY: Final = 12
"""From so many places on, the page has a field that filters them."""
NOT_CHOSEN: Final[Errors] = {"places": ("请在下面选择地点", "Choose a place below")}
OUTSIDE: Final[Errors] = {
    "places": (
        "这个位置不在受理范围内。请换一个位置，或在下面选择地点",
        "That position is outside of the area that is served here: choose another, or a place below",
    )
}
Code = Annotated[str, Query(max_length=64)]
Words = Annotated[str, Query(max_length=60)]


def routes(raising: Raising, visitors: Visitors) -> APIRouter:
    """The routes: `/raise` begins a draft. Each step has a URL of its own, so that going back loses nothing."""
    router = portal_router(LARGER)
    By = Annotated[Visitor, Depends(visitors.visitor)]  # noqa: N806 (a type)

    @router.get("/raise")
    async def begin(by: By, at: Code = "", lang: InLanguage = "zh") -> RedirectResponse:
        return RedirectResponse(PageVisit(lang, by).to(f"/raise/{raising.drafts.new_id()}/words", at=at), 303)

    @router.get("/raise/{id}/words")
    async def words(id: UUID, by: By, at: Code = "", lang: InLanguage = "zh") -> HTMLResponse:
        visit = PageVisit(lang, by)
        return _words_page(raising, visit, id, await raising.begun(visit, id) or RaiseDraft(division=at or None), at)

    @router.post("/raise/{id}/words")
    async def save_words(id: UUID, by: By, request: Request, at: Code = "", lang: InLanguage = "zh") -> Response:
        visit = PageVisit(lang, by)
        draft = await raising.begun(visit, id)
        if draft is None:
            await raising.allowance.count(request, Act.BEGIN)
        return await _save_words(raising, visit, id, draft or RaiseDraft(), at, request)

    _placing(router, raising, By)
    _naming(router, raising, By)
    return router


async def _save_words(
    raising: Raising, visit: PageVisit, id: UUID, draft: RaiseDraft, at: str, request: Request
) -> Response:
    """Store the text. `at` is the place that a link named, such as the one on a village's notice board."""
    form = await request.form()
    draft, errors = raise_forms.with_words(draft, form)
    if draft.division is None and raising.portal.places.pack_of(at):
        draft = replace(draft, division=at)
    removed = set(form.getlist("remove"))
    draft = replace(draft, photos=tuple(photo for photo in draft.photos if photo.reference not in removed))
    draft = await _with_photos(raising, draft, form, errors, request)
    await raising.drafts.put(visit.by, id, draft)
    if errors:
        return _words_page(raising, visit, id, draft, at, errors)
    following = "who" if draft.division and draft.division == at else "where"
    return RedirectResponse(visit.to(f"/raise/{id}/{following}"), 303)


async def _with_photos(
    raising: Raising, draft: RaiseDraft, form: FormData, errors: Errors, request: Request
) -> RaiseDraft:
    """The draft with the photos that could be stored; the others are errors of the field."""
    files = [file for file in form.getlist("photos") if isinstance(file, UploadFile) and file.size]
    photos = list(draft.photos)
    for file in files if raising.portal.takes_photos else ():
        if len(photos) >= MAX_ATTACHMENTS:
            errors["photos"] = raise_forms.TOO_MANY_PHOTOS
            break
        try:
            await raising.allowance.count(request, Act.PHOTO)
            photos.append(await raising.portal.keep_photo(await file.read(), file.filename or ""))
        except Refused as refused:
            name = file.filename or ""
            errors["photos"] = (f"{name}：{refused.zh or refused.en}", f"{name}: {refused.en}")
    return replace(draft, photos=tuple(photos))


def _words_page(
    raising: Raising, visit: PageVisit, id: UUID, draft: RaiseDraft, at: str, errors: Errors | None = None
) -> HTMLResponse:
    path = f"/raise/{id}/words"
    values = raising.page(visit, 1, path, id, draft=draft, errors=said(visit, errors), action=visit.to(path, at=at))
    values |= {"takes_photos": raising.portal.takes_photos, "most_photos": MAX_ATTACHMENTS}
    values["again"] = lambda lang: PageVisit(lang).to(path, at=at)
    return PAGES.render("raise_words.html", values, 422 if errors else 200)


def _placing(router: APIRouter, raising: Raising, By: Any) -> None:  # noqa: N803 (a type)
    places = raising.portal.places

    @router.get("/raise/{id}/where")
    async def where(id: UUID, by: By, within: Code = "", q: Words = "", lang: InLanguage = "zh") -> HTMLResponse:
        return _where_page(raising, visit := PageVisit(lang, by), id, await raising.draft(visit, id), within, q)

    @router.post("/raise/{id}/where")
    async def save_place(
        id: UUID, by: By, request: Request, within: Code = "", q: Words = "", lang: InLanguage = "zh"
    ) -> Response:
        visit, form = PageVisit(lang, by), await request.form()
        draft = raise_forms.with_place(await raising.draft(visit, id), form, raising.tiles)
        chosen, go = str(form.get("division") or form.get("here") or ""), str(form.get("go") or "")
        leads, errors = "where", NOT_CHOSEN if go == "next" else {}
        if go in ("located", raise_forms.ON_MAP) and draft.lat is not None and draft.lon is not None:
            division = places.at(draft.lat, draft.lon)
            draft, within = replace(draft, division=division or draft.division), "" if division else within
            errors = OUTSIDE if places.finds and not division else {}
        elif places.pack_of(chosen):
            if form.get("here") or not places.within(chosen):
                draft, leads = replace(draft, division=chosen), "who"
            within, q = chosen, ""
        elif go == "back":
            leads = "words"
        elif go == "next" and draft.division:
            leads = "who"
        await raising.drafts.put(by, id, draft)
        if leads == "where":
            if errors:
                return _where_page(raising, visit, id, draft, within, q, errors)
            return RedirectResponse(visit.to(f"/raise/{id}/where", within=within, q=q), 303)
        return RedirectResponse(visit.to(f"/raise/{id}/{leads}"), 303)


def _where_page(
    raising: Raising, visit: PageVisit, id: UUID, draft: RaiseDraft, within: str, q: str, errors: Errors | None = None
) -> HTMLResponse:
    places = raising.portal.places
    inside = within if places.pack_of(within) and places.within(within) else places.top()
    choices: list[Choice] = places.named(q) if q else places.within(inside, visit.lang)
    pack = places.pack_of(draft.division)
    parent = places.pack_of(inside)
    values = raising.page(visit, 2, f"/raise/{id}/where", id, draft=draft, errors=said(visit, errors)) | {
        "choices": choices,
        "level": visit.say(*places.level(choices)),
        "inside": inside,
        "inside_name": places.address(parent, inside) if parent and inside else "",
        "is_top": inside == places.top() and not q,
        "many": len(choices) > MANY,
        "asks_words": not any(choice.opens for choice in choices) or bool(q),
        "q": q,
        "finds": places.finds,
        "chosen": places.address(pack, draft.division) if pack else "",
        "action": visit.to(f"/raise/{id}/where", within=within, q=q),
    }
    values["again"] = lambda lang: PageVisit(lang).to(f"/raise/{id}/where", within=within, q=q)
    values["map"] = _map(raising, draft, inside)
    return PAGES.render("raise_where.html", values, 422 if errors else 200, raising.tiles.host)


def _map(raising: Raising, draft: RaiseDraft, inside: str | None) -> dict[str, Any] | None:
    """Where the map begins: at the chosen point, or around the place whose list is shown."""
    tiles, pack = raising.tiles, raising.portal.places.pack_of(inside)
    if not tiles.address:
        return None
    if draft.lat is not None and draft.lon is not None:
        return tiles.begins(pack, Location(lat=draft.lat, lon=draft.lon))
    return tiles.begins(pack, around=middle_of(pack, inside) if pack and inside else None)


def _naming(router: APIRouter, raising: Raising, By: Any) -> None:  # noqa: N803 (a type)
    @router.get("/raise/{id}/who")
    async def who(id: UUID, by: By, lang: InLanguage = "zh") -> HTMLResponse:
        return _who_page(raising, visit := PageVisit(lang, by), id, await raising.draft(visit, id))

    @router.post("/raise/{id}/who")
    async def save_contact(id: UUID, by: By, request: Request, lang: InLanguage = "zh") -> Response:
        visit, form = PageVisit(lang, by), await request.form()
        draft, errors = raise_forms.with_contact(await raising.draft(visit, id), form)
        await raising.drafts.put(by, id, draft)
        if form.get("go") == "back":
            return RedirectResponse(visit.to(f"/raise/{id}/where"), 303)
        if errors:
            return _who_page(raising, visit, id, draft, errors)
        return RedirectResponse(visit.to(f"/raise/{id}/similar"), 303)


def _who_page(
    raising: Raising, visit: PageVisit, id: UUID, draft: RaiseDraft, errors: Errors | None = None
) -> HTMLResponse:
    path = f"/raise/{id}/who"
    values = raising.page(visit, 3, path, id, draft=draft, errors=said(visit, errors), action=visit.to(path))
    return PAGES.render("raise_who.html", values, 422 if errors else 200)
