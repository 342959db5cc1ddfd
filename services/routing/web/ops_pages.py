"""The page of operations for administrators: the reports of all services, the worst findings first."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from services.routing.cases.handler import CaseHandler
from services.routing.web.desk_page import PAGES, InLanguage, desk_router
from services.routing.web.ops_view import operations
from services.routing.web.staff_client import StaffClient
from services.routing.web.viewer import Viewer
from shared.chassis.base.clock import now
from shared.chassis.base.findings import Finding, Words, broken, named, not_checked
from shared.chassis.process.reporter import Reporter
from shared.chassis.process.service_checks import ServiceReport
from shared.contracts.refusals import Refused
from shared.identity.gate import Gate, SignedIn
from shared.identity.operations import administrators_alone, is_administrator, path_of
from shared.identity.person import Person

PATH: Final = "/ops"
Others = Mapping[str, StaffClient | None]
"""The client of each other service; None for one without a URL."""


def routes(desk: CaseHandler, gate: Gate, own: Reporter, others: Others) -> APIRouter:
    """The route; `own` reports on routing. The `others` are asked in parallel in the name of the person; one without a
    URL is shown as such."""
    router = desk_router()
    By = Annotated[SignedIn, Depends(gate.signed_in)]  # noqa: N806 (a type)

    @router.get(PATH)
    async def show_operations(by: By, lang: InLanguage = "zh") -> HTMLResponse:
        viewer = Viewer.of(by, desk, lang)
        if not is_administrator(viewer.person):
            raise administrators_alone()
        asked = (_asked(name, client, viewer.person) for name, client in others.items())
        reports = await asyncio.gather(own.report(), *asked)
        return PAGES.render("ops.html", viewer.page(PATH) | operations(reports, viewer, now()))

    return router


async def _asked(service: str, client: StaffClient | None, person: Person) -> ServiceReport:
    """The report of another service; if it does not answer, that is a finding itself."""
    if client is None:
        return _without(service, [not_checked(Words(service, service), without_url(service))])
    try:
        return ServiceReport.of_document((await client.answer("GET", path_of(service), person)).json())
    except Refused as refused:
        wrong = Words(refused.en, f"没有回应：{refused.zh or refused.en}")
    except (KeyError, TypeError, ValueError):
        wrong = Words("answers in words of another version", "返回的内容版本不同")
    step = Words(
        f"is {service}-api running and of this version, and is {_variable(service)} right?",
        f"请确认 {service}-api 在运行且版本一致、{_variable(service)} 正确",
    )
    return _without(service, [broken(Words(service, service), wrong, step)])


def without_url(service: str) -> Words:
    """Why a service cannot be asked."""
    variable = _variable(service)
    return Words(f"{variable} is not set for routing-api", f"routing-api 未设置 {variable}")


def _variable(service: str) -> str:
    return f"HUYING_{service.upper()}_URL"


def _without(service: str, findings: Sequence[Finding]) -> ServiceReport:
    return ServiceReport(service, named("service", findings), ())
