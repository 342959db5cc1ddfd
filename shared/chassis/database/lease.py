"""A lease: the right of one process at a time, kept in a row and measured by the database's clock (ADR 25).

A session's lock would last as long as PostgreSQL believes in the session: for a host that has vanished until TCP gives
up, for a process that was stopped without end.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

import structlog

from shared.chassis.database.pool import PASSING, Pool

log = structlog.get_logger()
TERM: Final = 10.0
"""Seconds that a lease lasts after it was taken or renewed."""
MARGIN: Final = 1.0
"""By so much earlier the holder itself takes it for lost: its clock and the database's run apart a little."""
RENEW: Final = 3.0
POLL: Final = 1.0
# Goes on while the machine sleeps, where there is such a clock.
_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

_TAKE: Final = """
    INSERT INTO lease (name, holder, epoch, expires_at)
    VALUES ($1, $2, 1, clock_timestamp() + make_interval(secs => $3))
    ON CONFLICT (name) DO UPDATE SET
        holder = excluded.holder, epoch = lease.epoch + 1, expires_at = excluded.expires_at
    WHERE lease.expires_at < clock_timestamp() OR (lease.holder = excluded.holder AND ($4 OR lease.epoch = $5))
    RETURNING epoch
"""
_RENEW: Final = """
    UPDATE lease SET expires_at = clock_timestamp() + make_interval(secs => $3)
    WHERE (name, epoch) = ($1, $2) RETURNING true
"""
_GIVE_UP: Final = "UPDATE lease SET expires_at = '-infinity' WHERE (name, epoch) = ($1, $2)"


class LeaseLost(Exception):
    """Somebody else may do it now; what was not done is for them."""


@dataclass(slots=True)
class Lease:
    """The right that `name` stands for; `epoch` tells this holder from those before and after."""

    pool: Pool
    name: str
    holder: str = field(default_factory=lambda: str(uuid4()))
    epoch: int = 0
    _until: float = 0.0
    _tried: bool = False

    def holds(self) -> bool:
        """Whether it is certain, by this machine's clock, that nobody else has it."""
        return _now() < self._until

    def require(self) -> None:
        """Raises `LeaseLost` where that is not certain."""
        if not self.holds():
            raise LeaseLost(f"the lease {self.name} with epoch {self.epoch} has run out")

    async def take(self) -> None:
        """Wait until it is ours.

        A process that has a fixed name takes at once what one of the same name held: that one has ended, as a group
        of readers supposes of its fixed members too. Only at its first try; two of one name would rob each other.
        """
        while not await self.try_take():  # noqa: ASYNC110 (another process has it)
            await asyncio.sleep(POLL)
        log.info("lease taken", lease=self.name, epoch=self.epoch, holder=self.holder)

    async def try_take(self) -> bool:
        """Take it if nobody else has it; whether it is ours."""
        began, again = _now(), not self._tried
        self._tried = True
        async with asyncio.timeout(TERM), self.pool.acquire(timeout=5) as db:
            epoch = await db.fetchval(_TAKE, self.name, self.holder, TERM, again, self.epoch)
        if epoch is None:
            return False
        self.epoch, self._until = epoch, began + TERM - MARGIN
        return True

    @contextlib.asynccontextmanager
    async def held(self) -> AsyncIterator[bool]:
        """Whether it is ours, without waiting for it. It is renewed while the block runs, and given up at its end."""
        mine = await self.try_take()
        if not mine:
            yield False
            return
        keeping = asyncio.create_task(self.keep())
        try:
            yield True
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)  # where it was lost, `holds` says so
            await self.give_up()

    async def keep(self) -> None:
        """Renew until cancelled; raises `LeaseLost` when it could not be renewed in time, or was taken."""
        while True:
            await asyncio.sleep(RENEW)
            while not await self._renewed():
                self.require()
                await asyncio.sleep(POLL / 2)

    async def _renewed(self) -> bool:
        began = _now()
        renewing = asyncio.create_task(self._renew())
        try:
            # Over a line that is cut even giving up takes its time: that is nobody's business here.
            await asyncio.wait([renewing], timeout=max(0.0, self._until - began))
        finally:
            renewing.cancel()
        if not renewing.done() or renewing.cancelled():
            return False
        renewed = renewing.result()
        if renewed is False:
            self.revoke()
            raise LeaseLost(f"the lease {self.name} with epoch {self.epoch} was taken by another process")
        if renewed:
            self._until = began + TERM - MARGIN
        return bool(renewed)

    async def _renew(self) -> bool | None:
        """Whether it was still ours; None where the database is away."""
        try:
            async with self.pool.acquire(timeout=5) as db:
                return bool(await db.fetchval(_RENEW, self.name, self.epoch, TERM))
        except PASSING as fault:
            log.warning("lease not renewed", lease=self.name, cause=repr(fault))
            return None

    def revoke(self) -> None:
        """Do nothing more with it."""
        self._until = 0.0

    async def give_up(self) -> None:
        """Let another one take it at once; where the database is away, as soon as it runs out."""
        self.revoke()
        with contextlib.suppress(*PASSING):
            async with asyncio.timeout(POLL), self.pool.acquire(timeout=POLL) as db:
                await db.execute(_GIVE_UP, self.name, self.epoch)


def _now() -> float:
    return time.clock_gettime(_CLOCK)
