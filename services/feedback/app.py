"""Assembles the feedback service: its manifest, and the worker that sends messages and closes demands; `http_app`
assembles the API."""

from functools import partial
from pathlib import Path
from typing import Final

from services.feedback.assembled import demand_repository, message_kind, secret_box
from services.feedback.checks import CHECKS
from services.feedback.gateways.assembled import connect_inbound_texts, connect_reports
from services.feedback.gateways.inbound_texts import EXPIRED as EXPIRED_TEXTS
from services.feedback.gateways.inbound_texts import InboundTexts
from services.feedback.ratings.unrated import UNRATED, unrated
from services.feedback.settings import FeedbackSettings
from services.feedback.webhooks import gauges as webhook_gauges
from services.feedback.webhooks.addresses import AllowedAddresses
from services.feedback.webhooks.doctor_checks import CHECK as WEBHOOKS_CHECK
from services.feedback.webhooks.endpoint_client import EndpointClient
from services.feedback.webhooks.interest import Interest
from services.feedback.webhooks.introspection import IntrospectionClient
from services.feedback.webhooks.log_queries import spent
from services.feedback.webhooks.sender import WebhookSender
from services.feedback.webhooks.watch import WebhookWatch
from shared.chassis.aggregates.repository import Repositories
from shared.chassis.database.pool import Pool
from shared.chassis.process.components import Api, Worker
from shared.chassis.process.manifest import ApiProcess, RelayProcess, ServiceManifest, WorkerProcess
from shared.chassis.process.reporter import Reporter
from shared.chassis.work.intent_gauges import of_intents
from shared.chassis.work.intent_sender import IntentSender
from shared.chassis.work.intent_watch import IntentWatch
from shared.chassis.work.intents import REACHED
from shared.chassis.work.retention import Retention, redriven
from shared.chassis.work.timers import Timers
from shared.contracts.topics import DEMAND_EVENTS
from shared.identity.revocations import EXPIRED as EXPIRED_REVOCATIONS
from shared.jurisdiction.loader import packs_of

MIGRATIONS: Final = Path(__file__).parent / "migrations"
READS: Final = (DEMAND_EVENTS.name,)


def api(settings: FeedbackSettings, pool: Pool) -> Api:
    """The HTTP API and the pages of citizens. Their modules are imported only by the process that serves them."""
    from services.feedback import http_app

    return http_app.api(settings, pool, Reporter(SERVICE, pool))


def worker(settings: FeedbackSettings, pool: Pool) -> Worker:
    """The worker: projects facts, sends messages and webhook events, closes demands that nobody rates, and prunes."""
    packs, interest = packs_of(settings), Interest()
    repository = demand_repository(packs, settings, interest)
    kind = message_kind(settings, pool, repository, packs)
    connect_reports(pool, kind)
    hearing = connect_inbound_texts(kind, InboundTexts.at(pool, settings.intake_url, settings.secret))
    spent_rows = (REACHED, EXPIRED_REVOCATIONS, EXPIRED_TEXTS, *spent(settings.keep_webhook_days))
    pruning = Retention(pool, (redriven(settings), *spent_rows))
    timers = Timers(pool, {UNRATED: unrated(repository, packs)})
    holder = f"feedback-worker-{settings.instance}" if settings.instance else ""
    tasks = (IntentSender(pool, kind, holder=holder).run, IntentWatch(pool, kind).run, timers.run, pruning.run)
    webhooks = (partial(_webhook_sender, settings, pool, holder), _webhook_watch(settings, pool).run)
    keep_interest = partial(interest.keep, pool)
    gauges = (*of_intents(kind.name), *webhook_gauges.GAUGES)
    repositories = Repositories.of(repository)
    return Worker(repositories, by_faust=True, tasks=(*tasks, *hearing, *webhooks, keep_interest), gauges=gauges)


async def _webhook_sender(settings: FeedbackSettings, pool: Pool, holder: str) -> None:
    client = EndpointClient(AllowedAddresses.of(settings.webhook_networks))
    await WebhookSender(pool, client, secret_box(settings), holder=holder).run()


def _webhook_watch(settings: FeedbackSettings, pool: Pool) -> WebhookWatch:
    introspection = IntrospectionClient.at(settings.intake_url, settings.secret)
    return WebhookWatch(pool, secret_box(settings), introspection)


SERVICE: Final = ServiceManifest(
    name="feedback",
    settings=FeedbackSettings,
    migrations=MIGRATIONS,
    processes=(
        ApiProcess(api),
        WorkerProcess(worker, "feedback-worker", READS),
        RelayProcess(),
    ),
    checks=(*CHECKS, WEBHOOKS_CHECK),
)
