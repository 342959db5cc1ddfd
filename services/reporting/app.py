"""Assembles the reporting service: its manifest, and the projector that counts facts; `http_app` assembles the API."""

from datetime import timedelta
from pathlib import Path
from typing import Final

from services.reporting.assembled import demand_repository
from services.reporting.figures.rollup import Rollup
from services.reporting.rebuild.rebuild import Rebuild, Say
from services.reporting.settings import ReportingSettings
from shared.chassis.aggregates.repository import Repositories
from shared.chassis.database.pool import Pool
from shared.chassis.process.components import Api, Worker
from shared.chassis.process.manifest import ApiProcess, RelayProcess, ServiceManifest, WorkerProcess
from shared.chassis.process.reporter import Reporter
from shared.chassis.work.retention import Expired, Retention, redriven
from shared.contracts.topics import DEMAND_EVENTS
from shared.identity.revocations import EXPIRED as EXPIRED_REVOCATIONS
from shared.jurisdiction.loader import packs_of

MIGRATIONS: Final = Path(__file__).parent / "migrations"
READS: Final = (DEMAND_EVENTS.name,)


def api(settings: ReportingSettings, pool: Pool) -> Api:
    """The HTTP API, which needs no credential. Its modules are imported only by the process that serves them."""
    from services.reporting import http_app

    return http_app.api(settings, pool, Reporter(SERVICE, pool))


def projector(settings: ReportingSettings, pool: Pool) -> Worker:
    """The projector: counts every fact, sums counters and prunes. It records nothing but its dead letters."""
    repository = demand_repository(packs_of(settings))
    tasks = (Rollup(pool).run, pruning(settings, pool).run)
    return Worker(Repositories.of(repository), by_faust=False, tasks=tasks)


def rebuilding(settings: ReportingSettings, say: Say) -> Rebuild:
    """The rebuild of the tables from the log, with the repositories of the projector."""
    worker = Worker(Repositories.of(demand_repository(packs_of(settings))), by_faust=False)
    return Rebuild(settings.database_url, settings.kafka, worker, MIGRATIONS, settings.batch_size, say)


def pruning(settings: ReportingSettings, pool: Pool) -> Retention:
    """What reporting deletes: counters that have become zero, because a missing counter means the same."""
    kept_for = timedelta(days=settings.keep_noughts_days)
    before = "($1::timestamptz)::date"
    zero_counters = (("cohort_sum", f"period < {before}"), ("flow_sum", f"period < {before}"), ("owed", "due_at < $1"))
    counters = (Expired(table, f"n = 0 AND {old}", kept_for) for table, old in zero_counters)
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
