"""The right to send: one sender at a time has it, so that messages stay in order; a dead one's passes on by itself."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from shared.chassis.base.clock import uuid7
from shared.chassis.database.pool import PASSING, Pool

TERM: Final = 20.0
"""Seconds; longer than intake may take to answer about the three ways to reach somebody."""
_FRESH: Final = TERM / 4


@dataclass(slots=True)
class Lease:
    """A row that says who sends until when, by the clock of the database."""

    pool: Pool
    holder: UUID = field(default_factory=uuid7)
    clock: Callable[[], float] = time.monotonic
    _renewed: float = 0

    @asynccontextmanager
    async def held(self) -> AsyncIterator[bool]:
        """Whether it is ours while the block runs; it is given back at the end."""
        mine = await self._take()
        try:
            yield mine
        finally:
            if mine:
                await self._give_back()

    async def renew(self) -> bool:
        """Keep it for another term; False when somebody else has it now."""
        return self.clock() - self._renewed < _FRESH or await self._take()

    async def _take(self) -> bool:
        began = self.clock()
        async with self.pool.acquire(timeout=5) as db:
            done = await db.execute(
                """
                INSERT INTO sender_lease AS known (holder, until) VALUES ($1, now() + make_interval(secs => $2))
                ON CONFLICT (one) DO UPDATE SET holder = excluded.holder, until = excluded.until
                WHERE known.holder = excluded.holder OR known.until < now()
                """,
                self.holder,
                TERM,
            )
        self._renewed = began
        return bool(done == "INSERT 0 1")

    async def _give_back(self) -> None:
        with suppress(*PASSING):  # Then it runs out by itself.
            async with self.pool.acquire(timeout=5) as db:
                await db.execute("UPDATE sender_lease SET until = '-infinity' WHERE holder = $1", self.holder)
