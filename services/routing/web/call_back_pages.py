"""The pages of callers (回访): the list of call-backs, the page of a call with the citizen's number, and its result."""

from typing import Annotated, Any, Final
from uuid import uuid4

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import FormData

from services.routing.call_backs import queries
from services.routing.call_backs.domain import CallBackState
from services.routing.call_backs.permissions import require_caller
from services.routing.cases.commands import RoutingCommand
from services.routing.cases.handler import Actor, CaseHandler
from services.routing.cases.parsing import command_of
from services.routing.cases.reading import Case, case_of
from services.routing.cases.worklists import Cursor
from services.routing.web import call_back_view
from services.routing.web.case_view import about, contact_shown
from services.routing.web.command_view import words_of_citizen
from services.routing.web.desk_page import PAGES, InLanguage, desk_router
from services.routing.web.intake_reader import IntakeReader
from services.routing.web.publication_wish import WISHES, entered, wish_values
from services.routing.web.viewer import Viewer
from services.routing.web.words import WHY_MISSING
from shared.chassis.http.pagination import OLDEST, moment
from shared.contracts.numbers import LONGEST, read_number
from shared.contracts.refusals import ANSWERS, Code, Refused
from shared.identity.gate import Gate, SignedIn
from shared.identity.relations import may
from shared.identity.rights import REVEAL

PAGE: Final = 30
Number = Annotated[str, Path(max_length=LONGEST)]
Done = Annotated[str, Query(max_length=40)]
LIST: Final = "/desk/call-backs"


def routes(desk: CaseHandler, gate: Gate, intake: IntakeReader) -> APIRouter:
    """The routes of the list and of a call."""
    router = desk_router()
    By = Annotated[SignedIn, Depends(gate.signed_in)]  # noqa: N806 (a type)

    @router.get(LIST)
    async def list_calls(by: By, after: Cursor = "", done: Done = "", lang: InLanguage = "zh") -> HTMLResponse:
        viewer, now = Viewer.of(by, desk, lang), desk.clock()
        require_caller(viewer.person, viewer.pack)
        place, unit = moment(after, OLDEST), viewer.person.unit
        async with desk.pool.acquire(timeout=5) as db:
            calls, next_place = await queries.waiting(db, viewer.pack.id, unit, now, place, PAGE)
            total = await queries.count(db, viewer.pack.id, unit, now)
        values: dict[str, Any] = viewer.page(LIST, after=after) | {
            "calls": [call_back_view.row(waiting, viewer, now) for waiting in calls],
            "total": f"{total}+" if total >= queries.COUNTED_UP_TO else total,
            "later": viewer.to(LIST, after=next_place.as_cursor()) if next_place else "",
            "earlier": viewer.to(LIST) if after else "",
            "done": done if done in ("verdict", "in-vain", "released") else "",
            "hours": viewer.pack.callback.hours,
            "closed": not viewer.pack.callback.is_open(now, viewer.zone),
        }
        return PAGES.render("call_backs.html", values)

    _calling(router, desk, By, intake)
    return router


def _calling(router: APIRouter, desk: CaseHandler, By: Any, intake: IntakeReader) -> None:  # noqa: N803 (a type)
    @router.get(LIST + "/{number}")
    async def show(number: Number, by: By, done: Done = "", lang: InLanguage = "zh") -> HTMLResponse:
        viewer, case = await _opened(desk, by, number, lang)
        return _page(viewer, case, desk, done=done)

    @router.post(LIST + "/{number}/start")
    async def start(number: Number, by: By, request: Request, lang: InLanguage = "zh") -> Response:
        viewer, case = await _opened(desk, by, number, lang)
        refused = await _given(desk, viewer, case, "start-call-back", await request.form())
        if refused is None:
            return RedirectResponse(viewer.to(f"{LIST}/{case.demand.number}"), 303)
        return _page(viewer, await case_of(desk, case.demand.number, viewer.person), desk, refused=refused)

    @router.post(LIST + "/{number}/release")
    async def release(number: Number, by: By, request: Request, lang: InLanguage = "zh") -> Response:
        viewer, case = await _opened(desk, by, number, lang)
        refused = await _given(desk, viewer, case, "release-call-back", await request.form())
        return _page(viewer, case, desk, refused=refused) if refused else _back(viewer, "released")

    @router.post(LIST + "/{number}/contact-details")
    async def reveal(number: Number, by: By, request: Request, lang: InLanguage = "zh") -> HTMLResponse:
        viewer, case = await _opened(desk, by, number, lang)
        why = str((await request.form()).get("why") or "").strip()
        try:
            revealed = await intake.contact(case.demand.number, why, viewer.person)
        except Refused as refused:
            return _page(viewer, case, desk, refused=refused, why=why)
        here = viewer.to(f"{LIST}/{case.demand.number}")
        return _page(viewer, case, desk, **contact_shown(viewer, revealed, here))

    for command in WISHES:
        _recording(command, router, desk, By, intake)

    @router.post(LIST + "/{number}")
    async def record(number: Number, by: By, request: Request, lang: InLanguage = "zh") -> Response:
        viewer = Viewer.of(by, desk, lang)
        form, number = await request.form(), read_number(number)
        try:
            await desk.handle(number, _recorded(form), _actor(viewer, form))
        except Refused as refused:
            # Where somebody judged meanwhile, the case is a caller's no more: the page says who did, and when.
            case = await _still(desk, number, viewer, refused)
            return _page(viewer, case, desk, refused=refused, typed=_typed(form))
        return _back(viewer, "verdict" if form.get("reached") == "yes" else "in-vain")


