"""Batched, idempotent consumption: each fact is applied once and in order, or set aside with its cause."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

import asyncpg
import structlog

from shared.chassis.aggregates.repository import Repositories
from shared.chassis.base import metrics
from shared.chassis.base.clock import now
from shared.chassis.consumer import dead_letters, inbox
from shared.chassis.consumer.dead_letters import Rejected
from shared.chassis.consumer.record import Record
from shared.chassis.consumer.sequencing import Disposition, Parsed, Sequencer, parse_record, stream_of
from shared.chassis.database.pool import PASSING, Connection, Pool
from shared.chassis.database.write_batch import Stale, WriteBatch
from shared.chassis.tracing import spans
from shared.contracts.envelope import source_of
from shared.contracts.refusals import Code, Refused

log = structlog.get_logger()
MAX_PAUSE: Final = 15.0
HOLDING: Final = (*PASSING, Stale, asyncpg.SyntaxOrAccessError)
"""The database is away, somebody was quicker, or the schema is another version's: no record is to blame."""
TRIES: Final = 10
TRIES_TOGETHER: Final = 3
"""How often a record, or a batch before it is parted, may be outrun by another writer."""
LANES: Final = 4
A_LANE: Final = 100


class TooMuchPoison(RuntimeError):
    """More records in a row could not be handled than is believable; somebody must look."""


