"""Leadership of a relay: a lease with an epoch, kept in a row and measured by the database's clock (ADR 25).

A session's lock would last as long as PostgreSQL believes in the session: for a host that has vanished until TCP gives
up, for a process that was stopped without end.
"""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.protocol.produce import ProduceRequest

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
    INSERT INTO relay_lease AS lease (shard, holder, epoch, expires_at)
    VALUES ($1, $2, 1, clock_timestamp() + make_interval(secs => $3))
    ON CONFLICT (shard) DO UPDATE SET
        holder = excluded.holder, epoch = lease.epoch + 1, expires_at = excluded.expires_at
    WHERE lease.expires_at < clock_timestamp() OR ($4 AND lease.holder = excluded.holder)
    RETURNING epoch
"""
_RENEW: Final = """
    UPDATE relay_lease SET expires_at = clock_timestamp() + make_interval(secs => $3)
    WHERE (shard, epoch) = ($1, $2) RETURNING true
"""
_GIVE_UP: Final = "UPDATE relay_lease SET expires_at = '-infinity' WHERE (shard, epoch) = ($1, $2)"


class LeaseLost(KafkaError):  # type: ignore[misc]  # aiokafka is not typed
    """Somebody else may send now; what was not sent is for them."""


@dataclass(slots=True)
class Lease:
    """The right to send one shard of a journal; `epoch` tells this holder from those before and after."""

    pool: Pool
    shard: int
    holder: str = field(default_factory=lambda: str(uuid4()))
    epoch: int = 0
    _until: float = 0.0
    _tried: bool = False

    def holds(self) -> bool:
        """Whether it is certain, by this machine's clock, that nobody else may send."""
        return _now() < self._until

    def require(self) -> None:
        """Raises `LeaseLost` where that is not certain."""
        if not self.holds():
            raise LeaseLost(f"the lease of shard {self.shard} with epoch {self.epoch} has run out")

    async def take(self) -> None:
        """Wait until it is ours.

        A process that has a fixed name takes at once what one of the same name held: that one has ended, as a group
        of readers supposes of its fixed members too. Only at its first try; two of one name would rob each other.
        """
        while not await self._take():  # noqa: ASYNC110 (another process has it)
            await asyncio.sleep(POLL)
        log.info("relay leads", shard=self.shard, epoch=self.epoch, holder=self.holder)

    async def _take(self) -> bool:
        asked, again = _now(), not self._tried
        self._tried = True
        async with asyncio.timeout(TERM), self.pool.acquire(timeout=5) as db:
            epoch = await db.fetchval(_TAKE, self.shard, self.holder, TERM, again)
        if epoch is None:
            return False
        self.epoch, self._until = epoch, asked + TERM - MARGIN
        return True

    async def keep(self) -> None:
        """Renew until cancelled; raises `LeaseLost` when it could not be renewed in time, or was taken."""
        while True:
            await asyncio.sleep(RENEW)
            while not await self._renewed():
                self.require()
                await asyncio.sleep(POLL / 2)

    async def _renewed(self) -> bool:
        asked = _now()
        asking = asyncio.create_task(self._renew())
        try:
            # Over a line that is cut even giving up takes its time: that is nobody's business here.
            await asyncio.wait([asking], timeout=max(0.0, self._until - asked))
        finally:
            asking.cancel()
        if not asking.done() or asking.cancelled():
            return False
        renewed = asking.result()
        if renewed is False:
            self.revoke()
            raise LeaseLost(f"the lease of shard {self.shard} with epoch {self.epoch} was taken by another process")
        if renewed:
            self._until = asked + TERM - MARGIN
        return bool(renewed)

    async def _renew(self) -> bool | None:
        """Whether it was still ours; None where the database is away."""
        try:
            async with self.pool.acquire(timeout=5) as db:
                return bool(await db.fetchval(_RENEW, self.shard, self.epoch, TERM))
        except PASSING as fault:
            log.warning("lease not renewed", shard=self.shard, cause=repr(fault))
            return None

    def revoke(self) -> None:
        """Send nothing more with it."""
        self._until = 0.0

    async def give_up(self) -> None:
        """Let another one take it at once; where the database is away, as soon as it runs out."""
        self.revoke()
        with contextlib.suppress(*PASSING):
            async with asyncio.timeout(POLL), self.pool.acquire(timeout=POLL) as db:
                await db.execute(_GIVE_UP, self.shard, self.epoch)


class LeasedProducer(AIOKafkaProducer):  # type: ignore[misc]  # aiokafka is not typed
    """Hands a request with facts to the network only while the lease is held.

    What `send` was given waits in buffers: before the partition's last request is answered, and again after a failed
    one. A process that was stopped meanwhile would send all that as soon as it goes on.
    """

    def __init__(self, lease: Lease, **told: Any) -> None:
        super().__init__(**told)
        client = self.client
        send = client.send

        async def leased(node_id: int, request: Any, **more: Any) -> Any:
            if isinstance(request, ProduceRequest):
                await client.ready(node_id, **more)  # so that `send` need not wait for a connection
                lease.require()
            return await send(node_id, request, **more)

        client.send = leased


def _now() -> float:
    return time.clock_gettime(_CLOCK)
