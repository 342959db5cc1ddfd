"""Handles requests and updates that come by Open311, with their files."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.intake import demands
from services.intake.attachments.collect import NOTHING, Enclosures, enclose
from services.intake.attachments.service import AttachmentService
from services.intake.channels.channel import Channel
from services.intake.channels.keys import authenticate
from services.intake.inbound import queries as inbound
from services.intake.notes.domain import Supplement
from services.intake.notes.handler import NoteHandler, NoteRequest
from services.intake.open311 import queries, services
from services.intake.open311.errors import invalid, unknown
from services.intake.open311.forms import NewRequest, NewUpdate
from services.intake.open311.statuses import FixMyStreet
from services.intake.open311.translation import demand_of
from services.intake.submission.checked_request import Request
from services.intake.submission.handler import SubmissionHandler
from services.intake.tracking import queries as tracking
from shared.contracts.demand.state import Demand
from shared.contracts.examples import API_KEY, NUMBER
from shared.contracts.numbers import read_number
from shared.contracts.refusals import Code, FieldError, Refused

SCOPE: Final = "submit"


@dataclass(frozen=True, slots=True)
class Registered:
    """The number of a submitted request, and what became of its files."""

    number: str
    enclosed: Enclosures


@dataclass(frozen=True, slots=True)
class Open311Handler:
    """Translates GeoReport's forms to submissions and notes; every method raises `Refused`."""

    submissions: SubmissionHandler
    note_handler: NoteHandler
    attachments: AttachmentService

    async def submit(self, posted: NewRequest, key: str | None) -> Registered:
        """Submit a request; without an idempotency key every request is a new one."""
        channel = await self._channel(posted.api_key)
        pack = services.jurisdiction(self.submissions.packs, posted.jurisdiction_id)
        leaf = services.category(pack, posted.service_code)
        first_line, _, _ = posted.description.partition("\n")
        command = demand_of(pack, leaf, posted, await self.note_handler.masker.masked_text(first_line))
        unique = f"open311:{key or self.submissions.new_id()}"
        enclosed = await self._enclosed(channel, posted, unique if key else None)
        receipt = await self.submissions.submit(channel, Request(unique, command, enclosed=enclosed.references))
        if posted.media_url:
            links = await self.note_handler.supplement(_lines(*_links(posted.media_url)))
            # Also for a repeated request: it is compared with the first one, because the links are part of the request.
            await self.note_handler.record(
                receipt.id, _note_request(channel, receipt.id, f"media_url:{receipt.number}", links)
            )
        return Registered(receipt.number, enclosed)

    async def _enclosed(self, channel: Channel, posted: NewRequest, repeats: str | None) -> Enclosures:
        """The stored files; empty for a repeated request, whose files are stored already."""
        if repeats:
            async with self.submissions.pool.acquire(timeout=5) as db:
                if await inbound.submitted_under(db, channel.id, self.note_handler.vault.reference(repeats)):
                    return NOTHING
        return await enclose(self.attachments, channel, posted.files)

    async def supplement(self, posted: NewUpdate) -> None:
        """Record an update of another system as a note of the citizen; a repeated one was recorded already."""
        channel = await self._channel(posted.api_key)
        demand = await self._theirs(channel, posted)
        if await self._repeats(channel, demand, posted):
            return
        enclosed = await enclose(self.attachments, channel, posted.files)
        note = await self.note_handler.supplement(_lines(*_notes(posted), enclosed.note), enclosed.references)
        try:
            await self._record_update(channel, demand.id, posted.update_id, note)
        except Refused as refused:
            raise _ended(refused, demand.number) from None

    async def _theirs(self, channel: Channel, posted: NewUpdate) -> Demand:
        """The demand to update, if the channel may speak about it; raises `Refused`."""
        number = read_number(posted.service_request_id, field="service_request_id")
        async with self.submissions.pool.acquire(timeout=5) as db:
            demand = await demands.by_number(db, number)
            if demand is None:
                raise unknown("service_request_id", posted.service_request_id, NUMBER)
            raised_by = await tracking.channel_of(db, demand.id)
        if raised_by != channel.id:
            en, zh = f"{number} was submitted through another channel", f"{number} 属于其他渠道"
            raise Refused(Code.FORBIDDEN, en, zh, (FieldError("service_request_id", zh, en, NUMBER),))
        return demand

    async def _repeats(self, channel: Channel, demand: Demand, posted: NewUpdate) -> bool:
        """Whether this update was recorded before; raises `Refused` if its id belongs to an update of another
        demand."""
        async with self.submissions.pool.acquire(timeout=5) as db:
            first = await queries.received(db, channel.id, self.note_handler.vault.reference(posted.update_id))
        if first is not None and first != demand.id:
            en, zh = "belongs to an update of another request; send a new one", "已用于另一件诉求，请换一个新的"
            raise invalid(FieldError("update_id", zh, en, f"{posted.update_id}-2"))
        return first is not None

    async def _channel(self, key: str) -> Channel:
        try:
            return await authenticate(self.submissions.pool, key, SCOPE)
        except Refused as refused:
            if refused.code is not Code.UNAUTHENTICATED:
                raise
            en = "send the key of your channel as api_key; see key_service in discovery.xml"
            zh = "请用参数 api_key 提供渠道密钥，获取方式见 discovery.xml"
            raise Refused(refused.code, en, zh, (FieldError("api_key", zh, en, API_KEY),)) from None

    async def _record_update(self, channel: Channel, demand: UUID, update_id: str, note: Supplement) -> None:
        """Record the note, unless the same update is being recorded at this moment."""
        at, note_request = self.submissions.clock(), _note_request(channel, demand, update_id, note)
        masked_note = await self.note_handler.masked_note(note_request)
        async with self.submissions.pool.acquire(timeout=5) as db, db.transaction():
            if await queries.receive(db, channel.id, self.note_handler.vault.reference(update_id), demand, at):
                await self.note_handler.record_within(db, demand, note_request, masked_note)


def _note_request(channel: Channel, demand: UUID, update_id: str, note: Supplement) -> NoteRequest:
    return NoteRequest(channel, f"open311:{demand}:{update_id}", note)


def _ended(refused: Refused, number: str) -> Refused:
    """The refusal of an update; if the demand has ended, it says what an Open311 client can do instead."""
    if refused.code is not Code.ILLEGAL_TRANSITION:
        return refused
    en = f"{number} has ended; send a new request with POST requests.{{format}}"
    zh = f"{number} 已办结归档，请用 POST requests.{{format}} 重新提交"
    return Refused(refused.code, en, zh, (FieldError("service_request_id", zh, en),))


def _lines(*notes: str) -> str:
    return "\n".join(note for note in notes if note)


def _links(urls: Iterable[str]) -> list[str]:
    return [f"附件链接 / attached: {url}" for url in urls]


def _notes(posted: NewUpdate) -> list[str]:
    status_line = "" if posted.status is FixMyStreet.OPEN else f"\n（对方系统状态 / status there: {posted.status}）"
    return [posted.description + status_line, *_links(posted.media_url)]
