"""Routing, put together: the desk's API, and the Faust worker that routes what it hears."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

from services.routing.api_document import WORDS
from services.routing.call_backs.projection import call_back_projection
from services.routing.cases import call_backs_api
from services.routing.cases.api import routes
from services.routing.cases.following import PARENT, follow_parent
from services.routing.cases.handler import CaseHandler
from services.routing.cases.overview import LoadCounting
from services.routing.cases.policies import reaction
from services.routing.cases.projection import CASES
from services.routing.catalogue import api as catalogue_api
from services.routing.catalogue import explanation_api
from services.routing.catalogue.doctor_checks import CATALOGUES
from services.routing.catalogue.explanation_api import Explainer
from services.routing.catalogue.handler import CatalogueDesk
from services.routing.catalogue.packs_in_force import PacksInForce
from services.routing.checks import CHECKS
from services.routing.deadlines.projection import deadline_projection
from services.routing.deadlines.queries import DEADLINE
from services.routing.deadlines.timer import deadline_timer
from services.routing.gauges import GAUGES
from services.routing.hot_spots import api as hot_spots_api
from services.routing.hot_spots.detection import Detection
from services.routing.hot_spots.policies import HOT_SPOT, told
from services.routing.hot_spots.projection import TO_COMPARE
from services.routing.publications.projection import publication_projection
from services.routing.publications.queries import PUBLICATION
from services.routing.publications.timer import release_timer
from services.routing.settings import RoutingSettings
from services.routing.units import api as units
from services.routing.web import (
    call_back_pages,
    case_pages,
    catalogue_pages,
    catalogue_version_pages,
    command_pages,
    desk_pages,
    explanation_pages,
    field_pages,
    finished_pages,
    hot_spot_pages,
    message_pages,
    ops_pages,
    overview_pages,
    publication_pages,
    sign_in_pages,
    triage_pages,
)
from services.routing.web.desk_gate import DeskGate
from services.routing.web.intake_reader import IntakeReader
from services.routing.web.staff_client import StaffClient
from shared.chassis.aggregates.commands import ANSWERS
from shared.chassis.aggregates.projections import compose
from shared.chassis.aggregates.repository import Repositories, Repository
from shared.chassis.database.pool import Pool
from shared.chassis.process.components import Api, Worker
from shared.chassis.process.manifest import ApiProcess, RelayProcess, ServiceManifest, WorkerProcess
from shared.chassis.process.reporter import Reporter
from shared.chassis.work.retention import Expired, Retention, redriven
from shared.chassis.work.timers import OnDue, Timers
from shared.contracts.demand.facts import Fact
from shared.contracts.demand.rules import demand_rules
from shared.contracts.demand.state import Demand, Service
from shared.contracts.topics import DEMAND_EVENTS
from shared.identity import operations
from shared.identity.demo import demo_people
from shared.identity.field_sign_in import FieldSignIn
from shared.identity.gate import Gate
from shared.identity.oidc.code_flow import CodeFlow
from shared.identity.oidc.keys import IssuerKeys
from shared.identity.revocations import EXPIRED as EXPIRED_REVOCATIONS
from shared.identity.sessions import EXPIRED as EXPIRED_SESSIONS
from shared.identity.sessions import Sessions
from shared.identity.staff import StaffBearers
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.loader import packs_of
from shared.masker.masker import Masker
from shared.web.display import look

COMPARED: Final = Expired("hot_spot_demand", "hot_spot IS NULL AND raised_at < $1", timedelta(days=62))
"""What demands were compared by that belong to no hot spot; older than the longest span of a pack."""
MIGRATIONS: Final = Path(__file__).parent / "migrations"
READS: Final = (DEMAND_EVENTS.name,)


def demand_repository(packs: Jurisdictions) -> Repository[Demand, Fact]:
    """Routing's copy of every demand, with its policy, what units read, and what is due."""
    projection = compose(*CASES.parts, deadline_projection(packs), publication_projection(packs))
    projection = compose(*projection.parts, call_back_projection(packs), TO_COMPARE)
    return Repository("demand", demand_rules(Service.ROUTING, reaction(packs)), projection)


def api(settings: RoutingSettings, pool: Pool) -> Api:
    """What staff talk to."""
    packs = PacksInForce(packs_of(settings), pool)
    keys = IssuerKeys(settings.oidc_issuer) if settings.oidc_issuer else None
    staff = StaffBearers.of(settings, pool, packs, keys)
    masker = Masker()
    cases = CaseHandler(pool, demand_repository(packs), packs, masker=masker)
    gate = DeskGate.over(Gate.of(settings, Sessions.of(settings, pool)), pool, packs)
    catalogues, explainer = CatalogueDesk(pool, packs), Explainer(pool, packs)
    flow = CodeFlow.of(settings, keys, packs) if keys and settings.oidc_client_id else None
    people = tuple(demo_people(packs)) if settings.demo_staff else ()
    intake, reporter = IntakeReader.at(settings.intake_url, settings), Reporter(SERVICE, pool)
    pages = (
        message_pages.routes(cases, gate, StaffClient.at("feedback", settings.feedback_url, settings)),
        ops_pages.routes(cases, gate, reporter, _others(settings)),
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
    """How the other services are asked; None for one without an address."""
    urls = {"intake": settings.intake_url, "feedback": settings.feedback_url, "reporting": settings.reporting_url}
    return {name: StaffClient.at(name, url, settings) if url else None for name, url in urls.items()}


def worker(settings: RoutingSettings, pool: Pool) -> Worker:
    """Routes whatever is submitted, returned or reopened, tells what is near or overdue, counts, prunes."""
    packs = PacksInForce(packs_of(settings), pool)
    repository = demand_repository(packs)
    kinds = {
        PARENT: follow_parent(repository, packs),
        DEADLINE: deadline_timer(repository, packs),
        HOT_SPOT: OnDue(repository, told),
        PUBLICATION: release_timer(repository, packs),
    }
    timers = Timers(pool, kinds)
    finding, counting = Detection.over(pool, packs), LoadCounting.over(pool, packs)
    tasks = (timers.run, pruning(settings, pool).run, packs.run, finding.run, counting.run)
    return Worker(Repositories.of(repository), by_faust=True, tasks=tasks, first=(packs.read,), gauges=GAUGES)


def pruning(settings: RoutingSettings, pool: Pool) -> Retention:
    """What routing keeps for a while only: answers to staff, so that a repetition can be answered the same."""
    answers = Expired(ANSWERS, "answered_at < $1", timedelta(days=settings.keep_answers_days))
    return Retention(pool, (answers, COMPARED, EXPIRED_REVOCATIONS, EXPIRED_SESSIONS, redriven(settings)))


SERVICE: Final = ServiceManifest(
    name="routing",
    settings=RoutingSettings,
    migrations=MIGRATIONS,
    processes=(
        ApiProcess(api),
        WorkerProcess(worker, "routing-worker", READS),
        RelayProcess(),
    ),
    checks=(*CHECKS, CATALOGUES),
)
