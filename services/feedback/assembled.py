"""Assembles the parts of feedback that its API and its worker share: its demands, messages and webhooks."""

from services.feedback.gateways.assembled import gateways_of
from services.feedback.gateways.recipients import Recipient
from services.feedback.notifications.contacts import ContactClient
from services.feedback.notifications.courtesy import CourteousRecipients, Find
from services.feedback.notifications.digests import despite_opt_out
from services.feedback.notifications.projection import notification_projection
from services.feedback.notifications.sending import messages
from services.feedback.notifications.staff_recipients import DutyRecipients, duty_gateways
from services.feedback.ratings.domain import Reaction
from services.feedback.settings import FeedbackSettings
from services.feedback.webhooks.interest import Interest
from services.feedback.webhooks.projection import webhook_projection
from services.feedback.webhooks.signing import SecretBox
from shared.chassis.aggregates.projections import compose
from shared.chassis.aggregates.repository import Repository
from shared.chassis.database.pool import Pool
from shared.chassis.work.intents import Intent, IntentKind
from shared.contracts.demand.facts import Fact
from shared.contracts.demand.rules import demand_rules
from shared.contracts.demand.state import Demand, Service
from shared.identity.citizen_links import CitizenLinks
from shared.jurisdiction.jurisdictions import Jurisdictions


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
