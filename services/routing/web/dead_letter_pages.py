"""The page of dead letters: what a service could not handle and why, page by page; for administrators."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse

from services.routing.cases.handler import CaseHandler
from services.routing.web.desk_page import PAGES, InLanguage, desk_router
from services.routing.web.ops_pages import Others, without_url
from services.routing.web.showing import when
from services.routing.web.staff_client import StaffClient
from services.routing.web.viewer import Viewer
from shared.chassis.base.clock import now
from shared.chassis.process.reporter import LetterPage, Reporter
from shared.contracts.demand.state import Service
from shared.contracts.refusals import Code, Refused
from shared.identity.gate import Gate, SignedIn
from shared.identity.operations import administrators_alone, dead_letters_of, is_administrator
from shared.identity.person import Person
from shared.web.parts import Tab

PATH: Final = "/ops/dead-letters"
After = Annotated[int, Query(ge=0, lt=2**63)]


def routes(desk: CaseHandler, gate: Gate, own: Reporter, others: Others) -> APIRouter:
    """`own` reads those of routing; the `others` are asked in the name of whoever looks."""
    router = desk_router()
    By = Annotated[SignedIn, Depends(gate.signed_in)]  # noqa: N806 (a type)

    @router.get(PATH)
    async def show_dead_letters(
        by: By, service: Service = Service.INTAKE, after: After = 0, lang: InLanguage = "zh"
    ) -> HTMLResponse:
        viewer = Viewer.of(by, desk, lang)
        if not is_administrator(viewer.person):
            raise administrators_alone()
        if service == own.service:
            page = await own.dead_letters(after)
        else:
            page = await _letters_of(service, others[service], viewer.person, after)
        values = viewer.page(PATH, service=service, after=after or None)
        return PAGES.render("dead_letters.html", values | _shown(service, page, after, viewer))

    return router


async def _letters_of(service: Service, client: StaffClient | None, person: Person, after: int) -> LetterPage:
    if client is None:
        why = without_url(service)
        raise Refused(Code.UNAVAILABLE, why.en, why.zh)
    answer = await client.answer("GET", dead_letters_of(service), person, params={"after": after})
    return LetterPage.of_document(answer.json())


def _shown(service: Service, page: LetterPage, after: int, viewer: Viewer) -> dict[str, Any]:
    return {
        "service": service,
        "tabs": [Tab(viewer.to(PATH, service=name), name, current=name == service) for name in Service],
        "letters": [_row(letter.id, letter.happened_at, letter.place, letter.cause, viewer) for letter in page.letters],
        "first": viewer.to(PATH, service=service) if after else "",
        "later": viewer.to(PATH, service=service, after=page.letters[-1].id) if page.more else "",
    }


def _row(id: int, happened_at: datetime, place: str, cause: str, viewer: Viewer) -> Mapping[str, str]:
    return {"id": str(id), "when": when(happened_at, viewer, now()), "place": place, "cause": cause}
