"""Makes what was submitted findable, a moment later and many at once, so that no submission waits for it."""

from dataclasses import dataclass
from typing import Final

from services.intake.similar import queries
from services.intake.similar.queries import Due
from services.intake.similar.scoring import Candidate
from services.intake.similar.wording import worded
from shared.chassis.database import Pool
from shared.chassis.periodic import every
from shared.chassis.writes import Writes
from shared.contracts.demand import OWED
from shared.jurisdiction.jurisdictions import Jurisdictions

EVERY: Final = 0.2
"""Seconds. What is due after a whole one keeps a processor busy long enough for the slowest requests to tell."""
PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Indexing:
    """Takes demands from the list of those that are due; several may run, and share the work."""

    pool: Pool
    packs: Jurisdictions

    async def run(self) -> None:
        """Index until cancelled."""
        await every(EVERY, self.index, "indexing")

    async def index(self) -> int:
        """Index all that is due; returns how many."""
        indexed = 0
        while page := await self._page():
            indexed += page
        async with self.pool.acquire(timeout=5) as db:
            await queries.settle(db)
        return indexed

    async def _page(self) -> int:
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            due = await queries.take_due(db, PAGE)
            writes = Writes()
            queries.put(writes, [(self._candidate(one), one.status in OWED) for one in due])
            await writes.write(db)
        return len(due)

    def _candidate(self, due: Due) -> Candidate:
        told = due.told
        pack = self.packs.get(told.jurisdiction)
        above = pack.ancestors(told.division) if pack else ()
        bigrams = sorted(worded(told.title, told.text).bigrams)
        return Candidate(due.id, bigrams, above or (told.division,), told.location, due.raised_at)
