"""Assembles the routing service: its manifest, and the worker that routes demands; `http_app` assembles the API."""

from datetime import timedelta
from pathlib import Path
from typing import Final

from services.routing.assembled import demand_repository
from services.routing.cases.following import PARENT, follow_parent
from services.routing.cases.overview import LoadCounting
from services.routing.catalogue.doctor_checks import CATALOGUES
from services.routing.catalogue.packs_in_force import PacksInForce
from services.routing.checks import CHECKS
from services.routing.deadlines.queries import DEADLINE
from services.routing.deadlines.timer import deadline_timer
from services.routing.gauges import GAUGES
from services.routing.hot_spots.detection import Detection
from services.routing.hot_spots.policies import HOT_SPOT, clustered_facts
from services.routing.publications.queries import PUBLICATION
from services.routing.publications.timer import release_timer
from services.routing.settings import RoutingSettings
from shared.chassis.aggregates.commands import ANSWERS
from shared.chassis.aggregates.repository import Repositories
from shared.chassis.database.pool import Pool
from shared.chassis.process.components import Api, Worker
from shared.chassis.process.manifest import ApiProcess, RelayProcess, ServiceManifest, WorkerProcess
from shared.chassis.process.reporter import Reporter
from shared.chassis.work.retention import Expired, Retention, redriven
from shared.chassis.work.timers import OnDue, Timers
from shared.contracts.topics import DEMAND_EVENTS
from shared.identity.revocations import EXPIRED as EXPIRED_REVOCATIONS
from shared.identity.sessions import EXPIRED as EXPIRED_SESSIONS
from shared.jurisdiction.loader import packs_of

COMPARED: Final = Expired("hot_spot_demand", "hot_spot IS NULL AND raised_at < $1", timedelta(days=62))
"""What is stored to compare demands for hot spots; deleted if the demand belongs to none, after the longest span of a
pack."""
MIGRATIONS: Final = Path(__file__).parent / "migrations"
READS: Final = (DEMAND_EVENTS.name,)


def api(settings: RoutingSettings, pool: Pool) -> Api:
    """The HTTP API and the pages of staff. Their modules are imported only by the process that serves them."""
    from services.routing import http_app

    return http_app.api(settings, pool, Reporter(SERVICE, pool))


def worker(settings: RoutingSettings, pool: Pool) -> Worker:
    """The worker: routes demands, records due times that are near or missed, finds hot spots, counts the overview and
    prunes."""
    packs = PacksInForce(packs_of(settings), pool)
    repository = demand_repository(packs)
    kinds = {
        PARENT: follow_parent(repository, packs),
        DEADLINE: deadline_timer(repository, packs),
        HOT_SPOT: OnDue(repository, clustered_facts),
        PUBLICATION: release_timer(repository, packs),
    }
    timers = Timers(pool, kinds)
    finding, counting = Detection.over(pool, packs), LoadCounting.over(pool, packs)
    tasks = (timers.run, pruning(settings, pool).run, packs.run, finding.run, counting.run)
    return Worker(Repositories.of(repository), by_faust=True, tasks=tasks, first=(packs.read,), gauges=GAUGES)


def pruning(settings: RoutingSettings, pool: Pool) -> Retention:
    """What routing deletes after a time, such as stored answers to commands."""
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
