"""The pages that raise a demand without a network: one page that the phone stores, and the service worker that sends it
later."""

from dataclasses import replace
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.datastructures import FormData, UploadFile

from services.intake.attachments.kinds import MAX_ATTACHMENTS
from services.intake.web import raise_forms
from services.intake.web.allowance import Act
from services.intake.web.devices import is_program, key_of, worker_script
from services.intake.web.draft import Photo, RaiseDraft
from services.intake.web.places import ServedPlaces
from services.intake.web.portal_page import PAGES, InLanguage, portal_router
from services.intake.web.raise_forms import Errors
from services.intake.web.raising import Raising, finish, pack_of, said
from services.intake.web.visit import PageVisit
from shared.contracts.demand.facts import RequestKind
from shared.contracts.refusals import Code, Refused
from shared.identity.visitors import Visitor, Visitors

WORKER: Final = ("device-store.js", "portal-queue.js", "kept-pages.js", "portal-worker.js")
"""One script for the service worker: the code that it shares with the page, and its own."""


def routes(raising: Raising, visitors: Visitors) -> APIRouter:
    """The routes `/raise/offline`, one form for everything, and `/raise/worker.js`, the service worker."""
    router = portal_router()
    By = Annotated[Visitor, Depends(visitors.visitor)]  # noqa: N806 (a type)

    @router.get("/raise/worker.js")
    async def worker() -> Response:
        return worker_script("/raise", *WORKER)

    @router.get("/raise/offline")
    async def ask(by: By, lang: InLanguage = "zh") -> HTMLResponse:
        return _page(raising, PageVisit(lang, by), RaiseDraft())

    @router.post("/raise/offline")
    async def send(by: By, request: Request, lang: InLanguage = "zh") -> Response:
        visit, form, left_out = PageVisit(lang, by), await request.form(), 0
        id = key_of(form.get("key")) or raising.drafts.new_id()
        known = await raising.drafts.find(by, id)
        if known is None or known.sent is None:
            draft, errors = _filled(raising.portal.places, form)
            if not errors:
                await raising.allowance.count(request, Act.SEND)
                draft, left_out = await _with_photos(raising, draft, form, request)
                errors = await _send(raising, visit, id, draft)
            if errors:
                return _wrong(raising, visit, draft, errors, request)
        if not is_program(request):
            return RedirectResponse(visit.to(f"/raise/{id}/receipt"), 303)
        sent = (await raising.drafts.read(by, id)).sent
        assert sent, "it was sent just now, or before"
        receipt = {"number": sent.number, "receipt": visit.to(f"/raise/{id}/receipt"), "photos_left_out": left_out}
        return JSONResponse(receipt)

    return router


async def _with_photos(raising: Raising, draft: RaiseDraft, form: FormData, request: Request) -> tuple[RaiseDraft, int]:
    """The draft with its photos, and how many photos were refused: a demand that waited for a network is not sent back
    for one of them.

    Photos that come again with a demand that was already sent belong to no demand, and the sweep removes them.
    """
    files = [file for file in form.getlist("photos") if isinstance(file, UploadFile) and file.size]
    photos: list[Photo] = []
    for file in files[:MAX_ATTACHMENTS] if raising.portal.takes_photos else ():
        try:
            await raising.allowance.count(request, Act.PHOTO)
            photos.append(await raising.portal.keep_photo(await file.read(), file.filename or ""))
        except Refused as refused:
            if refused.code not in (Code.INVALID, Code.TOO_LARGE):
                raise
    return replace(draft, photos=tuple(photos)), len(files) - len(photos)


async def _send(raising: Raising, visit: PageVisit, id: UUID, draft: RaiseDraft) -> Errors:
    """Send a draft without a check by the citizen, so a suggested category is used only if it is sure."""
    pack = pack_of(raising, draft)
    ranking = raising.portal.suggested(pack, draft)
    category = pack.category(ranking.suggestions[0].category) if ranking.sure else None
    kind = (category.kind if category else None) or RequestKind.HELP
    try:
        sent = await raising.portal.send(id, draft, category.code if category else None, kind)
    except Refused as refused:
        if refused.code is not Code.INVALID:
            raise
        return {"words": (refused.zh or refused.en, refused.en)}
    await finish(raising, visit, id, sent, draft.division)
    return {}


def _filled(places: ServedPlaces, form: FormData) -> tuple[RaiseDraft, Errors]:
    draft, errors = raise_forms.with_words(RaiseDraft(), form)
    division = str(form.get("division") or "")
    if places.pack_of(division):
        draft = replace(draft, division=division)
    else:
        errors["division"] = ("请选择地点", "Choose the place")
    draft, wrong = raise_forms.with_contact(raise_forms.with_place(draft, form), form)
    return draft, errors | wrong


def _wrong(raising: Raising, visit: PageVisit, draft: RaiseDraft, errors: Errors, request: Request) -> Response:
    if is_program(request):
        return JSONResponse({"detail": visit.say("；", "; ").join(said(visit, errors).values())}, 422)
    return _page(raising, visit, draft, errors)


def _page(raising: Raising, visit: PageVisit, draft: RaiseDraft, errors: Errors | None = None) -> HTMLResponse:
    places = raising.portal.places
    values = visit.page("/raise/offline") | {
        "draft": draft,
        "errors": said(visit, errors),
        "action": visit.to("/raise/offline"),
        "takes_photos": raising.portal.takes_photos,
        "most_photos": MAX_ATTACHMENTS,
        "groups": [group for pack in places.packs for group in places.groups(pack)],
    }
    return PAGES.render("raise_offline.html", values, 422 if errors else 200)
