"""Assembles the intake service: its manifest, and the worker that follows demands; `http_app` assembles the rest."""

from datetime import timedelta
from pathlib import Path
from typing import Final

from services.intake.assembled import demand_repository
from services.intake.attachments.assembled import attachment_service
from services.intake.checks import CHECKS
from services.intake.events.numbering import EventNumbering
from services.intake.gauges import GAUGES
from services.intake.inbound.sms.parted_texts import EXPIRED as EXPIRED_TEXTS
from services.intake.notes.lost_link_handler import WITHIN as LINKS_COUNTED_WITHIN
from services.intake.notes.supporters import WITHIN as COUNTED_WITHIN
from services.intake.settings import IntakeSettings
from services.intake.similar.indexing import Indexing
from services.intake.tracking.lookup import WITHIN
from services.intake.web.drafts import KEPT as DRAFTS_KEPT
from shared.chassis.aggregates.repository import Repositories
from shared.chassis.database.pool import Pool
from shared.chassis.process.components import Api, Worker
from shared.chassis.process.manifest import (
    ApiProcess,
    RelayProcess,
    Server,
    ServerProcess,
    ServiceManifest,
    WorkerProcess,
)
from shared.chassis.process.reporter import Reporter
from shared.chassis.work.retention import Expired, Retention, redriven
from shared.contracts.topics import DEMAND_EVENTS
from shared.identity.revocations import EXPIRED as EXPIRED_REVOCATIONS
from shared.jurisdiction.loader import packs_of

MIGRATIONS: Final = Path(__file__).parent / "migrations"
READS: Final = (DEMAND_EVENTS.name,)


def api(settings: IntakeSettings, pool: Pool) -> Api:
    """The HTTP API and the pages of citizens. Their modules are imported only by the process that serves them."""
    from services.intake import http_app

    return http_app.api(settings, pool, Reporter(SERVICE, pool))


def mail(settings: IntakeSettings, pool: Pool) -> Server:
    """The mail server to which the mail system hands e-mails over; only its process imports its modules."""
    from services.intake import http_app

    return http_app.mail(settings, pool)


def worker(settings: IntakeSettings, pool: Pool) -> Worker:
    """The worker: follows demands, numbers events, indexes demands for the search of similar ones, and prunes."""
    retention, indexing, numbering = pruning(settings, pool), Indexing(pool), EventNumbering(pool)
    tasks = (attachment_service(settings, pool).run, retention.run, indexing.run, numbering.run)
    repositories = Repositories.of(demand_repository(packs_of(settings)))
    return Worker(repositories, by_faust=False, tasks=tasks, gauges=GAUGES)


def pruning(settings: IntakeSettings, pool: Pool) -> Retention:
    """What intake deletes after a time, such as who spoke of which demand, and counts of wrong codes."""
    conversations = Expired("conversation", "said_at < $1", timedelta(days=settings.keep_conversations_days))
    correspondents = Expired("correspondent", "told_at < $1", timedelta(days=settings.keep_conversations_days))
    nameless = Expired("nameless_support", "since < $1", COUNTED_WITHIN)
    wrong_codes = Expired("wrong_code", "since < $1", WITHIN)
    drafts = Expired("portal_draft", "saved_at < $1", DRAFTS_KEPT)
    uses = Expired("portal_use", "hour < $1", timedelta(hours=1))
    links = Expired("link_request", "since < $1", LINKS_COUNTED_WITHIN)
    events = Expired("demand_event", "placed_at < $1", timedelta(days=settings.keep_events_days))
    helping = (events, conversations, correspondents, wrong_codes, nameless, drafts, uses, links, EXPIRED_TEXTS)
    return Retention(pool, (*helping, EXPIRED_REVOCATIONS, redriven(settings)))


SERVICE: Final = ServiceManifest(
    name="intake",
    settings=IntakeSettings,
    migrations=MIGRATIONS,
    processes=(
        ApiProcess(api),
        WorkerProcess(worker, "intake-reader", READS),
        RelayProcess(),
        ServerProcess("mail", mail),
    ),
    checks=CHECKS,
)
