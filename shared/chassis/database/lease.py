"""Leases: a right that one process at a time holds, stored in a row and timed by the database's clock (ADR 25).

An advisory lock would last as long as its session: until TCP gives up if the host has vanished, and for ever if the
process is suspended.
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
"""Seconds by which the holder treats the lease as lost earlier: its clock may run slower than the database's."""
RENEW: Final = 3.0
POLL: Final = 1.0
# A clock that also counts while the machine sleeps, if the system has one.
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
    """This process does not hold the lease any more; another process may hold it and do the work."""


@dataclass(slots=True)
class Lease:
    """The right called `name`. `epoch` grows by one with every change of the holder."""

    pool: Pool
    name: str
    holder: str = field(default_factory=lambda: str(uuid4()))
    epoch: int = 0
    _until: float = 0.0
    _tried: bool = False

    def holds(self) -> bool:
        """Whether it is certain, by this machine's clock, that no other process holds the lease."""
        return _now() < self._until

    def require(self) -> None:
        """Raise `LeaseLost` unless this process certainly holds the lease."""
        if not self.holds():
            raise LeaseLost(f"the lease {self.name} with epoch {self.epoch} has run out")

    async def take(self) -> None:
        """Wait until this process holds the lease.

        The first try takes the lease at once from a holder of the same name: a process with a fixed name has replaced
        it. Later tries do not, or two running processes with one name would take the lease from each other.
        """
        while not await self.try_take():  # noqa: ASYNC110 (another process has it)
            await asyncio.sleep(POLL)
        log.info("lease taken", lease=self.name, epoch=self.epoch, holder=self.holder)

    async def try_take(self) -> bool:
        """Take the lease if no other process holds it; returns whether this process holds it now."""
        began, first_try = _now(), not self._tried
        self._tried = True
        async with asyncio.timeout(TERM), self.pool.acquire(timeout=5) as db:
            epoch = await db.fetchval(_TAKE, self.name, self.holder, TERM, first_try, self.epoch)
        if epoch is None:
            return False
        self.epoch, self._until = epoch, began + TERM - MARGIN
        return True

    @contextlib.asynccontextmanager
    async def held(self) -> AsyncIterator[bool]:
        """Try to take the lease without waiting; the value says whether this process holds it.

        It is renewed while the block runs, and given up at the end of the block.
        """
        if not await self.try_take():
            yield False
            return
        keeping = asyncio.create_task(self.keep())
        try:
            yield True
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)  # `holds` tells the block if the lease was lost
            await self.give_up()

    async def keep(self) -> None:
        """Renew until cancelled; raises `LeaseLost` if the lease could not be renewed in time, or was taken."""
        while True:
            await asyncio.sleep(RENEW)
            while not await self._renewed():
                self.require()
                await asyncio.sleep(POLL / 2)

    async def _renewed(self) -> bool:
        began = _now()
        renewing = asyncio.create_task(self._renew())
        try:
            # Do not wait for the cancelled task: on a broken connection even the cancellation takes long.
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
        """Whether this process still held the lease; None while the database is away."""
        try:
            async with self.pool.acquire(timeout=5) as db:
                return bool(await db.fetchval(_RENEW, self.name, self.epoch, TERM))
        except PASSING as fault:
            log.warning("lease not renewed", lease=self.name, cause=repr(fault))
            return None

    def revoke(self) -> None:
        """From now on `holds` is False, without a word to the database."""
        self._until = 0.0

    async def give_up(self) -> None:
        """Let another process take the lease at once; if the database is away, only when it expires."""
        self.revoke()
        with contextlib.suppress(*PASSING):
            async with asyncio.timeout(POLL), self.pool.acquire(timeout=POLL) as db:
                await db.execute(_GIVE_UP, self.name, self.epoch)


def _now() -> float:
    return time.clock_gettime(_CLOCK)
