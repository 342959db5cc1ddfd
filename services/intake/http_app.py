"""Assembles the HTTP API and the pages of intake, and its mail server."""

from functools import partial

from services.intake.api_document import WORDS
from services.intake.assembled import demand_repository, vault
from services.intake.attachments import api as attachments_api
from services.intake.attachments.assembled import attachment_service
from services.intake.broadcasts import api as broadcasts
from services.intake.broadcasts.handler import BroadcastHandler
from services.intake.channels import introspection_api, menus
from services.intake.channels.gateway_settings import GatewayRegistry
from services.intake.channels.introspection_api import Introspection
from services.intake.events import api as events_api
from services.intake.events.lookup import EventLookup
from services.intake.events.streams import OpenStreams
from services.intake.inbound import assembled as inbound
from services.intake.inbound.conversation import Conversations
from services.intake.inbound.mail.server import MailServer
from services.intake.inbound.sender_lock import SenderLocks
from services.intake.inbound.visits import api as visits
from services.intake.inbound.words import languages
from services.intake.notes import api as notes_api
from services.intake.notes import messages_api, verdict_api
from services.intake.notes.handler import NoteHandler
from services.intake.notes.lost_link_handler import LostLinkHandler
from services.intake.notes.messages_handler import MessagesHandler
from services.intake.open311.api import open311
from services.intake.open311.discovery import ServerDescription
from services.intake.open311.handler import Open311Handler
from services.intake.open311.lookup import Open311Lookup
from services.intake.personal_data import api as vault_api
from services.intake.personal_data import batches
from services.intake.personal_data.batches import ContactBatches
from services.intake.personal_data.handler import PersonalDataHandler
from services.intake.public import api as publications_api
from services.intake.public import consent_api
from services.intake.public.consent_api import ConsentDesk
from services.intake.public.lookup import PublicLookup
from services.intake.settings import IntakeSettings
from services.intake.similar import api as similar
from services.intake.similar.finder import SimilarFinder
from services.intake.submission import api as submission_api
from services.intake.submission import history_api as imports_api
from services.intake.submission.handler import SubmissionHandler
from services.intake.submission.secret_code import SecretCodes
from services.intake.suggestion import api as suggestion
from services.intake.suggestion.suggester import Suggester
from services.intake.tracking import api as tracking_api
from services.intake.tracking import list_api
from services.intake.tracking.details import DetailsReader
from services.intake.tracking.lasting_secret import lasting_secret_check
from services.intake.tracking.lookup import DemandLookup
from services.intake.vault.sealing import Vault
from services.intake.web import portal_pages
from services.intake.web.allowance import Allowance
from services.intake.web.drafts import Drafts
from services.intake.web.map_tiles import MapTiles
from services.intake.web.month_figures import FigureReader
from services.intake.web.places import ServedPlaces
from services.intake.web.portal import Portal
from services.intake.web.portal_page import nowhere
from services.intake.web.raising import Raising
from shared.chassis.database.pool import Pool
from shared.chassis.process.components import Api
from shared.chassis.process.manifest import Server
from shared.chassis.process.reporter import Reporter
from shared.identity import operations
from shared.identity.callers import Callers
from shared.identity.citizen_links import CitizenLinks
from shared.identity.staff_tokens import StaffTokens
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.loader import packs_of
from shared.masker.masker import Masker
from shared.web.display import look


