"""The pages under `/field`: staff book demands on visits and calls, with and without a network."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.datastructures import FormData, UploadFile

from services.intake.attachments.kinds import MAX_ATTACHMENTS
from services.intake.web.devices import is_program, key_of, worker_script
from services.intake.web.draft import RaiseDraft
from services.intake.web.field_commands import Booking, FieldVisit, read_booking, read_visit
from services.intake.web.field_gate import FieldGate, FieldStaff
from services.intake.web.field_handler import Booked, FieldHandler
from services.intake.web.field_queries import VisitRow
from services.intake.web.field_view import FieldView
from services.intake.web.map_tiles import MapTiles
from services.intake.web.portal_page import PAGES, InLanguage, portal_router
from services.intake.web.raise_forms import Errors
from services.intake.web.raising import said
from services.intake.web.visit import PageVisit as Page
from shared.chassis.http.body_limit import LargerBodies
from shared.contracts.refusals import Code, Refused
from shared.web.page_language import Lang

LARGER: Final = LargerBodies("/field/visits/", 32 * 1_048_576)
"""Larger bodies are allowed: several photos come with one demand if there is no JavaScript that makes them smaller."""
PHOTOS_AGAIN: Final = (
    "请重新选择照片，再登记",
    "Choose the photos once more, then book it",
)
WORKER: Final = ("device-store.js", "field-store.js", "kept-pages.js", "field-worker.js")
"""One script for the service worker: the code that it shares with the page, and its own."""
Ticket = Annotated[str, Query(max_length=2000)]


@dataclass(frozen=True, slots=True)
class FieldPages:
    """The services that the pages use."""

    gate: FieldGate
    handler: FieldHandler
    tiles: MapTiles

    def view(self, by: FieldStaff, lang: Lang) -> FieldView:
        """The view of the page for this person."""
        return FieldView(by, Page(lang, by.visitor))

    async def begin(
        self, view: FieldView, visit: FieldVisit | None = None, errors: Errors | None = None
    ) -> HTMLResponse:
        """The first page: a form that begins a visit, the earlier visits, and everything that works without a
        network."""
        handler = self.handler
        now = handler.portal.clock()
        shown = visit or FieldVisit(uuid4(), held_on=None, members=view.by.person.name)
        values = view.values("/field", action=view.page.to("/field/visits")) | {
            "visit": shown,
            "held_on": shown.held_on.isoformat() if shown.held_on else view.today(now),
            "latest": view.visits(await handler.latest(view.by)),
            "booking": Booking(uuid4(), RaiseDraft()),
            **self._asks(view),
            "errors": said(view.page, errors),
            "done": "",
        }
        return PAGES.render("field.html", values, 422 if errors else 200, self.tiles.host)

    def _asks(self, view: FieldView) -> dict[str, Any]:
        """The fields of a demand's form beside its text."""
        map = self.tiles.begins(view.pack, around=view.middle) if self.tiles.address else None
        takes_photos = self.handler.portal.takes_photos
        return {"takes_photos": takes_photos, "most_photos": MAX_ATTACHMENTS, "map": map}

    async def visit_page(
        self,
        view: FieldView,
        visit: VisitRow,
        booking: Booking | None = None,
        errors: Errors | None = None,
        done: str = "",
        left_out: int = 0,
    ) -> HTMLResponse:
        """The page of a visit, with the form for the next demand."""
        path = f"/field/visits/{visit.id}"
        values = view.values(path, action=view.page.to(f"{path}/demands"), at=path) | {
            "visit": visit,
            "place": view.place(visit.division),
            "booking": booking or Booking(uuid4(), RaiseDraft(division=visit.division)),
            "lines": await self.lines(view, visit),
            **self._asks(view),
            "errors": said(view.page, errors),
            "done": done,
            "left_out": left_out,
        }
        return PAGES.render("field_visit.html", values, 422 if errors else 200, self.tiles.host)

    async def lines(self, view: FieldView, visit: VisitRow) -> Any:
        """The demands that were booked on the visit."""
        portal = self.handler.portal
        return view.lines(await self.handler.booked(visit), portal.codes, portal.clock())


