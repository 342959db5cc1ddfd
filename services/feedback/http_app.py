"""Assembles the HTTP API of feedback: ratings, webhooks, and delivery reports of gateways."""

from functools import partial

from fastapi import APIRouter

from services.feedback.api_document import WORDS
from services.feedback.assembled import demand_repository, links_of, message_kind, secret_box
from services.feedback.gateways import reports_api
from services.feedback.gateways.assembled import reporting_gateways
from services.feedback.gateways.reports_api import ReportHandler
from services.feedback.notifications import desk_api
from services.feedback.notifications.message_desk import MessageDesk
from services.feedback.notifications.queries import held_messages
from services.feedback.ratings.api import routes
from services.feedback.ratings.handler import RatingHandler
from services.feedback.settings import FeedbackSettings
from services.feedback.web import inbox_pages, pages
from services.feedback.webhooks import api as webhooks_api
from services.feedback.webhooks.addresses import AllowedAddresses
from services.feedback.webhooks.api import OwnerReader
from services.feedback.webhooks.handler import WebhookHandler
from services.feedback.webhooks.interest import Interest
from services.feedback.webhooks.introspection import IntrospectionClient
from shared.chassis.database.pool import Pool
from shared.chassis.process.components import Api
from shared.chassis.process.reporter import Reporter
from shared.identity import operations
from shared.identity.staff_tokens import StaffTokens
from shared.identity.visitors import Visitors
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.loader import packs_of
from shared.masker.masker import Masker
from shared.web.display import look


def api(settings: FeedbackSettings, pool: Pool, reporter: Reporter) -> Api:
    """The HTTP API and the pages of citizens."""
    packs, interest = packs_of(settings), Interest()
    repository, masker = demand_repository(packs, settings, interest), Masker()
    ratings = RatingHandler(pool, repository, packs, links_of(settings), masker=masker)
    kind = message_kind(settings, pool, repository, packs)
    reports = ReportHandler(pool, kind, reporting_gateways(settings.gateways))
    desk = MessageDesk(pool, kind, packs, masker=masker)
    # Intake checks every key and token, so what is revoked there is not accepted here.
    introspection = IntrospectionClient.at(settings.intake_url, settings.secret)
    routers = [
        desk_api.routes(desk, introspection.person),
        # The page of operations must work even if intake does not answer.
        operations.routes(reporter, partial(StaffTokens.of(settings).read, pool)),
        routes(ratings),
        pages.routes(ratings, Visitors.of(settings)),
        reports_api.routes(reports),
        look(),
    ]
    routers.append(_webhook_routes(settings, pool, packs, introspection))
    if settings.inbox and settings.notification_file:
        pack = next(iter(packs))
        routers.append(
            inbox_pages.routes(
                settings.notification_file, settings.public_url, pack.timezone, partial(held_messages, pool)
            )
        )
    return Api(routers, WORDS, tasks=(masker.run, partial(interest.keep, pool)))


def _webhook_routes(
    settings: FeedbackSettings, pool: Pool, packs: Jurisdictions, introspection: IntrospectionClient
) -> APIRouter:
    box, allowed = secret_box(settings), AllowedAddresses.of(settings.webhook_networks)
    owners = OwnerReader(introspection, packs)
    return webhooks_api.routes(WebhookHandler(pool, packs, box, allowed), owners)
