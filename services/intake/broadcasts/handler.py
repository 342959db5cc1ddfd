"""Handles the commands of live broadcasts: programmes are opened and closed, and demands are taken in during them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn
from uuid import UUID

from services.intake.broadcasts import queries
from services.intake.broadcasts.queries import Programme
from services.intake.channels.channel import Channel
from services.intake.channels.keys import must_be
from services.intake.submission.checked_request import Request
from services.intake.submission.domain import SubmitDemand
from services.intake.submission.handler import SubmissionHandler
from services.intake.submission.receipt import SubmissionReceipt
from shared.chassis.base.clock import now, uuid7
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.demand.state import Demand
from shared.contracts.refusals import Code, FieldError, Refused


@dataclass(frozen=True, slots=True)
class BroadcastHandler:
    """Handles the programmes of broadcast channels."""

    submissions: SubmissionHandler
    clock: Callable[[], datetime] = now
    new_id: Callable[[], UUID] = uuid7

    async def open(self, channel: Channel, key: str, title: str) -> Programme:
        """Open a programme; the same key opens only one."""
        must_be(channel, ChannelKind.BROADCAST)
        wanted = Programme(self.new_id(), channel.id, title, self.clock(), None)
        async with self.submissions.pool.acquire(timeout=5) as db:
            programme = await queries.put(db, wanted, key)
        if programme.title != title:
            en = f"this key opened {programme.title!r}; send a new Idempotency-Key"
            zh = f"该幂等键已用于节目“{programme.title}”，请换一个新的幂等键"
            raise Refused(Code.KEY_REUSED, en, zh, (FieldError("Idempotency-Key", zh, en),))
        return programme

    async def close(self, channel: Channel, id: UUID) -> Programme:
        """Close a programme; a closed one does not change."""
        async with self.submissions.pool.acquire(timeout=5) as db:
            programme = await queries.close(db, channel.id, id, self.clock())
        return programme or _missing(id)

    async def take(self, channel: Channel, id: UUID, key: str, demand: SubmitDemand) -> SubmissionReceipt:
        """Take a demand in during a programme. After its end only repeated requests are answered."""
        async with self.submissions.pool.acquire(timeout=5) as db:
            programme = await queries.one(db, channel.id, id) or _missing(id)
            if programme.closed_at and not await queries.has_taken(db, id, self.submissions.vault.reference(key)):
                raise Refused(
                    Code.ILLEGAL_TRANSITION,
                    f"the programme was closed at {programme.closed_at.isoformat()}; open one with POST /v1/programmes",
                    "该节目已结束，请新开一期节目后再登记",
                )
        return await self.submissions.submit(channel, Request(key, demand, programme=id))

    async def listed(self, channel: Channel, before: UUID | None, limit: int) -> list[Programme]:
        """The channel's programmes, newest first."""
        async with self.submissions.pool.acquire(timeout=5) as db:
            return await queries.listed(db, channel.id, before, limit)

    async def demands(self, channel: Channel, id: UUID, before: UUID | None, limit: int) -> list[Demand]:
        """The demands of a programme, newest first."""
        async with self.submissions.pool.acquire(timeout=5) as db:
            if await queries.one(db, channel.id, id) is None:
                _missing(id)
            return await queries.demands(db, id, before, limit)


def _missing(id: UUID) -> NoReturn:
    raise Refused(Code.NOT_FOUND, f"this channel has no programme {id}; see GET /v1/programmes", "本渠道没有这期节目")