def _recording(command: str, router: APIRouter, desk: CaseHandler, By: Any, intake: IntakeReader) -> None:  # noqa: N803 (a type)
    @router.post(f"{LIST}/{{number}}/{command}")
    async def record_wish(number: Number, by: By, request: Request, lang: InLanguage = "zh") -> Response:
        viewer, case = await _opened(desk, by, number, lang)
        wrong = await entered(intake, viewer, case.demand.number, command, await request.form())
        if wrong:
            return _page(viewer, case, desk, **wrong, status=422)
        return RedirectResponse(viewer.to(f"{LIST}/{case.demand.number}", done=command), 303)


async def _opened(desk: CaseHandler, by: SignedIn, number: str, lang: Any) -> tuple[Viewer, Case]:
    viewer = Viewer.of(by, desk, lang)
    require_caller(viewer.person, viewer.pack)
    return viewer, await case_of(desk, read_number(number), viewer.person)


async def _still(desk: CaseHandler, number: str, viewer: Viewer, refused: Refused) -> Case:
    try:
        case = await case_of(desk, number, viewer.person)
    except Refused:
        raise refused from None
    if "record-call-back" not in case.commands:
        raise refused
    return case


async def _given(desk: CaseHandler, viewer: Viewer, case: Case, name: str, form: FormData) -> Refused | None:
    try:
        await desk.handle(case.demand.number, command_of(name, {}), _actor(viewer, form))
    except Refused as refused:
        return refused
    return None


def _actor(viewer: Viewer, form: FormData) -> Actor:
    return Actor(viewer.person, f"call:{form.get('key') or uuid4()}")


def _back(viewer: Viewer, done: str) -> RedirectResponse:
    return RedirectResponse(viewer.to(LIST, done=done), 303)


def _typed(form: FormData) -> dict[str, Any]:
    typed: dict[str, Any] = {name: str(form.get(name) or "").strip() for name in call_back_view.FIELDS}
    return typed | {"tags": [str(tag) for tag in form.getlist("tags")]}


def _recorded(form: FormData) -> RoutingCommand:
    """The command of the half of the form that was sent."""
    reached = form.get("reached") == "yes"
    names = ("rating", "solved", "comment", "tags") if reached else ("not_reached", "again_at", "note")
    fields = {name: value for name, value in _typed(form).items() if name in names and value}
    return command_of("record-call-back", {"reached": reached, **fields})


def _page(viewer: Viewer, case: Case, desk: CaseHandler, refused: Refused | None = None, **more: Any) -> HTMLResponse:
    now, number = desk.clock(), case.demand.number
    state = case.call_back or CallBackState()
    path = f"{LIST}/{number}"
    errors = viewer.errors_of(refused)
    if refused and "why" in more and refused.code is Code.INVALID:
        errors = {"why": viewer.say(*WHY_MISSING)}
    form = call_back_view.form(viewer, now, more.pop("typed", None))
    problem = viewer.say(refused.zh or ANSWERS[refused.code].zh, refused.en) if refused and not errors else ""
    done, status = more.pop("done", ""), more.pop("status", ANSWERS[refused.code].status if refused else 200)
    values = (
        viewer.page(path)
        | form
        | wish_values(viewer, case, path, done)
        | {
            "happened": viewer.command_done(done),
            "demand": case.demand,
            "asked": words_of_citizen(viewer, case, now),
            "answer": call_back_view.answer(case),
            "unit": viewer.unit_name(case.demand.unit),
            "about": about(viewer, case),
            "tries": call_back_view.tries(case, viewer, now),
            "last_try": state.attempts + 1 >= viewer.pack.callback.tries,
            "busy": call_back_view.busy(state, viewer, now),
            "mine": state.is_held(now) and state.is_of(viewer.person),
            "may_call": "record-call-back" in case.commands,
            "may_reveal": case.demand.contact is not None and may(REVEAL, viewer.person, case.demand, viewer.pack),
            "action": viewer.to(path),
            "start": viewer.to(f"{path}/start"),
            "release": viewer.to(f"{path}/release"),
            "reveal": viewer.to(f"{path}/contact-details"),
            "back": viewer.to(LIST),
            "personal": None,
            "usual": (),
            "record": "",
            "earlier": [],
            "why": viewer.say("回访核实办理结果", "to call back about the answer"),
            "errors": errors,
            "problem": problem,
        }
    )
    return PAGES.render("call_back.html", values | more, status)
