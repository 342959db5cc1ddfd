"""Assembles the feedback service: its manifest, and the worker that sends messages and closes demands; `http_app`
assembles the API."""

from functools import partial
from pathlib import Path
from typing import Final

from services.feedback.checks import CHECKS
from services.feedback.gateways.assembled import gateways_of, hear_receipts, hear_texts
from services.feedback.gateways.inbound_texts import EXPIRED as EXPIRED_TEXTS
from services.feedback.gateways.inbound_texts import InboundTexts
from services.feedback.gateways.recipients import Recipient
from services.feedback.notifications.contacts import ContactClient
from services.feedback.notifications.courtesy import CourteousRecipients, Find
from services.feedback.notifications.digests import despite_opt_out
from services.feedback.notifications.projection import notification_projection
from services.feedback.notifications.sending import messages
from services.feedback.notifications.staff_recipients import DutyRecipients, duty_gateways
from services.feedback.ratings.domain import Reaction
from services.feedback.ratings.unrated import UNRATED, unrated
from services.feedback.settings import FeedbackSettings
from services.feedback.webhooks import gauges as webhook_gauges
from services.feedback.webhooks.addresses import AllowedAddresses
from services.feedback.webhooks.doctor_checks import CHECK as WEBHOOKS_CHECK
from services.feedback.webhooks.endpoint_client import EndpointClient
from services.feedback.webhooks.interest import Interest
from services.feedback.webhooks.introspection import IntrospectionClient
from services.feedback.webhooks.log_queries import spent
from services.feedback.webhooks.projection import webhook_projection
from services.feedback.webhooks.sender import WebhookSender
from services.feedback.webhooks.signing import SecretBox
from services.feedback.webhooks.watch import WebhookWatch
from shared.chassis.aggregates.projections import compose
from shared.chassis.aggregates.repository import Repositories, Repository
from shared.chassis.database.pool import Pool
from shared.chassis.process.components import Api, Worker
from shared.chassis.process.manifest import ApiProcess, RelayProcess, ServiceManifest, WorkerProcess
from shared.chassis.work.intent_gauges import of_intents
from shared.chassis.work.intent_sender import IntentSender
from shared.chassis.work.intent_watch import IntentWatch
from shared.chassis.work.intents import REACHED, Intent, IntentKind
from shared.chassis.work.retention import Retention, redriven
from shared.chassis.work.timers import Timers
from shared.contracts.demand.facts import Fact
from shared.contracts.demand.rules import demand_rules
from shared.contracts.demand.state import Demand, Service
from shared.contracts.topics import DEMAND_EVENTS
from shared.identity.citizen_links import CitizenLinks
from shared.identity.revocations import EXPIRED as EXPIRED_REVOCATIONS
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.loader import packs_of

MIGRATIONS: Final = Path(__file__).parent / "migrations"
READS: Final = (DEMAND_EVENTS.name,)


def demand_repository(
    packs: Jurisdictions, settings: FeedbackSettings, interest: Interest | None = None
) -> Repository[Demand, Fact]:
    """The repository of feedback's copy of every demand, with its policy and its projections.

    `interest` knows which events the webhooks want; without it every event is stored for them.
    """
    notices = notification_projection(packs, links_of(settings))
    project = compose(*notices.parts, webhook_projection(packs, interest or Interest()))
    return Repository("demand", demand_rules(Service.FEEDBACK, Reaction(packs)), project)


def links_of(settings: FeedbackSettings) -> CitizenLinks:
    return CitizenLinks.at(settings.public_url, settings.secret, settings.secret_previous)


def message_kind(
    settings: FeedbackSettings, pool: Pool, repository: Repository[Demand, Fact], packs: Jurisdictions
) -> IntentKind[Recipient]:
    """The kind of intent for messages, as this deployment sends them. Messages that go to a file or the log have no
    quiet hours."""
    gateways = gateways_of(settings.gateways, settings.notification_file, duty_gateways(packs))

    def goes_out(intent: Intent) -> bool:
        return despite_opt_out(intent, packs)

    find: Find = ContactClient.at(settings.intake_url, settings.secret, gateways.use, goes_out).recipients
    if settings.gateways and not settings.messages_at_once:
        find = CourteousRecipients(pool, find, packs)
    gateway_names = {gateway.name for gateway in gateways.gateways}
    duty = DutyRecipients(find, packs, gateways.use, gateway_names, settings.secret)
    return messages(repository, duty, gateways.gateways, packs)


def secret_box(settings: FeedbackSettings) -> SecretBox:
    """The box that seals the secrets of webhooks."""
    return SecretBox.of(settings.secret, settings.secret_previous)


def api(settings: FeedbackSettings, pool: Pool) -> Api:
    """The HTTP API and the pages of citizens. Their modules are imported only by the process that serves them."""
    from services.feedback import http_app

    return http_app.api(settings, pool)


def worker(settings: FeedbackSettings, pool: Pool) -> Worker:
    """The worker: projects facts, sends messages and webhook events, closes demands that nobody rates, and prunes."""
    packs, interest = packs_of(settings), Interest()
    repository = demand_repository(packs, settings, interest)
    kind = message_kind(settings, pool, repository, packs)
    hear_receipts(pool, kind)
    hearing = hear_texts(kind, InboundTexts.at(pool, settings.intake_url, settings.secret))
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
