"""The pages with the form of each command to a case, and the routes that give the commands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.routing.cases.handler import Actor, CaseHandler
from services.routing.cases.parsing import command_of
from services.routing.cases.reading import Case, case_of
from services.routing.web import case_view, command_forms, evidence_files, showing
from services.routing.web.case_pages import Number
from services.routing.web.command_view import done_so_far, words_of_citizen
from services.routing.web.desk_page import PAGES, InLanguage, desk_router, open_case
from services.routing.web.evidence_files import FormFiles, handed_in
from services.routing.web.form_rules import rules_of
from services.routing.web.intake_reader import IntakeReader
from services.routing.web.viewer import Viewer
from shared.contracts.demand.state import Demand, Status
from shared.contracts.numbers import LONGEST, read_number
from shared.contracts.refusals import ANSWERS, Code, Refused
from shared.contracts.wording import Identifier
from shared.identity.gate import HOME, Gate, SignedIn
from shared.identity.relations import may, require
from shared.identity.rights import COMMANDS, REVEAL
from shared.web.way_back import Back, way_back
from shared.web.words import STATUS_WORDS

_LEAVES: Final[Mapping[str, frozenset[str]]] = {
    "/desk/triage": frozenset({"route", "reclassify", "decline", "merge"}),
    "/desk/publications": frozenset({"publish", "correct-publication", "withdraw-publication"}),
}
"""The commands after which the next case of a list is wanted, by the URL of the list."""
Into = Annotated[str, Query(max_length=LONGEST, description="the case that a merging begins with")]
Name = Annotated[str, Path(max_length=40), Identifier("a command's name")]


def routes(desk: CaseHandler, gate: Gate, intake: IntakeReader) -> APIRouter:
    """The routes below a case; pages with a fixed URL below a case must be registered before these."""
    router = desk_router()
    By = Annotated[SignedIn, Depends(gate.signed_in)]  # noqa: N806 (a type)

    @router.get("/desk/cases/{number}/{name}")
    async def ask(
        number: Number, name: Name, by: By, into: Into = "", back: Back = "", lang: InLanguage = "zh"
    ) -> HTMLResponse:
        viewer, case = await open_case(desk, by, number, lang)
        _known(name)
        chosen = {"into": into} if into and name == "merge" else {}
        again = Again(command_forms.initial(name, case.demand, case.publication) | chosen)
        return _form_page(viewer, case, desk, name, again, back)

    @router.post("/desk/cases/{number}/{name}")
    async def give(
        number: Number, name: Name, by: By, request: Request, back: Back = "", lang: InLanguage = "zh"
    ) -> Response:
        viewer = Viewer.of(by, desk, lang)
        form = await request.form()
        number = read_number(number)
        _known(name)
        seen = str(form.get("seen") or "")
        actor = Actor(viewer.person, f"desk:{form.get('key') or uuid4()}", f'"{seen}"' if seen.isdigit() else None)
        takes_files = command_forms.takes_files(name)
        files = await handed_in(form, number, viewer.person, intake) if takes_files else FormFiles()
        try:
            files.require_all()
            command = command_of(name, command_forms.fields(name, form, files.references))
            demand = await desk.handle(number, command, actor)
        except Refused as refused:
            case = await case_of(desk, number, viewer.person)
            again = Again(command_forms.typed(name, form), files, refused, form.get("entries"))
            return _form_page(viewer, case, desk, name, again, back)
        return RedirectResponse(_next(viewer, demand, name, back), 303)

    return router


def _next(viewer: Viewer, demand: Demand, name: str, back: str) -> str:
    """The URL after a command: the list from which the case was opened, if the case left it; else the case."""
    number = demand.number
    listed = urlsplit(way_back(back, HOME, viewer.lang))
    if name not in _LEAVES.get(listed.path, ()):
        return viewer.case_href(number, back=back, done=name)
    kept = {place: value for place, value in parse_qsl(listed.query) if place in ("after", "text")}
    unit = demand.unit if demand.status is Status.ROUTED else ""
    return viewer.to(listed.path, **kept, done=name, number=number, unit=unit or "")


def _known(name: str) -> None:
    if name not in command_forms.FORMS:
        raise Refused(Code.NOT_FOUND, f"there is no command {name!r}", f"没有“{name}”这个操作")


@dataclass(frozen=True, slots=True)
class Again:
    """A form that is shown again: the typed values, the files that intake has, why it was refused, and how many entries
    the timeline had when it was opened."""

    typed: Mapping[str, str] = field(default_factory=dict)
    files: FormFiles = field(default_factory=FormFiles)
    refused: Refused | None = None
    entries: object = None


def _form_page(viewer: Viewer, case: Case, desk: CaseHandler, name: str, again: Again, back: str) -> HTMLResponse:
    _known(name)
    refused, number = again.refused, case.demand.number
    if refused is None and name not in case.commands:
        require(name, viewer.person, case.demand, viewer.pack)
        raise not_possible(case, name)
    errors = viewer.errors_of(refused)
    named = command_forms.errors_by_field(name, viewer, errors, again.typed)
    count = int(str(again.entries)) if str(again.entries or "").isdecimal() else len(case.timeline)
    new = case.timeline[count:] if refused and refused.code is Code.STALE else []
    values = viewer.page(f"/desk/cases/{number}/{name}", back=back) | {
        "demand": case.demand,
        "name": name,
        "title": viewer.say(COMMANDS[name].zh, case_view.capital(COMMANDS[name].en)),
        "inputs": command_forms.form_fields(name, viewer, case.demand),
        "rules": rules_of(name, viewer, case.demand, desk.clock()),
        "typed": again.typed,
        "takes_files": command_forms.takes_files(name),
        "accept": evidence_files.ACCEPTED,
        "kept": [file.value for file in again.files.kept],
        "kept_options": [(file.value, file.name) for file in again.files.kept],
        "asked": words_of_citizen(viewer, case, desk.clock()),
        "so_far": done_so_far(viewer, case, desk.clock()),
        "errors": named,
        "refusal": _refusal(refused, viewer, is_of_fields=bool(errors) and len(named) >= len(errors)),
        "changes": [showing.entry(event, viewer, desk.clock()) for event in reversed(new)],
        "seen": case.demand.version,
        "entries": len(case.timeline),
        "key": str(uuid4()),
        "danger": name in command_forms.DANGEROUS,
        "action": viewer.case_href(number, name, back),
        "back": viewer.case_href(number, back=back),
        "call": _to_call(viewer, case, back) if name == "contact" else "",
    }
    return PAGES.render("command.html", values, ANSWERS[refused.code].status if refused else 200)


def _to_call(viewer: Viewer, case: Case, back: str) -> str:
    """The URL of the card with the citizen's number, for who may see it."""
    may_reveal = case.demand.contact is not None and may(REVEAL, viewer.person, case.demand, viewer.pack)
    return viewer.case_href(case.demand.number, back=back) + "#contact" if may_reveal else ""


def _refusal(refused: Refused | None, viewer: Viewer, is_of_fields: bool) -> str:
    """The refusal as a sentence, if it belongs to no field of the form."""
    if refused is None or refused.code is Code.STALE or is_of_fields:
        return ""
    return viewer.say(refused.zh or ANSWERS[refused.code].zh, refused.en)


def not_possible(case: Case, name: str) -> Refused:
    """The refusal of a command that this person may give, but that the case does not allow now."""
    words, status = COMMANDS[name], STATUS_WORDS[case.demand.status]
    en = f"to {words.en} is not possible now: the case is “{status.en}”, or this was done already"
    zh = f"现在不能“{words.zh}”：这件诉求现在是“{status.zh}”，或这一步已经办过"
    return Refused(Code.ILLEGAL_TRANSITION, en, zh)
