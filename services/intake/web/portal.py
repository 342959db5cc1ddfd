"""The portal as a channel of kind `web`: its demands are handled like those of every other channel."""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.intake.attachments.service import AttachmentService
from services.intake.attachments.stores import NoStore
from services.intake.channels.channel import Channel
from services.intake.inbound.queries import submitted_under
from services.intake.notes.domain import Support
from services.intake.notes.handler import NoteHandler, NoteRequest
from services.intake.similar.finder import SimilarFinder
from services.intake.similar.view import Like
from services.intake.submission.checked_request import Request
from services.intake.submission.handler import SubmissionHandler
from services.intake.submission.secret_code import SecretCodes
from services.intake.suggestion.ranking import Ranking
from services.intake.suggestion.suggester import Suggester
from services.intake.tracking.lookup import DemandLookup
from services.intake.web import draft_queries as queries
from services.intake.web.draft import Photo, RaiseDraft, SentDraft
from services.intake.web.places import ServedPlaces
from shared.chassis.base.clock import now
from shared.contracts.demand.facts import ChannelKind, RequestKind
from shared.contracts.refusals import Code, Refused
from shared.identity.citizen_links import CitizenLinks
from shared.jurisdiction.pack import Pack

MOST_SIMILAR: Final = 3
PROPOSED: Final = 0.5
"""A category that is more likely than all others together is proposed; the citizen checks it before sending."""


@dataclass(frozen=True, slots=True)
class Portal:
    """The commands and queries of the pages; every method raises `Refused`."""

    places: ServedPlaces
    submissions: SubmissionHandler
    note_handler: NoteHandler
    lookup: DemandLookup
    finder: SimilarFinder
    suggester: Suggester
    attachments: AttachmentService
    codes: SecretCodes
    links: CitizenLinks
    clock: Callable[[], datetime] = now

    @property
    def takes_photos(self) -> bool:
        """Whether this deployment can store photos."""
        return not isinstance(self.attachments.store, NoStore)

    async def channel(self, pack: Pack) -> Channel:
        """The portal's channel in a jurisdiction, created at its first use. Nobody has its key; revoking the channel
        closes the portal there."""
        channel = Channel(channel_id(pack), ChannelKind.WEB, frozenset(), pack.root, f"{pack.name.zh}网上门户")
        key_hash = hashlib.sha256(secrets.token_bytes(32)).digest()
        async with self.submissions.pool.acquire(timeout=5) as db:
            is_open = await queries.put_channel(db, channel.id, channel.kind, channel.name, key_hash)
        if not is_open:
            en = "the portal does not take demands here at present; please use the hotline"
            raise Refused(Code.FORBIDDEN, en, "本平台暂停受理该地区的诉求，请拨打热线电话")
        return channel

    async def keep_photo(self, content: bytes, name: str) -> Photo:
        """Store a photo, made anew from its pixels."""
        attachment = await self.attachments.take(await self.channel(self.places.packs[0]), content)
        return Photo(attachment.reference, name[:60])

    async def similar(self, draft: RaiseDraft) -> list[Like]:
        """Open demands nearby that may be the same, as the public sees them: first those with similar words, then those
        of the same category in the same place, where the public may see both."""
        pack = self._pack(draft)
        worded = await self.finder.find(await self.channel(pack), draft.command(), MOST_SIMILAR)
        likes = await self.finder.as_seen(worded)
        category, more = self.suggested(pack, draft).likelier_than(PROPOSED), MOST_SIMILAR - len(worded)
        if not category or not more or draft.division is None:
            return likes
        besides = {demand.id for _, demand in worded}
        there = await self.finder.as_seen(await self.finder.of_a_category(draft.division, category, besides, more))
        return likes + [like for like in there if like.division and like.category]

    def suggested(self, pack: Pack, draft: RaiseDraft) -> Ranking:
        """Suggested categories of a draft."""
        return self.suggester.suggest(pack, draft.title, draft.words)

    async def send(
        self, id: UUID, draft: RaiseDraft, category: str | None, kind: RequestKind, may_publish: bool | None = None
    ) -> SentDraft:
        """Submit a draft; the same draft again is the same demand, even if it was changed."""
        pack = self._pack(draft)
        channel, key = await self.channel(pack), f"portal:{id}"
        await self._bring_photos(draft.photos, channel)
        try:
            receipt = await self.submissions.submit(channel, Request(key, draft.command(category, kind, may_publish)))
        except Refused as refused:
            first = await self._sent_before(channel, key) if refused.code is Code.KEY_REUSED else None
            if first is None:
                raise
            return first
        due = due_at(pack, draft, category, kind, receipt.submitted_at)
        return SentDraft(receipt.id, receipt.number, receipt.submitted_at, due, phone_ends=draft.phone_ends)

    async def support(self, id: UUID, draft: RaiseDraft, number: str) -> SentDraft:
        """Support another demand instead of raising a new one."""
        channel = await self.channel(self._pack(draft))
        demand = await self.lookup.open_to(channel, number, "")
        support = NoteRequest(channel, f"portal:{id}", Support(contact=draft.contact))
        noted = await self.note_handler.record(demand.id, support)
        return SentDraft(demand.id, noted.number, noted.at, supported=True, phone_ends=draft.phone_ends)

    async def _bring_photos(self, photos: Sequence[Photo], channel: Channel) -> None:
        """Move the photos to the channel: they are uploaded before the place, and with it the channel, is known."""
        if photos:
            channels = [channel_id(pack) for pack in self.places.packs]
            async with self.submissions.pool.acquire(timeout=5) as db:
                await queries.move_photos(db, [photo.reference for photo in photos], channels, channel.id)

    async def _sent_before(self, channel: Channel, key: str) -> SentDraft | None:
        async with self.submissions.pool.acquire(timeout=5) as db:
            first = await submitted_under(db, channel.id, self.submissions.vault.reference(key))
        return SentDraft(first.id, first.number, self.clock()) if first else None

    def _pack(self, draft: RaiseDraft) -> Pack:
        pack = self.places.pack_of(draft.division)
        if pack is None:
            raise Refused(Code.INVALID, "say where it is first", "请先选择地点")
        return pack


def channel_id(pack: Pack) -> str:
    """The id of the portal's channel in a jurisdiction."""
    return f"portal-{pack.id}"


def due_at(pack: Pack, draft: RaiseDraft, category: str | None, kind: RequestKind, at: datetime) -> datetime | None:
    """The usual due time of such a demand; None if no limit is known. Routing's own may be earlier."""
    limit = pack.limits_for(draft.division or pack.root, category, kind).resolve
    return pack.end_of(limit, at) if limit else None


def follow_link(links: CitizenLinks, sent: SentDraft) -> str:
    """The URL that follows a demand: a signed link, which opens at once, on any telephone and without a script. A
    supporter has no code, and a support alone may open nobody's text: they get what everybody may see of it."""
    return f"{links.public_url}/demands/{sent.number}" if sent.supported else links.follow(sent.id)
