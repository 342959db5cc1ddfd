"""Lets the messages of one sender be handled one after the other, in the order in which they came."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

WITHIN: Final = 5.0
"""Seconds that a message may wait; a longer wait is ended before the centre gives the message up."""


class Turns:
    """One queue for each sender with waiting messages; different senders do not wait for each other."""

    def __init__(self) -> None:
        self._lines: dict[str, asyncio.Lock] = {}
        self._waiting: dict[str, int] = {}

    @asynccontextmanager
    async def take(self, sender: str) -> AsyncIterator[None]:
        """Wait for the sender's turn; raises `TimeoutError` if it does not come in time."""
        line = self._lines.setdefault(sender, asyncio.Lock())
        self._waiting[sender] = self._waiting.get(sender, 0) + 1
        try:
            async with asyncio.timeout(WITHIN):
                await line.acquire()
            try:
                yield
            finally:
                line.release()
        finally:
            self._waiting[sender] -= 1
            if not self._waiting[sender]:
                del self._waiting[sender], self._lines[sender]
