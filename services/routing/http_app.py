"""Assembles the HTTP API of routing and the pages of the desk."""

from collections.abc import Mapping

from services.routing.api_document import WORDS
from services.routing.assembled import demand_repository
from services.routing.cases import call_backs_api
from services.routing.cases.api import routes
from services.routing.cases.handler import CaseHandler
from services.routing.catalogue import api as catalogue_api
from services.routing.catalogue import explanation_api
from services.routing.catalogue.explanation_api import Explainer
from services.routing.catalogue.handler import CatalogueDesk
from services.routing.catalogue.packs_in_force import PacksInForce
from services.routing.hot_spots import api as hot_spots_api
from services.routing.settings import RoutingSettings
from services.routing.units import api as units
from services.routing.web import (
    call_back_pages,
    case_pages,
    catalogue_pages,
    catalogue_version_pages,
    command_pages,
    dead_letter_pages,
    desk_pages,
    explanation_pages,
    field_pages,
    finished_pages,
    hot_spot_pages,
    message_pages,
    ops_pages,
    overview_pages,
    publication_pages,
    sheet_pages,
    sign_in_pages,
    triage_pages,
)
from services.routing.web.desk_gate import DeskGate
from services.routing.web.intake_reader import IntakeReader
from services.routing.web.staff_client import StaffClient
from shared.chassis.database.pool import Pool
from shared.chassis.process.components import Api
from shared.chassis.process.reporter import Reporter
from shared.identity import operations
from shared.identity.demo import demo_people
from shared.identity.field_sign_in import FieldSignIn
from shared.identity.gate import Gate
from shared.identity.oidc.code_flow import CodeFlow
from shared.identity.oidc.keys import IssuerKeys
from shared.identity.sessions import StaffSessions
from shared.identity.staff import StaffBearers
from shared.jurisdiction.loader import packs_of
from shared.masker.masker import Masker
from shared.web.display import look


def api(settings: RoutingSettings, pool: Pool, reporter: Reporter) -> Api:
    """The HTTP API and the pages of staff."""
    packs = PacksInForce(packs_of(settings), pool)
    keys = IssuerKeys(settings.oidc_issuer) if settings.oidc_issuer else None
    staff = StaffBearers.of(settings, pool, packs, keys)
    masker = Masker()
    cases = CaseHandler(pool, demand_repository(packs), packs, masker=masker)
    gate = DeskGate.over(Gate.of(settings, StaffSessions.of(settings, pool)), pool, packs)
    catalogues, explainer = CatalogueDesk(pool, packs), Explainer(pool, packs)
    flow = CodeFlow.of(settings, keys, packs) if keys and settings.oidc_client_id else None
    people = tuple(demo_people(packs)) if settings.demo_staff else ()
    intake = IntakeReader.at(settings.intake_url, settings)
    others = _others(settings)
    pages = (
        message_pages.routes(cases, gate, StaffClient.at("feedback", settings.feedback_url, settings)),
        ops_pages.routes(cases, gate, reporter, others),
        dead_letter_pages.routes(cases, gate, reporter, others),
        *sign_in_pages.routes(gate, flow, people),
        desk_pages.routes(cases, gate),
        triage_pages.routes(cases, gate),
        publication_pages.routes(cases, gate),
        call_back_pages.routes(cases, gate, intake),
        finished_pages.routes(cases, gate),
        overview_pages.routes(cases, gate),
        catalogue_pages.routes(cases, catalogues, gate),
        catalogue_version_pages.routes(cases, catalogues, gate),
        hot_spot_pages.routes(cases, gate),
        explanation_pages.routes(cases, explainer, gate),
        case_pages.routes(cases, gate, intake),
        sheet_pages.routes(cases, gate),
        command_pages.routes(cases, gate, intake),
        field_pages.routes(cases, gate, FieldSignIn.of(settings)),
    )
    routers = (
        *routes(cases, staff),
        units.routes(packs, staff),
        explanation_api.routes(explainer, staff),
        catalogue_api.routes(catalogues, staff),
        hot_spots_api.routes(pool, packs, staff),
        call_backs_api.routes(cases, staff),
        operations.routes(reporter, staff.read),
        *pages,
        look(),
    )
    return Api(routers, WORDS, ready=(packs.ready,), tasks=(packs.run, masker.run))


def _others(settings: RoutingSettings) -> Mapping[str, StaffClient | None]:
    """The clients of the other services; None for a service without a URL."""
    urls = {"intake": settings.intake_url, "feedback": settings.feedback_url, "reporting": settings.reporting_url}
    return {name: StaffClient.at(name, url, settings) if url else None for name, url in urls.items()}
