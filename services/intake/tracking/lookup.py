"""Finds demands for those who may follow them: the channel that took a demand in, or the citizen with the code."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from services.intake import demands
from services.intake.channels.channel import Channel
from services.intake.submission.secret_code import SecretCodes
from services.intake.tracking import queries
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Pool
from shared.chassis.http.pagination import Moment
from shared.contracts.demand.state import Demand, is_confidential
from shared.contracts.refusals import Code, FieldError, Refused

WRONG_CODES: Final = 10
"""So many wrong codes for one demand are answered at once; later answers wait."""
WITHIN: Final = timedelta(minutes=15)
"""Wrong codes are counted for so long, then the count begins anew."""
LONGEST_PAUSE: Final = 4.0
"""Seconds."""
READ_ALL: Final = "read-all"
"""The scope of a channel that may read every demand."""


class ChangedDemand(NamedTuple):
    """A demand, when it last changed, and whether the channel took it in (`own`)."""

    at: Moment
    demand: Demand
    own: bool


@dataclass(frozen=True, slots=True)
class DemandLookup:
    """Finds demands in intake's own copy, and checks that the caller may see them."""

    pool: Pool
    codes: SecretCodes
    clock: Callable[[], datetime] = now
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def known(self, number: str) -> Demand:
        """Any demand by its number; raises `Refused` if there is none."""
        async with self.pool.acquire(timeout=5) as db:
            demand = await demands.by_number(db, number)
        if demand is None:
            raise Refused(Code.NOT_FOUND, f"there is no demand {number}", f"没有编号为 {number} 的诉求")
        return demand

    async def open_to(self, channel: Channel, number: str, code: str) -> Demand:
        """Any demand by its number, because numbers are public. A confidential demand is given only to the channel that
        took it in, or with its code; raises `Refused`."""
        demand = await self.known(number)
        if is_confidential(demand.kind):
            return await (self.by_code(number, code) if code else self.own(channel, number))
        return demand

    async def own(self, channel: Channel, number: str) -> Demand:
        """A demand that this channel took in; raises `Refused`."""
        async with self.pool.acquire(timeout=5) as db:
            demand = await demands.by_number(db, number)
            if demand is None or await queries.channel_of(db, demand.id) != channel.id:
                raise _not_theirs(number)
        return demand

    async def readable(self, channel: Channel, number: str) -> Demand:
        """A demand of which this channel may read everything; raises `Refused`."""
        demand, may_read_all = await self.seen(channel, number)
        if not may_read_all:
            raise _not_theirs(number)
        return demand

    async def seen(self, channel: Channel, number: str) -> tuple[Demand, bool]:
        """A demand that this channel took in or reported a sighting of, and whether it may read all of it; raises
        `Refused`.

        Nobody checks a sighting that a channel reports. So the channel then sees only what the public sees.
        """
        async with self.pool.acquire(timeout=5) as db:
            demand = await demands.by_number(db, number)
            if demand is None:
                raise _not_theirs(number)
            if READ_ALL in channel.scopes or await queries.channel_of(db, demand.id) == channel.id:
                return demand, True
            if not await queries.has_sighted(db, channel.id, demand.id):
                raise _not_theirs(number)
        return demand, False

    async def took_in(self, channel: Channel, demand: Demand) -> bool:
        """Whether this channel took the demand in."""
        async with self.pool.acquire(timeout=5) as db:
            return await queries.channel_of(db, demand.id) == channel.id

    async def referred(self, channel: Channel, external_id: str) -> tuple[Demand, bool] | None:
        """The demand that this channel's own reference stands for, and whether the channel took it in; None if the
        reference is not known."""
        async with self.pool.acquire(timeout=5) as db:
            reference = await queries.reference(db, channel.id, external_id)
            demand = await demands.by_id(db, reference.demand) if reference else None
            own = demand is not None and await queries.channel_of(db, demand.id) == channel.id
        return (demand, own) if demand else None

    async def by_code(self, number: str, code: str) -> Demand:
        """A demand by its number and secret code; raises `Refused`. A wrong code has the same answer as an unknown
        number.

        After `WRONG_CODES` wrong codes for a demand every answer about it waits, also with the right code: nobody is
        locked out, and the waiting time says nothing about the code. A code has 40 bits, too many to guess at this
        rate.
        """
        if not code:
            raise _no_credential()
        at = self.clock()
        async with self.pool.acquire(timeout=5) as db:
            demand = await demands.by_number(db, number)
            if demand is None:
                raise _unknown(number)
            wrong_codes = await queries.wrong_codes(db, demand.id, at - WITHIN)
        if wrong_codes >= WRONG_CODES:
            await self.pause(min(2.0 ** (wrong_codes - WRONG_CODES), LONGEST_PAUSE))
        if not self.codes.fits(demand.id, code):
            async with self.pool.acquire(timeout=5) as db:
                await queries.count_wrong_code(db, demand.id, at, at - WITHIN)
            raise _unknown(number)
        return demand

    async def listed(self, channel: Channel, before: UUID | None, limit: int) -> list[tuple[Demand, bool]]:
        """The demands that this channel took in or reported a sighting of, newest first, each with whether the channel
        took it in. Only demands with an id before `before`, if that is given."""
        async with self.pool.acquire(timeout=5) as db:
            return await queries.demands_of(db, channel.id, before, limit)

    async def changed(self, channel: Channel, after: Moment, limit: int) -> list[ChangedDemand]:
        """The same demands in the order of their last changes; only those that changed after `after`."""
        async with self.pool.acquire(timeout=5) as db:
            changed = await queries.changed_demands(db, channel.id, after, limit)
        return [ChangedDemand(Moment(at, demand.id), demand, own) for at, demand, own in changed]


def _not_theirs(number: str) -> Refused:
    return Refused(
        Code.NOT_FOUND,
        f"this channel has no demand {number}; or send the demand's secret code in X-Demand-Code",
        f"本渠道没有编号为 {number} 的诉求；如有查询码，请用请求头 X-Demand-Code 提供",
    )


def _no_credential() -> Refused:
    en = "send the demand's secret code as ?code= or in X-Demand-Code, or the channel's key in X-API-Key"
    zh = "请提供查询码（?code= 或请求头 X-Demand-Code），或在请求头 X-API-Key 中提供渠道密钥"
    return Refused(Code.UNAUTHENTICATED, en, zh, (FieldError("code", zh, en, "7K2M9QXD"),))


def _unknown(number: str) -> Refused:
    return Refused(
        Code.NOT_FOUND,
        f"there is no demand {number} with this code; after {WRONG_CODES} wrong codes, answers are delayed by some"
        " seconds",
        f"没有编号为 {number} 且查询码相符的诉求；输错 {WRONG_CODES} 次后，查询需等待几秒",
    )
