"""Closes connections of clients that send too slowly, send too many headers, or do not read their response.

Each open connection costs a socket and memory. uvicorn waits for ever for the headers and the body of a request, and
for a client to read its response; it does not limit the size of the headers.
"""

import asyncio
from enum import Enum, auto
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_WITHIN: Final = 10.0
"""Seconds from the first byte (or from the connection) to the end of the headers."""
BODY_WITHIN: Final = 20.0
BODY_RATE: Final = 8192
"""Bytes a second: a body has `BODY_WITHIN` seconds, and one more for each `BODY_RATE` bytes received."""
LONGEST_HEAD: Final = 65_536
"""The most bytes of the request line and the headers together."""
TAKE_WITHIN: Final = 60.0
"""Seconds within which a client must read the full send buffer: some tens of kilobytes."""
LOOK: Final = 2.0


class RequestPart(Enum):
    """The part of a request that is expected next."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()


class TimedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with time limits."""

    # Class attributes as defaults: uvicorn creates the instances.
    _part = RequestPart.HEAD
    _since = 0.0
    _received = 0
    _timer: asyncio.TimerHandle | None = None
    _taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Expect the headers of the first request."""
        super().connection_made(transport)
        self._expect(RequestPart.HEAD)
        self._look_again()

    def data_received(self, data: bytes) -> None:
        """Parse the data; starts a timer only if the request is not complete then."""
        if self._part is RequestPart.HEAD:
            self._received += len(data)
        super().data_received(data)
        if self._part is RequestPart.HEAD and self._received > LONGEST_HEAD:
            self._cut(b"431 Request Header Fields Too Large")
        elif self._part is not RequestPart.NOTHING and self._timer is None:
            self._look_again()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        if self._part is not RequestPart.HEAD:
            self._expect(RequestPart.HEAD)

    def on_headers_complete(self) -> None:
        """The body follows."""
        self._expect(RequestPart.BODY)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body came."""
        self._received += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._expect(RequestPart.NOTHING)
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timers."""
        self._part = RequestPart.NOTHING
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self._taken()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The send buffer is full: the client must read within `TAKE_WITHIN` seconds."""
        super().pause_writing()
        self._taken()
        self._taking = self.loop.call_later(TAKE_WITHIN, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has read enough of the send buffer."""
        self._taken()
        super().resume_writing()

    def _taken(self) -> None:
        if self._taking:
            self._taking.cancel()
            self._taking = None

    def _expect(self, part: RequestPart) -> None:
        self._part, self._since, self._received = part, self.loop.time(), 0

    def _look_again(self) -> None:
        self._timer = self.loop.call_later(LOOK, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._part is RequestPart.NOTHING:
            return
        if self.flow.read_paused:
            self._since += LOOK  # this server has paused reading, so the client is not slow
        within = HEAD_WITHIN if self._part is RequestPart.HEAD else BODY_WITHIN + self._received / BODY_RATE
        if self.loop.time() - self._since > within:
            self._cut(b"408 Request Timeout")
        else:
            self._look_again()

    def _cut(self, status: bytes) -> None:
        """Close the connection, with a status line if no response has begun."""
        answered = self._part is RequestPart.BODY and self.cycle is not None and self.cycle.response_started
        if not answered:
            self.transport.write(b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        self._part = RequestPart.NOTHING
        self.transport.close()
