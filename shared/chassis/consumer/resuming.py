"""Applies parked facts that a newer version of the service knows, without waiting for another fact to arrive."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from structlog.contextvars import bound_contextvars

from shared.chassis.aggregates.repository import Repositories
from shared.chassis.base.clock import now
from shared.chassis.consumer import dead_letters, inbox
from shared.chassis.consumer.sequencing import Sequencer
from shared.chassis.database.pool import PASSING, Pool
from shared.chassis.database.write_batch import Stale, WriteBatch
from shared.chassis.tracing import spans

log = structlog.get_logger()
EVERY: Final = 60.0
"""Seconds between two rounds."""
TOGETHER: Final = 100
PAGE: Final = 1_000
"""Parked facts that are read at once."""
LOOKED_AT: Final = 10_000
"""Parked facts that a round looks at in vain before it leaves the others to the next one."""
LATER: Final = (*PASSING, Stale)
"""Faults after which the next round tries again: the database is away, or the consumer was first."""


@dataclass(slots=True)
class Resuming:
    """Resumes the parked facts of a service.

    It looks every minute, not only at the start. In a rolling upgrade, a process of the old version may park facts
    that it does not know, and then lose its partitions to a process of the new version that has started before. A
    round begins where the last one ended.
    """

    pool: Pool
    repositories: Repositories
    log_name: str
    clock: Callable[[], datetime] = now
    _place: inbox.Place = inbox.START

    async def resume(self) -> None:
        """Apply the parked facts that are next in sequence; a refused one becomes a dead letter."""
        in_vain = 0
        while in_vain < LOOKED_AT:
            async with self.pool.acquire(timeout=5) as db:
                ready = await inbox.ready_facts(db, self.repositories.tables, self._place, PAGE)
            resumed = await self._all(ready.aggregates)
            in_vain = 0 if resumed else in_vain + ready.looked_at
            self._place = ready.last
            if ready.looked_at < PAGE:
                self._place = inbox.START
                return

    async def _all(self, keys: Sequence[tuple[str, UUID]]) -> int:
        """How many parked facts were applied, or are dead letters now."""
        parts = [keys[start : start + TOGETHER] for start in range(0, len(keys), TOGETHER)]
        return sum([await self._isolated(part) for part in parts])

    async def _isolated(self, keys: Sequence[tuple[str, UUID]]) -> int:
        try:
            return await self._together(keys)
        except LATER:
            raise
        except Exception as fault:  # noqa: BLE001 (an unknown fault must not stop the other aggregates)
            if len(keys) == 1:
                with bound_contextvars(**{keys[0][0]: str(keys[0][1])}):
                    log.error("a parked fact cannot be applied", key=str(keys[0][1]), cause=repr(fault))
                return 0
            return sum([await self._isolated([key]) for key in keys])

    async def _together(self, keys: Sequence[tuple[str, UUID]]) -> int:
        async with self.pool.acquire(timeout=5) as db:
            loaded = await inbox.load(db, self.repositories.tables, {key for _, key in keys}, ())
            sequencer = Sequencer(self.repositories.work_on(loaded.states, self.clock()), loaded)
            for stream, key in keys:
                sequencer.resume(stream, key)
            if not sequencer.resumed:
                return 0
            writes = WriteBatch()
            self.repositories.put(writes, sequencer.works)
            inbox.unpark(writes, sequencer.resumed)
            dead_letters.put(writes, self.log_name, self.repositories.service, sequencer.rejected)
            await writes.write(db)
        spans.end(sequencer.spans)
        dead_letters.log_all(sequencer.rejected)
        return len(sequencer.resumed)
