"""Finds demands for those who may follow them: the channel that took them in, or whoever has the secret code."""

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
WITHIN: Final = timedelta(minutes=15)
LONGEST: Final = 4.0
READ_ALL: Final = "read-all"


class ChangedDemand(NamedTuple):
    """A demand with its place in the order of changes, and whether the channel took it in."""

    at: Moment
    demand: Demand
    own: bool


@dataclass(frozen=True, slots=True)
class DemandLookup:
    """Reads intake's own copy of every demand."""

    pool: Pool
    codes: SecretCodes
    clock: Callable[[], datetime] = now
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def known(self, number: str) -> Demand:
        """Any demand by its number; raises `Refused`."""
        async with self.pool.acquire(timeout=5) as db:
            demand = await demands.by_number(db, number)
        if demand is None:
            raise Refused(Code.NOT_FOUND, f"there is no demand {number}", f"没有编号为 {number} 的诉求")
        return demand

    async def open_to(self, channel: Channel, number: str, code: str) -> Demand:
        """Any demand by its number, since numbers are public; a confidential one for those who may follow it alone."""
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
        """A demand that this channel took in, or any where it may read all; raises `Refused`."""
        demand, all_of_it = await self.seen(channel, number)
        if not all_of_it:
            raise _not_theirs(number)
        return demand

    async def seen(self, channel: Channel, number: str) -> tuple[Demand, bool]:
        """A demand with whether this channel may read all of it; raises `Refused`.

        A channel says by itself what reached it too, and is believed: so it learns what the public sees, and no more.
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
        """Whether a demand came with this channel's key."""
        async with self.pool.acquire(timeout=5) as db:
            return await queries.channel_of(db, demand.id) == channel.id

    async def referred(self, channel: Channel, external_id: str) -> tuple[Demand, bool] | None:
        """What this channel's own reference stands for, with whether the channel took it in."""
        async with self.pool.acquire(timeout=5) as db:
            reference = await queries.reference(db, channel.id, external_id)
            demand = await demands.by_id(db, reference.demand) if reference else None
            own = demand is not None and await queries.channel_of(db, demand.id) == channel.id
        return (demand, own) if demand else None

    async def by_code(self, number: str, code: str) -> Demand:
        """A demand by its number and secret code; a wrong code is answered as an unknown number is.

        Whoever guesses makes everybody wait, and shuts nobody out: the wait comes before the code is looked at, so
        that it says nothing, and 40 bits are too many for guesses that take seconds.
        """
        if not code:
            raise _nobody()
        at = self.clock()
        async with self.pool.acquire(timeout=5) as db:
            demand = await demands.by_number(db, number)
            if demand is None:
                raise _unknown(number)
            guesses = await queries.wrong_codes(db, demand.id, at - WITHIN)
        if guesses >= WRONG_CODES:
            await self.pause(min(2.0 ** (guesses - WRONG_CODES), LONGEST))
        if not self.codes.fits(demand.id, code):
            async with self.pool.acquire(timeout=5) as db:
                await queries.count_wrong_code(db, demand.id, at, at - WITHIN)
            raise _unknown(number)
        return demand

    async def listed(self, channel: Channel, before: UUID | None, limit: int) -> list[tuple[Demand, bool]]:
        """What this channel took in or saw again, newest first, with whether it took it in."""
        async with self.pool.acquire(timeout=5) as db:
            return await queries.demands_of(db, channel.id, before, limit)

    async def changed(self, channel: Channel, after: Moment, limit: int) -> list[ChangedDemand]:
        """The same in the order in which they last changed, from behind a moment on."""
        async with self.pool.acquire(timeout=5) as db:
            changed = await queries.changed_demands(db, channel.id, after, limit)
        return [ChangedDemand(Moment(at, demand.id), demand, own) for at, demand, own in changed]


def _not_theirs(number: str) -> Refused:
    return Refused(
        Code.NOT_FOUND,
        f"this channel has no demand {number}; send the demand's secret code in X-Demand-Code where the citizen has it",
        f"本渠道没有编号为 {number} 的诉求；如有查询码，请用请求头 X-Demand-Code 提供",
    )


def _nobody() -> Refused:
    en = "send the demand's secret code as ?code= or in X-Demand-Code, or the channel's key in X-API-Key"
    zh = "请提供查询码（?code= 或请求头 X-Demand-Code），或在请求头 X-API-Key 中提供渠道密钥"
    return Refused(Code.UNAUTHENTICATED, en, zh, (FieldError("code", zh, en, "7K2M9QXD"),))


def _unknown(number: str) -> Refused:
    return Refused(
        Code.NOT_FOUND,
        f"there is no demand {number} with this code; after {WRONG_CODES} wrong codes, answers take some seconds",
        f"没有编号为 {number} 且查询码相符的诉求；输错 {WRONG_CODES} 次后，查询需等待几秒",
    )
