"""Handles the bookings of field visits: submits each demand once, by the key that its device made, for the visit that
it names."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import ValidationError

from services.intake.attachments.collect import NOTHING, Enclosures, enclose
from services.intake.channels.channel import Channel
from services.intake.inbound.queries import submitted_under
from services.intake.submission.checked_request import Request
from services.intake.web import draft_queries, field_commands
from services.intake.web import field_queries as queries
from services.intake.web.field_commands import Booking, FieldVisit
from services.intake.web.field_gate import FieldStaff
from services.intake.web.field_queries import BookedRow, VisitCount, VisitRow
from services.intake.web.portal import Portal
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.refusals import Code, Refused
from shared.jurisdiction.pack import Pack

LISTED = 20


class Booked(NamedTuple):
    """The result of a booking. `changed`: it was sent before with another text, and the first one counts. `enclosed`:
    the photos that came now, and why some were not stored."""

    id: UUID
    number: str
    code: str
    changed: bool = False
    enclosed: Enclosures = NOTHING


@dataclass(frozen=True, slots=True)
class FieldHandler:
    """Books demands by the field-visit channel of the jurisdiction."""

    portal: Portal

    async def save(self, by: FieldStaff, visit: FieldVisit) -> None:
        """Store a visit; again with other values, update it. Raises `Refused`."""
        assert visit.held_on, "it was checked"
        row = VisitRow(
            visit.id, by.unit.id, by.person.name, by.pack.id, visit.division, visit.held_on, visit.members,
            visit.households,
        )  # fmt: skip
        async with self.portal.submissions.pool.acquire(timeout=5) as db:
            if not await queries.put_visit(db, row, self.portal.clock()):
                raise _no_visit()

    async def visit(self, by: FieldStaff, id: UUID) -> VisitRow:
        """A visit of the same unit; raises `Refused`."""
        async with self.portal.submissions.pool.acquire(timeout=5) as db:
            visit = await queries.visit(db, id, by.unit.id)
        if visit is None:
            raise _no_visit()
        return visit

    async def latest(self, by: FieldStaff) -> list[VisitCount]:
        """The last visits of the unit."""
        async with self.portal.submissions.pool.acquire(timeout=5) as db:
            return list(await queries.latest(db, by.unit.id, LISTED))

    async def booked(self, visit: VisitRow) -> list[BookedRow]:
        """The demands that were booked on a visit."""
        async with self.portal.submissions.pool.acquire(timeout=5) as db:
            return list(await queries.booked(db, visit.id))

    async def book(self, by: FieldStaff, visit: VisitRow, booking: Booking, photos: Sequence[bytes] = ()) -> Booked:
        """Submit a booking; the same key again is the same demand, even if the booking was changed. Photos that cannot
        be stored do not prevent it. Raises `Refused`."""
        at = booking.at or self.portal.clock()
        channel, key = await self._channel(by.pack), f"field:{booking.key}"
        ranking = self.portal.suggested(by.pack, booking.draft)
        guessed = ranking.suggestions[0].category if ranking.sure else None
        try:
            command = field_commands.command(booking, by.pack, by.person, guessed, at)
        except ValidationError:
            raise Refused(
                Code.INVALID, "the words cannot be kept: write them anew", "文字无法保存，请重新填写"
            ) from None
        enclosed = await self._enclosed(channel, key, photos)
        booked = await self._submit(channel, Request(key, command, enclosed=enclosed.references))
        await self._note(visit.id, booked, booking.on_the_spot, at)
        return booked._replace(enclosed=enclosed)

    async def _enclosed(self, channel: Channel, key: str, photos: Sequence[bytes]) -> Enclosures:
        """The stored photos; empty for a repeated booking, whose photos are stored already."""
        if not photos or await self._sent_before(channel, key):
            return NOTHING
        return await enclose(self.portal.attachments, channel, photos)

    async def _submit(self, channel: Channel, request: Request) -> Booked:
        try:
            receipt = await self.portal.submissions.submit(channel, request)
        except Refused as refused:
            first = await self._sent_before(channel, request.key) if refused.code is Code.KEY_REUSED else None
            if first is None:
                raise
            return first
        return Booked(receipt.id, receipt.number, self.portal.codes.of(receipt.id))

    async def _sent_before(self, channel: Channel, key: str) -> Booked | None:
        submissions = self.portal.submissions
        async with submissions.pool.acquire(timeout=5) as db:
            first = await submitted_under(db, channel.id, submissions.vault.reference(key))
        return Booked(first.id, first.number, self.portal.codes.of(first.id), changed=True) if first else None

    async def _note(self, visit: UUID, booked: Booked, on_the_spot: bool, at: datetime) -> None:
        """Record the booking, after the demand was submitted: if this fails, the device sends again and it is recorded
        then."""
        async with self.portal.submissions.pool.acquire(timeout=5) as db:
            await queries.put_demand(db, visit, booked.id, booked.number, on_the_spot, at)

    async def _channel(self, pack: Pack) -> Channel:
        """The field-visit channel of a jurisdiction, created at its first use; revoking it ends booking there."""
        name = f"{pack.name.zh}走访登记"
        channel = Channel(f"field-{pack.id}", ChannelKind.FIELD_VISIT, frozenset(), pack.root, name)
        key_hash = hashlib.sha256(secrets.token_bytes(32)).digest()
        async with self.portal.submissions.pool.acquire(timeout=5) as db:
            is_open = await draft_queries.put_channel(db, channel.id, channel.kind, name, key_hash)
        if not is_open:
            en = f"the channel {channel.id} was closed by its operator; keep what you booked and ask them"
            raise Refused(Code.FORBIDDEN, en, f"渠道 {channel.id} 已被停用：登记的内容请保留，并联系运维人员")
        return channel


def _no_visit() -> Refused:
    return Refused(Code.NOT_FOUND, "your unit has no such visit; begin one at /field", "本单位没有这次走访，请重新开始")
