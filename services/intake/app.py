"""Intake, put together: its API, and the worker that relays its journal and follows its demands."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from services.intake.api_document import WORDS
from services.intake.attachments import api as attachments_api
from services.intake.attachments.assembled import attachment_service
from services.intake.broadcasts import api as broadcasts
from services.intake.broadcasts.handler import BroadcastHandler
from services.intake.channels import introspection_api, menus
from services.intake.channels.gateway_settings import GatewayRegistry
from services.intake.channels.introspection_api import Introspection
from services.intake.checks import CHECKS
from services.intake.events import api as events_api
from services.intake.events.lookup import EventLookup
from services.intake.events.numbering import EventNumbering
from services.intake.events.projection import event_projection
from services.intake.events.streams import OpenStreams
from services.intake.gauges import GAUGES
from services.intake.inbound import assembled as inbound
from services.intake.inbound.conversation import Conversations
from services.intake.inbound.mail.server import MailServer
from services.intake.inbound.sender_lock import SenderLocks
from services.intake.inbound.sms.parted_texts import EXPIRED as EXPIRED_TEXTS
from services.intake.inbound.visits import api as visits
from services.intake.inbound.words import languages
from services.intake.notes import api as voices_api
from services.intake.notes import verdict_api
from services.intake.notes.handler import NoteHandler
from services.intake.notes.lost_link_handler import WITHIN as LINKS_COUNTED_WITHIN
from services.intake.notes.supporters import WITHIN as COUNTED_WITHIN
from services.intake.open311.api import open311
from services.intake.open311.discovery import Place
from services.intake.open311.handler import Open311Handler
from services.intake.open311.lookup import Open311Lookup
from services.intake.personal_data import api as vault_api
from services.intake.personal_data import batches
from services.intake.personal_data.batches import ContactBatches
from services.intake.personal_data.handler import PersonalDataHandler
from services.intake.public import api as publications_api
from services.intake.public.lookup import PublicLookup
from services.intake.publications.projection import PUBLICATIONS
from services.intake.settings import IntakeSettings
from services.intake.similar import api as similar
from services.intake.similar.finder import SimilarFinder
from services.intake.similar.indexing import Indexing
from services.intake.similar.projection import similarity_projection
from services.intake.submission import api as submission_api
from services.intake.submission import history_api as imports_api
from services.intake.submission.handler import SubmissionHandler
from services.intake.submission.secret_code import SecretCodes
from services.intake.suggestion import api as suggestion
from services.intake.suggestion.suggester import Suggester
from services.intake.tracking import api as tracking_api
from services.intake.tracking import list_api
from services.intake.tracking.lasting_secret import lasting_secret_kept
from services.intake.tracking.lookup import WITHIN, DemandLookup
from services.intake.tracking.projection import LISTING, UPDATES
from services.intake.tracking.story import StoryReader
from services.intake.tracking.words_projection import CITIZEN_WORDS
from services.intake.vault.sealing import Vault
from services.intake.web import portal_pages
from services.intake.web.allowance import Allowance
from services.intake.web.drafts import KEPT as DRAFTS_KEPT
from services.intake.web.drafts import Drafts
from services.intake.web.map_tiles import MapTiles
from services.intake.web.month_figures import FigureReader
from services.intake.web.places import Places
from services.intake.web.portal import Portal
from services.intake.web.portal_page import nowhere
from services.intake.web.raising import Raising
from shared.chassis.aggregates.projections import compose
from shared.chassis.aggregates.repository import Repositories, Repository
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
from shared.contracts.demand.facts import Fact
from shared.contracts.demand.rules import demand_rules
from shared.contracts.demand.state import Demand, Service
from shared.contracts.topics import DEMAND_EVENTS
from shared.identity import operations
from shared.identity.callers import Callers
from shared.identity.citizen_links import CitizenLinks
from shared.identity.revocations import EXPIRED as EXPIRED_REVOCATIONS
from shared.identity.staff_tokens import StaffTokens
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.loader import packs_of
from shared.masker.masker import Masker
from shared.web.display import look

MIGRATIONS: Final = Path(__file__).parent / "migrations"
READS: Final = (DEMAND_EVENTS.name,)


def demand_repository(packs: Jurisdictions) -> Repository[Demand, Fact]:
    """Intake's copy of every demand; beside it what is listed, and what finds similar ones."""
    project = compose(
        LISTING, UPDATES, CITIZEN_WORDS, PUBLICATIONS, similarity_projection(packs), event_projection(packs)
    )
    return Repository("demand", demand_rules(Service.INTAKE), project)


