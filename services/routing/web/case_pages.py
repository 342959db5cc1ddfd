"""The page of a case, and a form for each command that somebody may give to it."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import uuid4

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.routing.cases.handler import Actor, CaseHandler
from services.routing.cases.parsing import command_of
from services.routing.cases.reading import Case, case_of
from services.routing.web import case_view, command_forms, showing
from services.routing.web.desk_page import PAGES, InLanguage, desk_router
from services.routing.web.intake_reader import IntakeReader
from services.routing.web.viewer import Viewer
from services.routing.web.words import PERSONAL
from shared.contracts.numbers import LONGEST, read_number
from shared.contracts.refusals import ANSWERS, Code, Refused
from shared.contracts.wording import Identifier
from shared.identity.gate import Gate, SignedIn
from shared.identity.relations import may
from shared.identity.rights import COMMANDS, REVEAL

Number = Annotated[str, Path(max_length=LONGEST)]
Name = Annotated[str, Path(max_length=40), Identifier("a command's name")]


Reference = Annotated[str, Path(max_length=64)]
_FILE_HEADERS: Final = (
    "Content-Type",
    "Content-Disposition",
    "Content-Security-Policy",
    "Cross-Origin-Resource-Policy",
)
"""What intake says of a file, so that nothing in it is run."""


def routes(desk: CaseHandler, gate: Gate, intake: IntakeReader) -> APIRouter:
    """The case, its commands, and who may be called."""
    router = desk_router()
    By = Annotated[SignedIn, Depends(gate.signed_in)]  # noqa: N806 (a type)

    @router.get("/desk/cases/{number}")
    async def show(
        number: Number, by: By, done: Annotated[str, Query(max_length=40)] = "", lang: InLanguage = "zh"
    ) -> HTMLResponse:
        viewer = Viewer.of(by, desk, lang)
        case = await case_of(desk, read_number(number), viewer.person)
        return _case_page(viewer, case, desk, done=done)

    @router.post("/desk/cases/{number}/contact-details")
    async def reveal(number: Number, by: By, request: Request, lang: InLanguage = "zh") -> HTMLResponse:
        viewer = Viewer.of(by, desk, lang)
        case = await case_of(desk, read_number(number), viewer.person)
        why = str((await request.form()).get("why") or "").strip()
        try:
            personal = await intake.contact(case.demand.number, why, viewer.person)
        except Refused as refused:
            if refused.code is not Code.INVALID:
                raise
            errors = {"why": viewer.say("请写明查阅理由，至少4个字", "Say why you need it, in four characters or more")}
            return _case_page(viewer, case, desk, errors=errors, why=why, status=422)
        named = {viewer.say(*PERSONAL.get(name, (name, name))): value for name, value in personal.items()}
        return _case_page(viewer, case, desk, personal=named)

    @router.get("/desk/cases/{number}/files/{reference}")
    async def file(number: Number, reference: Reference, by: By) -> Response:
        viewer = Viewer.of(by, desk, "zh")
        case = await case_of(desk, read_number(number), viewer.person)
        if reference not in case_view.references(case):
            raise Refused(Code.NOT_FOUND, f"there is no file {reference} of this case", f"该诉求没有附件 {reference}")
        found = await intake.file(reference, viewer.person)
        kept = {name: found.headers[name] for name in _FILE_HEADERS if name in found.headers}
        return Response(found.content, headers=kept)

    @router.get("/desk/cases/{number}/{name}")
    async def ask(number: Number, name: Name, by: By, lang: InLanguage = "zh") -> HTMLResponse:
        viewer = Viewer.of(by, desk, lang)
        case = await case_of(desk, read_number(number), viewer.person)
        return _form_page(viewer, case, desk, name, {})

    @router.post("/desk/cases/{number}/{name}")
    async def give(number: Number, name: Name, by: By, request: Request, lang: InLanguage = "zh") -> Response:
        viewer = Viewer.of(by, desk, lang)
        form = await request.form()
        number = read_number(number)
        _known(name)
        seen = str(form.get("seen") or "")
        actor = Actor(viewer.person, f"desk:{form.get('key') or uuid4()}", f'"{seen}"' if seen.isdigit() else None)
        try:
            await desk.handle(number, command_of(name, command_forms.fields(name, form)), actor)
        except Refused as refused:
            case = await case_of(desk, number, viewer.person)
            return _form_page(viewer, case, desk, name, command_forms.typed(name, form), refused, form.get("entries"))
        return RedirectResponse(viewer.to(f"/desk/cases/{number}", done=name), 303)

    return router


def _known(name: str) -> None:
    if name not in command_forms.FORMS:
        raise Refused(Code.NOT_FOUND, f"there is no command {name!r}", f"没有“{name}”这个操作")


def _case_page(viewer: Viewer, case: Case, desk: CaseHandler, **more: Any) -> HTMLResponse:
    demand, now, status = case.demand, desk.clock(), more.pop("status", 200)
    path = f"/desk/cases/{demand.number}"
    done = more.pop("done", "")
    values = viewer.page(path) | {
        "demand": demand,
        "text": case.text,
        "due": showing.due_of(demand, viewer, now),
        "status": showing.status_of(demand),
        "about": case_view.about(viewer, case),
        "times": case_view.times(viewer, case, now),
        "helpers": case_view.helpers(viewer, case, now),
        "clock": case_view.clock(viewer, case, now),
        "files": case_view.files(viewer, case),
        "timeline": showing.entries(case, viewer, now),
        "merged": [case_view.related(one, viewer) for one in case.merged],
        "similar": [case_view.related(one, viewer) for one in case.similar],
        "commands": case_view.commands(viewer, case),
        "happened": viewer.say(COMMANDS[done].zh, COMMANDS[done].en) if done in COMMANDS else "",
        "may_reveal": demand.contact is not None and may(REVEAL, viewer.person, demand, viewer.pack),
        "personal": None,
        "why": "",
        "errors": {},
    }
    return PAGES.render("case.html", values | more, status)


def _form_page(
    viewer: Viewer,
    case: Case,
    desk: CaseHandler,
    name: str,
    typed: Mapping[str, str],
    refused: Refused | None = None,
    entries: object = None,
) -> HTMLResponse:
    _known(name)
    if refused is None and name not in case.commands:
        raise not_possible(case, name)
    path = f"/desk/cases/{case.demand.number}"
    errors = viewer.errors_of(refused)
    names = {one.name for one in command_forms.FORMS[name]}
    count = int(str(entries)) if str(entries or "").isdigit() else len(case.timeline)
    new = case.timeline[count:] if refused and refused.code is Code.STALE else []
    values = viewer.page(f"{path}/{name}") | {
        "demand": case.demand,
        "name": name,
        "title": viewer.say(COMMANDS[name].zh, case_view.capital(COMMANDS[name].en)),
        "inputs": command_forms.shown(name, viewer, case.demand),
        "typed": typed,
        "errors": {field: words for field, words in errors.items() if field in names},
        "refusal": _refusal(refused, viewer, names, errors),
        "changes": [showing.entry(one, viewer, desk.clock()) for one in reversed(new)],
        "seen": case.demand.version,
        "entries": len(case.timeline),
        "key": str(uuid4()),
        "danger": name in command_forms.DANGEROUS,
        "action": viewer.to(f"{path}/{name}"),
        "back": viewer.to(path),
    }
    return PAGES.render("command.html", values, ANSWERS[refused.code].status if refused else 200)


def _refusal(refused: Refused | None, viewer: Viewer, names: set[str], errors: Mapping[str, str]) -> str:
    """The refusal as a sentence, where it belongs to no field of the form."""
    if refused is None or refused.code is Code.STALE or (errors and set(errors) <= names):
        return ""
    return viewer.say(refused.zh or ANSWERS[refused.code].zh, refused.en)


def not_possible(case: Case, name: str) -> Refused:
    """What is said of a command that cannot be given to this case now."""
    words = COMMANDS[name]
    en = f"to {words.en} is not possible now: the case is {case.demand.status}, or it is not yours to do"
    return Refused(Code.ILLEGAL_TRANSITION, en, f"现在不能“{words.zh}”：诉求状态已变，或您没有此权限")
