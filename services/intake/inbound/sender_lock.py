"""Lets only one message of a sender be handled at a time, in all processes, so that the second one can continue the
conversation of the first."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from shared.chassis.database.pool import Connection, Pool

_WITHIN: Final = 5.0


@dataclass(frozen=True, slots=True)
class SenderLocks:
    """Locks by sender. Each lock holds a connection while the message needs another one, so only half of a pool may
    hold locks; otherwise all would wait."""

    pool: Pool
    _seats: asyncio.Semaphore
    _senders: dict[bytes, "_Queue"] = field(default_factory=dict)

    @classmethod
    def of(cls, pool: Pool) -> "SenderLocks":
        """Locks that use the connections of a pool."""
        return cls(pool, asyncio.Semaphore(max(1, pool.get_max_size() // 2)))

    @asynccontextmanager
    async def hold(self, sender: bytes) -> AsyncIterator[Connection]:
        """A transaction that holds the sender's lock; raises `TimeoutError` if it is not free in time."""
        number = int.from_bytes(sender[:8], signed=True)
        async with AsyncExitStack() as held:
            async with asyncio.timeout(_WITHIN):
                await held.enter_async_context(self._in_line(sender))
                await held.enter_async_context(self._seats)
                db: Connection = await held.enter_async_context(self.pool.acquire())
                await held.enter_async_context(db.transaction())
                await db.execute("SELECT pg_advisory_xact_lock($1)", number)
            yield db

    @asynccontextmanager
    async def _in_line(self, sender: bytes) -> AsyncIterator[None]:
        """Messages of one sender in this process wait without a connection, so that many of them do not delay other
        senders."""
        queue = self._senders.setdefault(sender, _Queue())
        queue.length += 1
        try:
            async with queue.lock:
                yield
        finally:
            queue.length -= 1
            if not queue.length:
                del self._senders[sender]


@dataclass(slots=True)
class _Queue:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    length: int = 0