def api(settings: IntakeSettings, pool: Pool) -> Api:
    """What channels talk to."""
    packs = packs_of(settings)
    for pack in packs:
        if pack.boundaries:
            pack.boundaries.load()
    keys, codes, callers = vault(settings), SecretCodes(settings.lasting), Callers.of(settings, pool, packs)
    masker = Masker()
    submissions, lookup, note_handler = _commands(pool, packs, keys, codes, masker)
    links = CitizenLinks.at(settings.public_url, settings.secret, settings.secret_previous)
    stories, publications = StoryReader(pool, packs, links), PublicLookup(pool, packs)
    attachments = attachment_service(settings, pool)
    entrances = doors(settings, pool, masker)
    finder = SimilarFinder(pool, packs, masker=masker)
    suggester = Suggester.of(packs, settings.suggestion_models)
    portal = Portal(
        Places.of(packs, settings.portal_jurisdictions),
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
            tracking_api.routes(lookup, stories),
            list_api.routes(lookup, stories, keys),
            imports_api.routes(submissions),
            events_api.routes(EventLookup(pool, publications), streams),
            menus.routes(packs),
            voices_api.routes(note_handler, lookup),
            verdict_api.routes(note_handler, lookup, packs),
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
            *portal_pages.routes(settings, raising, stories, publications, figures),
            operations.routes(Reporter(SERVICE, pool), partial(StaffTokens.of(settings).read, pool)),
            look(),
        ],
        WORDS,
        ready=[lasting_secret_kept(pool, settings.lasting)],
        tasks=(masker.run, streams.run, entrances.run, *figures.tasks),
        nowhere=nowhere,
    )


def doors(settings: IntakeSettings, pool: Pool, masker: Masker) -> inbound.Doors:
    """What people write to numbers, accounts and mailboxes."""
    keys, codes, packs = vault(settings), SecretCodes(settings.lasting), packs_of(settings)
    submissions, _, note_handler = _commands(pool, packs, keys, codes, masker)
    enclosing = inbound.message_files(settings, attachment_service(settings, pool))
    conversations = Conversations(submissions, note_handler, codes, enclosing, SenderLocks.of(pool))
    return inbound.Doors(GatewayRegistry(pool, keys), conversations, languages(packs))


def mail(settings: IntakeSettings, pool: Pool) -> Server:
    """What the mail system hands letters over to."""
    masker = Masker()
    entrances = doors(settings, pool, masker)
    server = MailServer(entrances.registry, entrances.conversations)
    return Server(partial(server.run, settings), [lasting_secret_kept(pool, settings.lasting)], (masker.run,))


def _place(settings: IntakeSettings) -> Place:
    return Place(settings.public_url, settings.open311_contact, settings.open311_type, settings.open311_other_url)


def _commands(
    pool: Pool, packs: Jurisdictions, vault: Vault, codes: SecretCodes, masker: Masker
) -> tuple[SubmissionHandler, DemandLookup, NoteHandler]:
    known = demand_repository(packs)
    submissions = SubmissionHandler(pool, known, packs, vault, masker=masker)
    return submissions, DemandLookup(pool, codes), NoteHandler(pool, known, vault, masker=masker)


def vault(settings: IntakeSettings) -> Vault:
    """The vault with its master key, and the one before while it is being changed; the secret behind codes lasts."""
    return Vault.of(settings.vault_key, settings.vault_old_key, settings.lasting)


def worker(settings: IntakeSettings, pool: Pool) -> Worker:
    """Relays what intake tells, hears how its demands go on, and tidies up."""
    kept, indexing, numbering = pruning(settings, pool), Indexing(pool), EventNumbering(pool)
    tasks = (attachment_service(settings, pool).run, kept.run, indexing.run, numbering.run)
    repositories = Repositories.of(demand_repository(packs_of(settings)))
    return Worker(repositories, by_faust=False, tasks=tasks, gauges=GAUGES)


def pruning(settings: IntakeSettings, pool: Pool) -> Retention:
    """What intake keeps for a while only: who spoke of which demand, and wrong codes while they are counted."""
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
