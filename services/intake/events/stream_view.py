"""Writes the frames of one event stream: first the missed events, then new ones, and at the end the reason.

Rule: HTML Living Standard, 9.2 Server-sent events.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import structlog
from fastapi.sse import EventSourceResponse, format_sse_event

from services.intake.channels import keys
from services.intake.channels.keys import Scope
from services.intake.events import cursor
from services.intake.events.lookup import EventLookup
from services.intake.events.queries import EventFilter, EventPage
from services.intake.events.streams import OpenStreams, Subscription
from shared.chassis.base.clock import now
from shared.chassis.database.pool import PASSING
from shared.contracts.refusals import Refused

log = structlog.get_logger()
PAGE: Final = 200
HEARTBEAT: Final = 15.0
"""After so many seconds without an event a heartbeat shows proxies and readers that the stream is alive."""
RETRY: Final = 3000
"""A reader that lost the stream comes back after so many milliseconds."""
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class End(NamedTuple):
    """Why a stream ends, in Chinese and English."""

    code: str
    zh: str
    en: str

    def frame(self) -> bytes:
        """The last frame of the stream."""
        words = {"code": self.code, "detail": self.zh, "detail_en": self.en}
        return format_sse_event(event="end", data_str=json.dumps(words, ensure_ascii=False))


SHUTDOWN: Final = End(
    "restarting", "服务正在重启，请稍后从上次的游标继续", "the server restarts; continue after your last cursor"
)
REVOKED: Final = End("key-not-good", "密钥已失效或权限已变更", "the key is not valid for this any more")


@dataclass(slots=True)
class EventStream:
    """The stream of one reader from a place on."""

    lookup: EventLookup
    streams: OpenStreams
    subscription: Subscription
    key: str
    place: int
    wanted: EventFilter
    clock: Callable[[], datetime] = now

    async def frames(self) -> AsyncIterator[bytes]:
        """The frames of the stream, until the reader leaves, the key is revoked, or the process ends."""
        yield format_sse_event(retry=RETRY)
        loop = asyncio.get_running_loop()
        spoken_at = loop.time()
        while True:
            self.subscription.wake.clear()
            step = await self._next()
            if isinstance(step, End):
                yield step.frame()
                return
            for frame in _frames(step) if step else ():
                yield frame
                spoken_at = loop.time()
            if step:
                self.place = step.place
            if loop.time() - spoken_at >= HEARTBEAT:
                yield _heartbeat(step)
                spoken_at = loop.time()
            if step is None or not step.more:
                await self.subscription.wait()

    async def _next(self) -> EventPage | End | None:
        """The next page, or why the stream ends; None if the database does not answer."""
        if self.streams.closing:
            return SHUTDOWN
        try:
            async with self.lookup.pool.acquire(timeout=5) as db:
                channel = await keys.holder(db, self.key, Scope.SUBMIT, self.clock())
                if channel is None:
                    return REVOKED
                return await self.lookup.page(db, channel, self.place, self.wanted, PAGE)
        except Refused as gone:
            return End(gone.code, gone.zh, gone.en)
        except PASSING as fault:
            log.warning("an event stream waits", cause=repr(fault))
            return None


def _frames(page: EventPage) -> list[bytes]:
    return [format_sse_event(data_str=row.event, id=cursor.encode(page.head, row.place)) for row in page.events]


def _heartbeat(page: EventPage | None) -> bytes:
    """A heartbeat: a comment with a cursor, so that a reader without events for months does not come back with an
    expired cursor."""
    return format_sse_event(comment="heartbeat", id=cursor.encode(page.head, page.place) if page else None)


class EventStreamResponse(EventSourceResponse):
    """The HTTP response of a stream; it closes the stream however the response ends."""

    def __init__(self, stream: EventStream) -> None:
        super().__init__(stream.frames(), headers=HEADERS)
        self._stream = stream

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._stream.streams.close(self._stream.subscription)