def routes(pages: FieldPages) -> APIRouter:
    """The routes: the pages of signed-in staff, and the service worker that stores them on the device."""
    router = portal_router(LARGER)
    By = Annotated[FieldStaff, Depends(pages.gate.signed_in)]  # noqa: N806 (a type)

    @router.get("/field")
    async def begin(by: By, lang: InLanguage = "zh") -> HTMLResponse:
        return await pages.begin(pages.view(by, lang))

    @router.get("/field/token")
    async def token(by: By) -> JSONResponse:
        return JSONResponse({"csrf": by.visitor.csrf, "who": pages.view(by, "zh").who})

    @router.post("/field/visits")
    async def save(by: By, request: Request, lang: InLanguage = "zh") -> Response:
        view, form = pages.view(by, lang), await request.form()
        today = by.pack.local_day(pages.handler.portal.clock())
        visit, errors = read_visit(form, key_of(form.get("id")) or uuid4(), by.pack, by.unit, today)
        if errors:
            return _wrong(view, errors, request) or await pages.begin(view, visit, errors)
        await pages.handler.save(by, visit)
        if is_program(request):
            return JSONResponse({"id": str(visit.id)})
        leads = "/hand-over" if form.get("go") == "hand-over" else ""
        return RedirectResponse(view.page.to(f"/field/visits/{visit.id}{leads}"), 303)

    _of_a_visit(router, pages, By)
    _signing_in(router, pages)
    return router


def _of_a_visit(router: APIRouter, pages: FieldPages, By: Any) -> None:  # noqa: N803 (a type)
    @router.get("/field/visits/{id}")
    async def show(
        id: UUID,
        by: By,
        lang: InLanguage = "zh",
        booked: Annotated[str, Query(max_length=32)] = "",
        left_out: Annotated[int, Query(ge=0, le=99)] = 0,
    ) -> HTMLResponse:
        visit = await pages.handler.visit(by, id)
        return await pages.visit_page(pages.view(by, lang), visit, done=booked, left_out=left_out)

    @router.post("/field/visits/{id}/demands")
    async def book(id: UUID, by: By, request: Request, lang: InLanguage = "zh") -> Response:
        view, form = pages.view(by, lang), await request.form()
        visit = await pages.handler.visit(by, id)
        key, at = key_of(form.get("key")) or uuid4(), pages.handler.portal.clock()
        booking, errors = read_booking(form, key, by.pack, by.unit, at, pages.tiles)
        photos = await _photos(form)
        if not errors:
            try:
                booked = await pages.handler.book(by, visit, booking, photos)
            except Refused as refused:
                if refused.code is not Code.INVALID:
                    raise
                errors = {"words": (refused.zh or refused.en, refused.en)}
        if errors:
            if photos:
                errors["photos"] = PHOTOS_AGAIN
            return _wrong(view, errors, request) or await pages.visit_page(view, visit, booking, errors)
        if is_program(request):
            return JSONResponse(_told(booked, lang))
        left_out = {"left_out": str(count)} if (count := len(booked.enclosed.refused)) else {}
        return RedirectResponse(view.page.to(f"/field/visits/{id}", booked=booked.number, **left_out), 303)

    @router.get("/field/visits/{id}/hand-over")
    async def hand_over(id: UUID, by: By, lang: InLanguage = "zh") -> HTMLResponse:
        view, visit = pages.view(by, lang), await pages.handler.visit(by, id)
        lines = await pages.lines(view, visit)
        values = view.values(f"/field/visits/{id}/hand-over", at=f"/field/visits/{id}", visit=visit, lines=lines)
        return PAGES.render("field_hand_over.html", values | {"summary": view.summary(visit, lines)})


def _signing_in(router: APIRouter, pages: FieldPages) -> None:
    gate = pages.gate

    @router.get("/field/enter")
    async def enter(request: Request, ticket: Ticket, lang: InLanguage = "zh") -> RedirectResponse:
        visitor = await gate.visitors.visitor(request)
        inside = RedirectResponse(Page(lang).to("/field"), 303)
        await gate.open(inside, ticket, visitor)
        return inside

    @router.post("/field/sign-out")
    async def leave(request: Request, lang: InLanguage = "zh") -> RedirectResponse:
        await gate.visitors.visitor(request)
        outside = RedirectResponse(Page(lang).to("/"), 303)
        gate.close(outside)
        return outside

    @router.get("/field/worker.js")
    async def worker() -> Response:
        return worker_script("/field", *WORKER)


async def _photos(form: FormData) -> list[bytes]:
    return [await file.read() for file in form.getlist("photos") if isinstance(file, UploadFile) and file.size]


def _told(booked: Booked, lang: Lang) -> Mapping[str, Any]:
    return {
        "number": booked.number,
        "code": f"{booked.code[:4]} {booked.code[4:]}",
        "changed": booked.changed,
        "left_out": booked.enclosed.notice(lang),
    }


def _wrong(view: FieldView, errors: Errors, request: Request) -> Response | None:
    """The answer to a device with an error; None if a page has to be shown."""
    return JSONResponse({"errors": said(view.page, errors)}, 422) if is_program(request) else None