@dataclass(slots=True)
class Delivery:
    """Takes raw records to the repositories of a service, a batch in one read and one write.

    A fault that passes holds the batch; a record whose fault lasts is set aside.
    """

    pool: Pool
    repositories: Repositories
    cluster_id: str
    limit: int = 50
    clock: Callable[[], datetime] = now
    poison: int = 0
    """How many records in a row could not be handled."""
    _last: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    """By lane, what it still does."""

    async def deliver(self, records: Sequence[Record]) -> None:
        """Return when every record is applied, dropped, parked or a dead letter, durably.

        The next batch may be delivered meanwhile: each lane takes them in the order in which they began.
        Raises `TooMuchPoison` when more than `limit` in a row are dead letters that were not known before.
        """
        tasks = [self._begin(lanes, lane) for lanes, lane in apart(records)]
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        self._last = {lane: task for lane, task in self._last.items() if task not in tasks}
        for end in ends:
            if end is not None:
                raise end

    def _begin(self, lanes: Sequence[int], records: Sequence[Record]) -> asyncio.Task[None]:
        before = {self._last[lane] for lane in lanes if lane in self._last}
        task = asyncio.create_task(self._after(before, records))
        self._last |= dict.fromkeys(lanes, task)
        return task

    async def _after(self, before: Collection[asyncio.Task[None]], records: Sequence[Record]) -> None:
        """What follows a failure fails too: it must not be taken before what it follows."""
        for task in before:
            await asyncio.shield(task)
        await self._lane(records)

    async def _lane(self, records: Sequence[Record]) -> None:
        """The one place where a record is isolated: whatever touches one lies inside it."""
        try:
            await self._patiently(partial(self._handle, records), TRIES if len(records) == 1 else TRIES_TOGETHER)
        except TooMuchPoison:
            raise
        except Exception as fault:  # noqa: BLE001 (an unknown fault is set aside with the record that causes it)
            if len(records) == 1:
                await self._set_aside(records[0], fault)
                return
            middle = len(records) // 2
            await self._lane(records[:middle])
            await self._lane(records[middle:])

    async def _set_aside(self, record: Record, fault: Exception) -> None:
        dead = Rejected.because(record, _words(fault))
        try:
            await self._patiently(partial(self._put_dead_letter, dead), TRIES)
        except TooMuchPoison:
            raise
        except Exception as worse:  # noqa: BLE001 (the letter cannot hold the record: where it lies must do)
            bare = Rejected.because(dead.bare.record, f"{dead.cause}; the record cannot be stored: {_words(worse)}")
            await self._patiently(partial(self._put_dead_letter, bare), TRIES)

    async def _patiently(self, work: Callable[[], Awaitable[None]], tries: int) -> None:
        """Work until no passing fault is in the way; raises a lasting one.

        To be outrun by another writer passes too, but not for ever: two facts with one id would be so each time.
        """
        pause, outrun = 0.1, 0
        while True:
            try:
                return await work()
            except HOLDING as fault:
                outrun += isinstance(fault, Stale)
                if outrun > tries:
                    raise
                seconds = (pause if not isinstance(fault, Stale) else 0.05) * random.uniform(0.5, 1.0)
                log.warning("waiting for the database", cause=repr(fault), seconds=round(seconds, 1))
                metrics.RETRIES.labels(self.repositories.service).inc()
                await asyncio.sleep(seconds)
                pause = min(pause * 2, MAX_PAUSE)

    async def redrive(self, record: Record) -> None:
        """Try a dead letter again; raises what stands in its way."""
        async with self.pool.acquire(timeout=5) as db:
            sequencer = await self._sequenced(db, [parse_record(record)])
            for dead in sequencer.rejected:
                raise Refused(Code.UNREADABLE, dead.cause)
            await self._write(db, sequencer, [])

    async def _handle(self, records: Sequence[Record]) -> None:
        records = self._of_others(records)
        if not records:
            return
        async with self.pool.acquire(timeout=5) as db:
            sequencer = await self._sequenced(db, [parse_record(record) for record in records])
            fresh = await self._fresh(db, sequencer.rejected)
            if fresh or any(disposition is not Disposition.DROPPED for disposition in sequencer.dispositions):
                await self._write(db, sequencer, fresh, records)
        dead_letters.log_all(fresh)
        metrics.count(self.repositories.service, Counter(sequencer.dispositions))
        self._count_poison(sequencer.dispositions, len(sequencer.rejected) - len(fresh))

    def _of_others(self, records: Sequence[Record]) -> Sequence[Record]:
        """What this service told itself it knew before it was sent; not what only claims to come from here."""
        ours = ("ce_source", source_of(self.repositories.service).encode())
        return [record for record in records if ours not in record.headers or not self._knows(record)]

    def _knows(self, record: Record) -> bool:
        type = dict(record.headers).get("ce_type")
        return type is not None and self.repositories.handles(stream_of(record.topic), type.decode("latin-1"))

    async def _sequenced(self, db: Connection, batch: Sequence[Parsed]) -> Sequencer:
        envelopes = [parsed.envelope for parsed in batch if parsed.envelope]
        keys, notes = {e.key for e in envelopes}, {e.id for e in envelopes if e.sequence is None}
        loaded = await inbox.load(db, self.repositories.tables, keys, notes)
        sequencer = Sequencer(self.repositories.work_on(loaded.states, self.clock()), loaded)
        sequencer.add(batch)
        return sequencer

    async def _fresh(self, db: Connection, dead: Sequence[Rejected]) -> Sequence[Rejected]:
        """Those that are no dead letters yet."""
        known = await dead_letters.known(db, self.cluster_id, dead) if dead else set()
        return [one for one in dead if one.place not in known]

    async def _write(
        self, db: Connection, sequencer: Sequencer, dead: Sequence[Rejected], read: Sequence[Record] = ()
    ) -> None:
        writes = WriteBatch()
        if read:
            inbox.advance(writes, read, sequencer.loaded.tables)
        self.repositories.put(writes, sequencer.works)
        inbox.mark_seen(writes, sequencer.notes)
        inbox.park(writes, sequencer.early)
        inbox.unpark(writes, sequencer.resumed)
        dead_letters.put(writes, self.cluster_id, self.repositories.service, dead)
        await writes.write(db)
        spans.end(sequencer.spans)

    async def _put_dead_letter(self, dead: Rejected) -> None:
        """Set one aside that no part of the sorting could explain."""
        async with self.pool.acquire(timeout=5) as db:
            fresh = await self._fresh(db, [dead])
            writes = WriteBatch()
            inbox.advance(writes, [dead.record])
            dead_letters.put(writes, self.cluster_id, self.repositories.service, fresh)
            await writes.write(db)
        dead_letters.log_all(fresh)
        metrics.count(self.repositories.service, Counter([Disposition.DEAD]))
        self._count_poison([Disposition.DEAD], 1 - len(fresh))

    def _count_poison(self, dispositions: Sequence[Disposition], known: int) -> None:
        """After a stop the reader meets the same records again: they are `known` and do not count."""
        for disposition in dispositions:
            if disposition is not Disposition.DEAD:
                self.poison = 0
            elif known:
                known -= 1
            else:
                self.poison += 1
            if self.poison > self.limit:
                raise TooMuchPoison(
                    f"more than {self.limit} records in a row could not be handled. Look at"
                    " `huying dead-letters list`, then start the process again: it goes on behind them."
                )


def _words(fault: Exception) -> str:
    try:
        return repr(fault)
    except Exception:  # noqa: BLE001 (it may hold what the record says)
        return type(fault).__name__


def apart(records: Sequence[Record]) -> Sequence[tuple[Sequence[int], Sequence[Record]]]:
    """Parts that can be handled side by side, each with the lanes that it fills: a partition is always in the same
    lane. A small batch stays whole and fills them all."""
    count = next((count for count in (LANES, LANES // 2) if len(records) >= count * A_LANE), 1)
    parts: list[list[Record]] = [[] for _ in range(count)]
    for record in records:
        parts[record.partition % count].append(record)
    return [(range(n, LANES, count), part) for n, part in enumerate(parts) if part]
