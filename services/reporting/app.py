"""Reporting, put together: the figures' API, and the projector that folds every fact."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

from services.reporting.api_document import WORDS
from services.reporting.drilldown import api as drilldown_api
from services.reporting.drilldown.handler import Drilldown
from services.reporting.figures import api as figures_api
from services.reporting.figures.completion import Figures
from services.reporting.figures.projection import figure_projection
from services.reporting.figures.rollup import Rollup
from services.reporting.rebuild.rebuild import Rebuild, Say
from services.reporting.settings import ReportingSettings
from services.reporting.web import pages
from shared.chassis.aggregates.repository import Repositories, Repository
from shared.chassis.database.pool import Pool
from shared.chassis.process.components import Api, Worker
from shared.chassis.process.manifest import ApiProcess, RelayProcess, ServiceManifest, WorkerProcess
from shared.chassis.process.reporter import Reporter
from shared.chassis.work.retention import Expired, Retention, redriven
from shared.contracts.demand.facts import Fact
from shared.contracts.demand.rules import demand_rules
from shared.contracts.demand.state import Demand, Service
from shared.contracts.refusals import Code, Refused
from shared.contracts.topics import DEMAND_EVENTS
from shared.identity import operations
from shared.identity.person import Person
from shared.identity.revocations import EXPIRED as EXPIRED_REVOCATIONS
from shared.identity.staff_tokens import StaffTokens
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.loader import packs_of
from shared.web.display import look

MIGRATIONS: Final = Path(__file__).parent / "migrations"
READS: Final = (DEMAND_EVENTS.name,)


def demand_repository(packs: Jurisdictions) -> Repository[Demand, Fact]:
    """Reporting's copy of every demand, with its counters."""
    return Repository("demand_facts", demand_rules(Service.REPORTING), figure_projection(packs))


def api(settings: ReportingSettings, pool: Pool) -> Api:
    """What everybody may read."""
    packs = packs_of(settings)
    figures, opening = Figures(pool), Drilldown(pool)
    return Api(
        [
            figures_api.routes(figures, packs),
            drilldown_api.routes(figures, opening, packs),
            pages.routes(figures, opening, packs),
            operations.routes(Reporter(SERVICE, pool), _staff(settings, pool)),
            look(),
        ],
        WORDS,
    )


def _staff(settings: ReportingSettings, pool: Pool) -> Callable[[str], Awaitable[Person]]:
    """Who bears a token of the desk; nobody where this process does not know the secret that signs them."""
    tokens = StaffTokens.signed_by(settings.secret, settings.secret_previous) if settings.secret else None

    async def read(token: str) -> Person:
        if tokens is None:
            en = "HUYING_SECRET is not set for reporting-api: it takes no tokens of staff"
            raise Refused(Code.UNAUTHENTICATED, en, "reporting-api 未设置 HUYING_SECRET，不接受工作人员凭证")
        return await tokens.read(pool, token)

    return read


def projector(settings: ReportingSettings, pool: Pool) -> Worker:
    """Folds every fact, sums, prunes; tells only its dead letters."""
    repository = demand_repository(packs_of(settings))
    tasks = (Rollup(pool).run, pruning(settings, pool).run)
    return Worker(Repositories.of(repository), by_faust=False, tasks=tasks)


def rebuilding(settings: ReportingSettings, say: Say) -> Rebuild:
    """Builds the views anew from the log, by the rules of the projector."""
    worker = Worker(Repositories.of(demand_repository(packs_of(settings))), by_faust=False)
    return Rebuild(settings.database_url, settings.kafka, worker, MIGRATIONS, settings.batch_size, say)


def pruning(settings: ReportingSettings, pool: Pool) -> Retention:
    """Counters that came to nothing say the same when they are missing; most statuses of a month end so."""
    quiet = timedelta(days=settings.keep_noughts_days)
    before = "($1::timestamptz)::date"
    noughts = (("cohort_sum", f"period < {before}"), ("flow_sum", f"period < {before}"), ("owed", "due_at < $1"))
    counters = (Expired(table, f"n = 0 AND {old}", quiet) for table, old in noughts)
    return Retention(pool, (*counters, redriven(settings), EXPIRED_REVOCATIONS))


SERVICE: Final = ServiceManifest(
    name="reporting",
    settings=ReportingSettings,
    migrations=MIGRATIONS,
    processes=(
        ApiProcess(api),
        WorkerProcess(projector, "reporting-reader", READS, suffix="projector"),
        RelayProcess(),
    ),
)
