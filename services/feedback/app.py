"""Feedback, put together: the rating API, and the Faust worker that tells citizens and closes demands."""

from pathlib import Path
from typing import Final

from services.feedback.api_document import WORDS
from services.feedback.checks import CHECKS
from services.feedback.gateways import reports_api
from services.feedback.gateways.assembled import gateways_of, hear_receipts, reporting_gateways
from services.feedback.gateways.recipients import Recipient
from services.feedback.gateways.reports_api import ReportHandler
from services.feedback.notifications.contacts import ContactClient
from services.feedback.notifications.projection import notification_projection
from services.feedback.notifications.sending import messages
from services.feedback.ratings.api import routes
from services.feedback.ratings.domain import Reaction
from services.feedback.ratings.handler import RatingHandler
from services.feedback.ratings.unrated import UNRATED, unrated
from services.feedback.settings import FeedbackSettings
from services.feedback.web import inbox_pages, pages
from shared.chassis.aggregates.repository import Repositories, Repository
from shared.chassis.database.pool import Pool
from shared.chassis.process.components import Api, Worker
from shared.chassis.process.manifest import ApiProcess, RelayProcess, ServiceManifest, WorkerProcess
from shared.chassis.work.intent_sender import IntentSender
from shared.chassis.work.intent_watch import IntentWatch
from shared.chassis.work.intents import REACHED, IntentKind
from shared.chassis.work.retention import Retention, redriven
from shared.chassis.work.timers import Timers
from shared.contracts.demand.facts import Fact
from shared.contracts.demand.rules import demand_rules
from shared.contracts.demand.state import Demand, Service
from shared.contracts.topics import DEMAND_EVENTS
from shared.identity.citizen_links import CitizenLinks
from shared.identity.visitors import Visitors
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.loader import packs_of
from shared.masker.masker import Masker
from shared.web.display import look

MIGRATIONS: Final = Path(__file__).parent / "migrations"
READS: Final = (DEMAND_EVENTS.name,)


def demand_repository(packs: Jurisdictions, settings: FeedbackSettings) -> Repository[Demand, Fact]:
    """Feedback's copy of every demand, with its policy and its notices."""
    notices = notification_projection(packs, _links(settings))
    return Repository("demand", demand_rules(Service.FEEDBACK, Reaction(packs)), notices)


def _links(settings: FeedbackSettings) -> CitizenLinks:
    return CitizenLinks.at(settings.public_url, settings.secret, settings.secret_previous)


def message_kind(
    settings: FeedbackSettings, repository: Repository[Demand, Fact], packs: Jurisdictions
) -> IntentKind[Recipient]:
    """How messages to citizens are sent in this deployment."""
    gateways = gateways_of(settings.gateways, settings.notification_file)
    contacts = ContactClient.at(settings.intake_url, settings.secret, gateways.use)
    return messages(repository, contacts, gateways.gateways, packs)


def api(settings: FeedbackSettings, pool: Pool) -> Api:
    """What citizens talk to."""
    packs = packs_of(settings)
    repository, masker = demand_repository(packs, settings), Masker()
    ratings = RatingHandler(pool, repository, packs, _links(settings), masker=masker)
    reports = ReportHandler(pool, message_kind(settings, repository, packs), reporting_gateways(settings.gateways))
    routers = [routes(ratings), pages.routes(ratings, Visitors.of(settings)), reports_api.routes(reports), look()]
    if settings.inbox and settings.notification_file:
        pack = next(iter(packs))
        routers.append(inbox_pages.routes(settings.notification_file, settings.public_url, pack.timezone))
    return Api(routers, WORDS, tasks=(masker.run,))


def worker(settings: FeedbackSettings, pool: Pool) -> Worker:
    """Hears every status fact, sends messages, closes what nobody rates, prunes."""
    packs = packs_of(settings)
    repository = demand_repository(packs, settings)
    kind = message_kind(settings, repository, packs)
    hear_receipts(pool, kind)
    pruning = Retention(pool, (redriven(settings), REACHED))
    timers = Timers(pool, {UNRATED: unrated(repository, packs)})
    holder = f"feedback-worker-{settings.instance}" if settings.instance else ""
    tasks = (IntentSender(pool, kind, holder=holder).run, IntentWatch(pool, kind).run, timers.run, pruning.run)
    return Worker(Repositories.of(repository), by_faust=True, tasks=tasks)


SERVICE: Final = ServiceManifest(
    name="feedback",
    settings=FeedbackSettings,
    migrations=MIGRATIONS,
    processes=(
        ApiProcess(api),
        WorkerProcess(worker, "feedback-worker", READS),
        RelayProcess(),
    ),
    checks=CHECKS,
)
