"""Manages the streams that are open in this process: how many a channel may have, and when they are woken."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from services.intake.channels.channel import Channel
from services.intake.events.queries import WAKE
from services.intake.tracking.lookup import READ_ALL
from shared.chassis.database.pool import PASSING, Connection, Pool
from shared.contracts.refusals import Code, Refused

log = structlog.get_logger()
POLL: Final = 5.0
"""A stream reads the database after so many seconds, even if nothing woke it."""


@dataclass(slots=True, eq=False)
class Subscription:
    """One open stream. Its event is set if there may be something to send, or a reason to end."""

    channel: str
    reads_all: bool
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self) -> None:
        """Wait until the stream is woken, at most `POLL` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL):
                await self.wake.wait()


@dataclass(slots=True)
class OpenStreams:
    """The open streams. Each reads the database by itself, page by page, so a slow reader keeps only one page in
    memory."""

    pool: Pool
    most: int
    """A channel may have so many streams at once in this process."""
    closing: bool = False
    _open: set[Subscription] = field(default_factory=set)
    _any: asyncio.Event = field(default_factory=asyncio.Event)

    def open(self, channel: Channel) -> Subscription:
        """Open a stream; raises `Refused` if the channel has as many as it may."""
        if sum(subscription.channel == channel.id for subscription in self._open) >= self.most:
            en = f"channel {channel.id} has {self.most} streams open here; close one of them, or read pages"
            zh = f"渠道 {channel.id} 已打开 {self.most} 个事件流，请先关闭一个，或改用分页读取"
            raise Refused(Code.QUOTA_USED_UP, en, zh, retry_after=int(POLL))
        subscription = Subscription(channel.id, READ_ALL in channel.scopes)
        self._open.add(subscription)
        self._any.set()
        return subscription

    def close(self, subscription: Subscription) -> None:
        """Remove a stream that has ended."""
        self._open.discard(subscription)
        if not self._open:
            self._any.clear()

    async def run(self) -> None:
        """Wake streams until cancelled, then end them. A database connection is held only while there are streams."""
        try:
            while True:
                await self._any.wait()
                try:
                    await self._listen()
                except PASSING as fault:
                    log.warning("event streams poll the database themselves", cause=repr(fault))
                    await asyncio.sleep(POLL)
        finally:
            self.closing = True
            self._wake(tuple(self._open))

    async def _listen(self) -> None:
        async with self.pool.acquire(timeout=5) as db:
            await db.add_listener(WAKE, self._notified)
            try:
                while self._any.is_set():
                    await asyncio.sleep(POLL)
                    await db.execute("SELECT 1")  # a broken connection is noticed only when it is used
            finally:
                await self._let_go(db)

    async def _let_go(self, db: Connection) -> None:
        with contextlib.suppress(*PASSING):
            async with asyncio.timeout(1):
                await db.remove_listener(WAKE, self._notified)

    def _notified(self, _db: object, _pid: int, _name: str, channel: object) -> None:
        self._wake([stream for stream in self._open if stream.reads_all or stream.channel == channel])

    def _wake(self, subscriptions: Sequence[Subscription]) -> None:
        for subscription in subscriptions:
            subscription.wake.set()
