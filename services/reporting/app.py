"""Reporting, put together: what it says of itself, and the projector that folds every fact."""

from datetime import timedelta
from pathlib import Path
from typing import Final

from services.reporting.figures.projection import figure_projection
from services.reporting.figures.rollup import Rollup
from services.reporting.rebuild.rebuild import Rebuild, Say
from services.reporting.settings import ReportingSettings
from shared.chassis.aggregates.repository import Repositories, Repository
from shared.chassis.database.pool import Pool
from shared.chassis.process.components import Api, Worker
from shared.chassis.process.manifest import ApiProcess, RelayProcess, ServiceManifest, WorkerProcess
from shared.chassis.work.retention import Expired, Retention, redriven
from shared.contracts.demand.facts import Fact
from shared.contracts.demand.rules import demand_rules
from shared.contracts.demand.state import Demand, Service
from shared.contracts.topics import DEMAND_EVENTS
from shared.identity.revocations import EXPIRED as EXPIRED_REVOCATIONS
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.loader import packs_of

MIGRATIONS: Final = Path(__file__).parent / "migrations"
READS: Final = (DEMAND_EVENTS.name,)


def demand_repository(packs: Jurisdictions) -> Repository[Demand, Fact]:
    """Reporting's copy of every demand, with its counters."""
    return Repository("demand_facts", demand_rules(Service.REPORTING), figure_projection(packs))


def api(settings: ReportingSettings, pool: Pool) -> Api:
    """What everybody may read; its routes and pages are loaded by whoever serves it alone."""
    from services.reporting import http_side

    return http_side.api(settings, pool)


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
