"""The attachment service: stores files, binds them to demands, hands them out, and sweeps."""

import asyncio
import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from services.intake.attachments import queries
from services.intake.attachments.kinds import Accepted, AttachmentLimits, kind_of
from services.intake.attachments.papers import redrawn_pdf
from services.intake.attachments.pictures import redrawn_picture
from services.intake.attachments.queries import Attachment
from services.intake.attachments.scanning import Scanner
from services.intake.attachments.stores import Lost, Store
from services.intake.channels.channel import Channel
from shared.chassis.base.clock import now
from shared.chassis.database.pool import PASSING, Connection, Pool
from shared.chassis.work.periodic import every
from shared.contracts.refusals import Code, FieldError, Refused

EVERY: Final = 60.0
UNUSED_FOR: Final = timedelta(hours=24)
AT_ONCE: Final = 100
DECODED_AT_ONCE: Final = 2
OFFICE: Final = "unit:"
"""The prefix of a unit's id in the place of a channel's id, for files of units; the id of a channel has no colon."""


def _reference() -> str:
    return secrets.token_urlsafe(16)


def _reference_of(demand_id: UUID, content: bytes) -> str:
    """The reference of a unit's file, derived from demand and content, so that a form that is sent twice stores it
    once."""
    digest = hashlib.sha256(demand_id.bytes + content).digest()
    return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")


class Origin(NamedTuple):
    """The reference of a file, who uploaded it, and its demand if that is known."""

    reference: str
    channel: str
    demand_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class AttachmentService:
    """Stores the rows in the database and the bytes in a store. The row is written first and deleted last."""

    pool: Pool
    store: Store
    scanner: Scanner
    limits: AttachmentLimits
    max_pixels: int
    clock: Callable[[], datetime] = now
    new_reference: Callable[[], str] = _reference
    _decoding: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(DECODED_AT_ONCE))

    async def take(self, channel: Channel, content: bytes) -> Attachment:
        """Check, scan, clean and store an upload; raises `Refused`."""
        return await self._keep(Origin(self.new_reference(), channel.id), content)

    async def take_evidence(self, unit: str, demand_id: UUID, content: bytes) -> Attachment:
        """Store a unit's file for a demand and bind it at once; the same file again is the same attachment. Raises
        `Refused`."""
        reference = _reference_of(demand_id, content)
        existing = await self.find(reference)
        if existing is not None and await self._is_whole(existing):
            return existing
        return await self._keep(Origin(reference, f"{OFFICE}{unit}", demand_id), content)

    async def _is_whole(self, attachment: Attachment) -> bool:
        try:
            await self.content(attachment)
        except Lost:
            return False
        return True

    async def _keep(self, origin: Origin, content: bytes) -> Attachment:
        kind = kind_of(content, self.limits)
        scan = await self.scanner.scan(content)
        cleaned = await self._clean(content, kind)
        attachment = Attachment(
            reference=origin.reference,
            channel=origin.channel,
            media_type=kind.media_type,
            suffix=kind.suffix,
            sha256=hashlib.sha256(cleaned).digest(),
            size=len(cleaned),
            scan=scan,
            uploaded_at=self.clock(),
            demand_id=origin.demand_id,
        )
        async with self.pool.acquire(timeout=5) as db:
            await queries.put(db, attachment)
        await self.store.put(attachment.key, cleaned)
        return attachment

    async def _clean(self, content: bytes, kind: Accepted) -> bytes:
        async with self._decoding:
            if not kind.decoder:
                return await redrawn_pdf(content)
            return await asyncio.to_thread(redrawn_picture, content, kind, self.max_pixels)

    async def find(self, reference: str) -> Attachment | None:
        """The attachment with this reference; None if there is none."""
        async with self.pool.acquire(timeout=5) as db:
            return await queries.by_reference(db, reference)

    async def is_answered_with(self, channel: Channel, attachment: Attachment) -> bool:
        """Whether the file is part of the answer to a demand of this channel."""
        async with self.pool.acquire(timeout=5) as db:
            return await queries.is_of_an_answer(db, attachment, channel.id)

    async def content(self, attachment: Attachment) -> bytes:
        """The stored bytes of a file; raises `Refused` if they were erased."""
        if attachment.erased_at:
            raise Refused(
                Code.ERASED,
                f"the attachment was erased on {attachment.erased_at:%Y-%m-%d}; it cannot be recovered",
                f"该附件已于 {attachment.erased_at:%Y-%m-%d} 删除，无法恢复",
            )
        content = await self.store.get(attachment.key)
        if hashlib.sha256(content).digest() != attachment.sha256:
            raise Lost(attachment.key)
        return content

    async def run(self) -> None:
        """Sweep every minute until cancelled, so that erased files are removed soon, whichever process erased them."""
        await every(EVERY, self.sweep, "sweeping", (Refused, *PASSING))

    async def sweep(self) -> int:
        """Remove uploads that no demand used within a day, and the bytes of erased files; returns how many."""
        swept = 0
        while done := await self._sweep_some():
            swept += done
        return swept

    async def _sweep_some(self) -> int:
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            unwanted = await queries.lock_unwanted(db, self.clock() - UNUSED_FOR, AT_ONCE)
            for attachment in unwanted:
                await self.store.remove(attachment.key)
            await queries.forget(db, [attachment.reference for attachment in unwanted])
        return len(unwanted)


async def bind(db: Connection, channel: str, wanted: Sequence[tuple[UUID, Sequence[str]]]) -> Mapping[UUID, Refused]:
    """Bind the uploads of each demand, all of them or none. Returns the refusals, by demand, of those that named a file
    which is not theirs."""
    refused = {}
    for demand_id, references in wanted:
        bound = await queries.bind(db, channel, references, demand_id) if references else set()
        missing = [n for n, reference in enumerate(references) if reference not in bound]
        if missing:
            await queries.unbind(db, demand_id)
            refused[demand_id] = _not_yours(missing)
    return refused


def _not_yours(places: Sequence[int]) -> Refused:
    en = "this channel has no unused upload with this reference; send the file to POST /v1/attachments first"
    zh = "本渠道没有此附件或已被使用，请先通过 POST /v1/attachments 上传"
    errors = tuple(FieldError(f"attachments.{n}", zh, en) for n in places)
    return Refused(Code.INVALID, "; ".join(f"{e.field}: {e.en}" for e in errors), zh, errors)