def api(settings: IntakeSettings, pool: Pool, reporter: Reporter) -> Api:
    """The HTTP API and the pages of citizens."""
    packs = packs_of(settings)
    for pack in packs:
        if pack.boundaries:
            pack.boundaries.load()
    keys, codes, callers = vault(settings), SecretCodes(settings.lasting), Callers.of(settings, pool, packs)
    masker = Masker()
    submissions, lookup, note_handler = _commands(pool, packs, keys, codes, masker)
    links = CitizenLinks.at(settings.public_url, settings.secret, settings.secret_previous)
    details_reader, publications = DetailsReader(pool, packs, links), PublicLookup(pool, packs)
    attachments = attachment_service(settings, pool)
    entrances = inbound_gateways(settings, pool, masker)
    finder = SimilarFinder(pool, packs, masker=masker)
    suggester = Suggester.of(packs, settings.suggestion_models)
    portal = Portal(
        ServedPlaces.of(packs, settings.portal_jurisdictions),
        submissions, note_handler, lookup, finder, suggester, attachments, codes,
        links,
    )  # fmt: skip
    streams = OpenStreams(pool, settings.event_streams_per_channel)
    tiles = MapTiles(settings.map_tiles, settings.map_attribution, settings.map_coordinates)
    raising = Raising(portal, Drafts(pool), Allowance(pool, keys, settings.portal_sends_per_hour), tiles)
    figures = FigureReader.at(settings.reporting_url, list(packs))
    return Api(
        [
            submission_api.routes(submissions, codes),
            tracking_api.routes(lookup, details_reader),
            list_api.routes(lookup, details_reader, keys),
            imports_api.routes(submissions),
            events_api.routes(EventLookup(pool, publications), streams),
            menus.routes(packs),
            notes_api.routes(note_handler, lookup),
            verdict_api.routes(note_handler, lookup, packs),
            messages_api.routes(
                MessagesHandler(pool, keys), LostLinkHandler(pool, submissions.repository, keys), lookup
            ),
            consent_api.routes(ConsentDesk(note_handler, callers, packs)),
            attachments_api.routes(attachments, callers),
            vault_api.routes(PersonalDataHandler(pool, submissions.repository, keys, callers, masker=masker)),
            batches.routes(ContactBatches(pool, submissions.repository, keys, callers)),
            introspection_api.routes(Introspection(pool, callers)),
            visits.routes(submissions, codes),
            broadcasts.routes(BroadcastHandler(submissions), codes),
            *entrances.routes(callers),
            similar.routes(finder, lookup),
            suggestion.routes(pool, suggester, packs),
            open311(
                Open311Handler(submissions, note_handler, attachments), Open311Lookup(submissions), _place(settings)
            ),
            publications_api.routes(publications, note_handler, lookup),
            *portal_pages.routes(settings, raising, details_reader, publications, figures),
            operations.routes(reporter, partial(StaffTokens.of(settings).read, pool)),
            look(),
        ],
        WORDS,
        ready=[lasting_secret_check(pool, settings.lasting)],
        tasks=(masker.run, streams.run, entrances.run, *figures.tasks),
        nowhere=nowhere,
    )


def inbound_gateways(settings: IntakeSettings, pool: Pool, masker: Masker) -> inbound.InboundGateways:
    """The gateways for messages that people write to numbers, accounts and mailboxes."""
    keys, codes, packs = vault(settings), SecretCodes(settings.lasting), packs_of(settings)
    submissions, _, note_handler = _commands(pool, packs, keys, codes, masker)
    message_files = inbound.message_files(settings, attachment_service(settings, pool))
    conversations = Conversations(submissions, note_handler, codes, message_files, SenderLocks.of(pool))
    return inbound.InboundGateways(GatewayRegistry(pool, keys), conversations, languages(packs))


def mail(settings: IntakeSettings, pool: Pool) -> Server:
    """The mail server to which the mail system hands e-mails over."""
    masker = Masker()
    entrances = inbound_gateways(settings, pool, masker)
    server = MailServer(entrances.registry, entrances.conversations)
    return Server(partial(server.run, settings), [lasting_secret_check(pool, settings.lasting)], (masker.run,))


def _place(settings: IntakeSettings) -> ServerDescription:
    return ServerDescription(
        settings.public_url, settings.open311_contact, settings.open311_type, settings.open311_other_url
    )


def _commands(
    pool: Pool, packs: Jurisdictions, vault: Vault, codes: SecretCodes, masker: Masker
) -> tuple[SubmissionHandler, DemandLookup, NoteHandler]:
    repository = demand_repository(packs)
    submissions = SubmissionHandler(pool, repository, packs, vault, masker=masker)
    return submissions, DemandLookup(pool, codes), NoteHandler(pool, repository, vault, masker=masker)
