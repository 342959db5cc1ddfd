"""The page of a case, and a form for each command that somebody may give to it."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.routing.cases.handler import Actor, CaseHandler
from services.routing.cases.parsing import command_of
from services.routing.cases.reading import Case, Related, case_of
from services.routing.web import command_forms, showing
from services.routing.web.contacts import ContactReader
from services.routing.web.desk_page import PAGES, InLanguage, desk_router
from services.routing.web.viewer import Viewer
from services.routing.web.words import KINDS
from shared.contracts.numbers import LONGEST, read_number
from shared.contracts.refusals import ANSWERS, Code, Refused
from shared.contracts.wording import Identifier
from shared.identity.gate import Gate, SignedIn
from shared.identity.relations import may
from shared.identity.rights import COMMANDS, REVEAL

Number = Annotated[str, Path(max_length=LONGEST)]
Name = Annotated[str, Path(max_length=40), Identifier("a command's name")]


def routes(desk: CaseHandler, gate: Gate, contacts: ContactReader) -> APIRouter:
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
        if not why:
            words = viewer.say("请写明查阅理由", "Say why you need it")
            return _case_page(viewer, case, desk, errors={"why": words}, status=422)
        personal = await contacts.read(case.demand.number, why, viewer.person)
        return _case_page(viewer, case, desk, personal=personal)

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
        "status": "paused" if demand.paused_at and demand.status != "listed" else demand.status,
        "about": _about(viewer, case),
        "times": _times(viewer, case, desk),
        "helpers": _helpers(viewer, case, desk),
        "timeline": showing.entries(case, viewer, now),
        "merged": [_related(one, viewer) for one in case.merged],
        "similar": [_related(one, viewer) for one in case.similar],
        "commands": _commands(viewer, case),
        "happened": viewer.say(COMMANDS[done].zh, COMMANDS[done].en) if done in COMMANDS else "",
        "may_reveal": demand.contact is not None and may(REVEAL, viewer.person, demand, viewer.pack),
        "personal": None,
        "errors": {},
    }
    return PAGES.render("case.html", values | more, status)


def _commands(viewer: Viewer, case: Case) -> list[Mapping[str, Any]]:
    """What may be given now: the most usual one stands out and comes first."""
    names = [name for name in case.commands if name in command_forms.FORMS]
    primary = next((name for name in command_forms.PRIMARY if name in names), None)
    ordered = sorted(names, key=lambda name: (name != primary, name in command_forms.DANGEROUS))
    path = f"/desk/cases/{case.demand.number}"
    hidden = {"seen": case.demand.version, "key": str(uuid4()), "entries": len(case.timeline)}
    return [
        {
            "words": viewer.say(COMMANDS[name].zh, _capital(COMMANDS[name].en)),
            "hint": "",
            "primary": name == primary,
            "danger": name in command_forms.DANGEROUS,
            "href": "" if name in command_forms.AT_ONCE else viewer.to(f"{path}/{name}"),
            "action": viewer.to(f"{path}/{name}"),
            "fields": hidden,
        }
        for name in ordered
    ]


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _about(viewer: Viewer, case: Case) -> list[Mapping[str, str]]:
    demand = case.demand
    point = f"{case.location.lat:.4f}, {case.location.lon:.4f}" if case.location else ""
    team = viewer.pack.team_of(demand.division)
    rows = [
        (viewer.say("地点", "Place"), viewer.place_name(demand.division)),
        (viewer.say("坐标", "Point"), point),
        (viewer.say("类别", "Category"), viewer.category_name(demand.category)),
        (viewer.say("类型", "Kind"), viewer.say(*KINDS[demand.kind])),
        (viewer.say("承办单位", "Unit"), viewer.unit_name(demand.unit)),
        (viewer.say("经办人", "Handler"), demand.handler or ""),
        (viewer.say("驻点团队", "Stationed team"), team.name if team else ""),
        (viewer.say("派单依据", "Why it is here"), demand.rule or ""),
        (viewer.say("附件", "Files"), "、".join(case.attachments)),
        (viewer.say("并入", "Merged into"), demand.parent_number or ""),
    ]
    return [{"label": label, "words": words, "change": ""} for label, words in rows if words]


def _times(viewer: Viewer, case: Case, desk: CaseHandler) -> list[Mapping[str, str]]:
    demand, now = case.demand, desk.clock()
    reasons = {reason.code: str(getattr(reason.name, viewer.lang)) for reason in viewer.pack.handling.pause.reasons}
    rows = [
        (viewer.say("提出", "Raised"), demand.submitted_at),
        (viewer.say("签收期限", "To be signed for by"), demand.sign_due_at if not demand.accepted_at else None),
        (viewer.say("签收", "Signed for"), demand.accepted_at),
        (viewer.say("联系期限", "To be contacted by"), demand.contact_due_at if not demand.contacted_at else None),
        (viewer.say("首次联系", "First contact"), demand.contacted_at),
        (viewer.say("办结期限", "Answer due by"), demand.due_at),
        (viewer.say("申请延至", "Asked for until"), demand.extension.due_at if demand.extension else None),
        (viewer.say("暂停自", "Paused since"), demand.paused_at),
        (viewer.say("自动恢复", "Runs again"), demand.paused_until),
    ]
    shown: list[Mapping[str, str]] = [
        {"label": label, "words": showing.when(at, viewer, now), "change": ""} for label, at in rows if at
    ]
    if demand.pause_reason:
        words = reasons.get(demand.pause_reason, demand.pause_reason)
        shown.append({"label": viewer.say("暂停原因", "Why paused"), "words": words, "change": ""})
    return shown


def _helpers(viewer: Viewer, case: Case, desk: CaseHandler) -> list[Mapping[str, str]]:
    parts, now = {part.unit: part for part in case.demand.assistance}, desk.clock()
    shown: list[Mapping[str, str]] = []
    for unit in case.demand.assisting:
        part = parts.get(unit)
        if part and part.reported_at:
            words = viewer.say("已反馈", "reported") + " " + showing.when(part.reported_at, viewer, now)
        elif part and part.accepted_at:
            words = viewer.say("已签收", "signed for") + " " + showing.when(part.accepted_at, viewer, now)
        else:
            words = viewer.say("未签收", "not signed for")
        shown.append({"label": viewer.unit_name(unit), "words": words, "change": ""})
    return shown


def _related(one: Related, viewer: Viewer) -> Mapping[str, str]:
    return {
        "href": viewer.to(f"/desk/cases/{one.number}"), "number": one.number, "title": one.title, "status": one.status
    }  # fmt: skip


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
    errors = {e.field: viewer.say(e.zh, e.en) for e in refused.errors} if refused else {}
    names = {one.name for one in command_forms.FORMS[name]}
    count = int(str(entries)) if str(entries or "").isdigit() else len(case.timeline)
    new = case.timeline[count:] if refused and refused.code is Code.STALE else []
    values = viewer.page(f"{path}/{name}") | {
        "demand": case.demand,
        "name": name,
        "title": viewer.say(COMMANDS[name].zh, _capital(COMMANDS[name].en)),
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
