"""Assembles all pages of the portal."""

from fastapi import APIRouter

from services.intake.channels.embedding import Embeds
from services.intake.notes.lost_link_handler import LostLinkHandler
from services.intake.public.lookup import PublicLookup
from services.intake.settings import IntakeSettings
from services.intake.tracking.details import DetailsReader
from services.intake.web import (
    embed_pages,
    field_pages,
    follow_pages,
    followed_pages,
    hint_pages,
    home_pages,
    map_pages,
    offline_pages,
    public_feed_pages,
    public_pages,
    raise_pages,
    send_pages,
    similar_pages,
)
from services.intake.web.embed_handler import FORM_SECONDS, EmbedHandler
from services.intake.web.embed_pages import EmbedPages
from services.intake.web.field_gate import FieldGate
from services.intake.web.field_handler import FieldHandler
from services.intake.web.field_pages import FieldPages
from services.intake.web.follow_commands import FollowCommands
from services.intake.web.follow_lookup import FollowLookup
from services.intake.web.follow_pages import FollowPages
from services.intake.web.followed_pages import FollowedPages
from services.intake.web.month_figures import FigureReader
from services.intake.web.raising import Raising
from shared.chassis.base.tokens import Tokens
from shared.identity.field_sign_in import FieldSignIn
from shared.identity.visitors import Visitors


def routes(
    settings: IntakeSettings,
    raising: Raising,
    details_reader: DetailsReader,
    publications: PublicLookup,
    figures: FigureReader,
) -> list[APIRouter]:
    """The routes of all pages: raise a demand, follow it, read public demands, and book demands on field visits."""
    visitors = Visitors.of(settings)
    follow, followed = _follow_pages(raising, details_reader, visitors)
    steps = (hint_pages, offline_pages, raise_pages, similar_pages, send_pages)
    return [
        home_pages.routes(publications, figures),
        *(pages.routes(raising, visitors) for pages in steps),
        field_pages.routes(_field_pages(settings, raising, visitors)),
        embed_pages.routes(EmbedPages(_embedded(settings, raising), raising.allowance, follow, followed.lookup)),
        # In this order, because the path of `followed_pages` has a token, which matches any text.
        follow_pages.routes(follow),
        followed_pages.routes(followed),
        public_feed_pages.routes(publications, settings.public_url),
        map_pages.routes(publications, raising.tiles),
        public_pages.routes(publications, raising.tiles),
    ]


def _field_pages(settings: IntakeSettings, raising: Raising, visitors: Visitors) -> FieldPages:
    submissions = raising.portal.submissions
    gate = FieldGate(FieldSignIn.of(settings), visitors, submissions.packs, submissions.pool)
    return FieldPages(gate, FieldHandler(raising.portal), raising.tiles)


def _embedded(settings: IntakeSettings, raising: Raising) -> EmbedHandler:
    forms = Tokens(settings.secret, FORM_SECONDS, settings.secret_previous)
    return EmbedHandler(raising.portal, Embeds(raising.portal.submissions.pool), forms)


def _follow_pages(raising: Raising, details: DetailsReader, visitors: Visitors) -> tuple[FollowPages, FollowedPages]:
    """The pages that lead to a demand, and the page of a demand."""
    portal = raising.portal
    notes, links = portal.note_handler, portal.links
    lost_links = LostLinkHandler(notes.pool, notes.repository, notes.vault)
    followed = FollowedPages(FollowLookup(links, details), FollowCommands(portal, details.packs), links, visitors)
    return FollowPages(portal.lookup, lost_links, links, visitors), followed
