"""Whose turn it is: what one person wrote is taken one after another, in the order in which it came."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

WITHIN: Final = 5.0
"""Seconds: what waits longer is sent again sooner than the centre gives it up."""


class Turns:
    """A line for each sender of whom something waits; nobody waits for anybody else."""

    def __init__(self) -> None:
        self._lines: dict[str, asyncio.Lock] = {}
        self._waiting: dict[str, int] = {}

    @asynccontextmanager
    async def take(self, sender: str) -> AsyncIterator[None]:
        """A turn of this sender's; raises `TimeoutError` where it does not come in time."""
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
