"""The pages of a case: the case, its files, and the contact of its citizen."""

from typing import Annotated, Any, Final
from uuid import uuid4

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.routing.cases.handler import CaseHandler
from services.routing.cases.reading import Case
from services.routing.web import case_view, showing
from services.routing.web.desk_page import PAGES, Done, InLanguage, desk_router, open_case
from services.routing.web.intake_reader import IntakeReader
from services.routing.web.publication_wish import WISHES, entered, wish_values
from services.routing.web.viewer import Viewer
from services.routing.web.words import WHY_MISSING, WHY_USUAL
from shared.contracts.numbers import LONGEST
from shared.contracts.refusals import Code, Refused
from shared.identity.gate import Gate, SignedIn
from shared.identity.relations import may
from shared.identity.rights import REVEAL
from shared.web.way_back import Back

Number = Annotated[str, Path(max_length=LONGEST)]
Reference = Annotated[str, Path(max_length=64)]
_FILE_HEADERS: Final = (
    "Content-Type",
    "Content-Disposition",
    "Content-Security-Policy",
    "Cross-Origin-Resource-Policy",
)
"""The headers of intake that keep a browser from running anything in a file."""


def routes(desk: CaseHandler, gate: Gate, intake: IntakeReader) -> APIRouter:
    """The routes of the case, its files and its contact."""
    router = desk_router()
    By = Annotated[SignedIn, Depends(gate.signed_in)]  # noqa: N806 (a type)

    @router.get("/desk/cases/{number}")
    async def show(number: Number, by: By, done: Done = "", back: Back = "", lang: InLanguage = "zh") -> HTMLResponse:
        viewer, case = await open_case(desk, by, number, lang)
        return _case_page(viewer, case, desk, back, done=done)

    @router.post("/desk/cases/{number}/contact-details")
    async def reveal(
        number: Number, by: By, request: Request, back: Back = "", lang: InLanguage = "zh"
    ) -> HTMLResponse:
        viewer, case = await open_case(desk, by, number, lang)
        why = str((await request.form()).get("why") or "").strip()
        try:
            revealed = await intake.contact(case.demand.number, why, viewer.person)
        except Refused as refused:
            if refused.code is not Code.INVALID:
                raise
            errors = {"why": viewer.say(*WHY_MISSING)}
            return _case_page(viewer, case, desk, back, errors=errors, why=why, status=422)
        return _case_page(viewer, case, desk, back, **case_view.contact_shown(viewer, revealed, back))

    for command in WISHES:
        _recording(command, router, desk, intake, By)
    _files(router, desk, intake, By)
    return router


def _recording(command: str, router: APIRouter, desk: CaseHandler, intake: IntakeReader, By: Any) -> None:  # noqa: N803 (a type)
    @router.post(f"/desk/cases/{{number}}/{command}")
    async def record_wish(
        number: Number, by: By, request: Request, back: Back = "", lang: InLanguage = "zh"
    ) -> Response:
        viewer, case = await open_case(desk, by, number, lang)
        wrong = await entered(intake, viewer, case.demand.number, command, await request.form())
        if wrong:
            return _case_page(viewer, case, desk, back, **wrong, status=422)
        return RedirectResponse(viewer.case_href(case.demand.number, back=back, done=command), 303)


def _files(router: APIRouter, desk: CaseHandler, intake: IntakeReader, By: Any) -> None:  # noqa: N803 (a type)
    @router.get("/desk/cases/{number}/files/{reference}")
    async def file(number: Number, reference: Reference, by: By) -> Response:
        viewer, case = await open_case(desk, by, number, "zh")
        if reference not in case_view.references(case):
            raise Refused(Code.NOT_FOUND, f"there is no file {reference} of this case", f"该诉求没有附件 {reference}")
        file = await intake.file(reference, viewer.person)
        headers = {name: file.headers[name] for name in _FILE_HEADERS if name in file.headers}
        return Response(file.content, headers=headers)


def _case_page(viewer: Viewer, case: Case, desk: CaseHandler, back: str, **more: Any) -> HTMLResponse:
    demand, now, status = case.demand, desk.clock(), more.pop("status", 200)
    done = more.pop("done", "")
    may_reveal = demand.contact is not None and may(REVEAL, viewer.person, demand, viewer.pack)
    path = f"/desk/cases/{demand.number}"
    values = (
        viewer.page(path, back=back)
        | wish_values(viewer, case, path, done, back)
        | {
            "list_before": viewer.list_before(back),
            "tools": case_view.tools(viewer, case, back, may_reveal),
            "reveal": viewer.case_href(demand.number, "contact-details", back),
            "why_here": viewer.case_href(demand.number, "why", back),
            "demand": demand,
            "text": case.text,
            "due": showing.due_of(demand, viewer, now),
            "status": demand.status,
            "about": case_view.about(viewer, case),
            "times": case_view.times(viewer, case, now),
            "verdicts": case_view.verdicts(viewer, case),
            "call": viewer.to(f"/desk/call-backs/{demand.number}") if "record-call-back" in case.commands else "",
            "helpers": case_view.helpers(viewer, case, now),
            "clock": case_view.clock(viewer, case, now),
            "files": case_view.files(viewer, case),
            "timeline": showing.entries(case, viewer, now),
            "merged": [case_view.related(related, viewer, back) | {"merge": ""} for related in case.merged],
            "similar": case_view.similar(viewer, case, back),
            "commands": case_view.commands(viewer, case, back),
            "happened": viewer.command_done(done),
            "may_reveal": may_reveal,
            "key": str(uuid4()),
            "personal": None,
            "earlier": [],
            "why": "",
            "usual": [viewer.say(*reason) for reason in WHY_USUAL],
            "record": viewer.case_href(demand.number, "contact", back) if "contact" in case.commands else "",
            "errors": {},
        }
    )
    return PAGES.render("case.html", values | more, status)
