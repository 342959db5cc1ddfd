"""Batched, idempotent delivery: each fact is applied once and in order, or becomes a dead letter with its cause."""

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
from shared.chassis.consumer.dead_letters import RejectedRecord
from shared.chassis.consumer.record import Record
from shared.chassis.consumer.sequencing import Disposition, ParsedRecord, Sequencer, parse_record, stream_of
from shared.chassis.database.pool import PASSING, Connection, Pool
from shared.chassis.database.write_batch import Stale, WriteBatch
from shared.chassis.tracing import spans
from shared.contracts.envelope import source_of
from shared.contracts.refusals import Code, Refused

log = structlog.get_logger()
MAX_PAUSE: Final = 15.0
HOLDING: Final = (*PASSING, Stale, asyncpg.SyntaxOrAccessError)
"""Faults that no record causes: the database is away, another writer was first, or the schema has another version."""
TRIES: Final = 10
TRIES_TOGETHER: Final = 3
"""How often another writer may be first before a single record fails, or before a batch is split."""
LANES: Final = 4
A_LANE: Final = 100
"""The fewest records for which a further lane is worth its transaction."""


class TooMuchPoison(RuntimeError):
    """So many records in a row could not be handled that the fault is probably not in the records; an operator must
    look."""


@dataclass(slots=True)
class Delivery:
    """Applies raw records to the repositories of a service, with one read and one write for each batch.

    A fault that passes delays the batch. A record whose fault does not pass becomes a dead letter.
    """

    pool: Pool
    repositories: Repositories
    cluster_id: str
    limit: int = 50
    clock: Callable[[], datetime] = now
    poison: int = 0
    """How many records in a row became dead letters."""
    _last: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    """The last task of each lane, by the lane's number."""

    async def deliver(self, records: Sequence[Record]) -> None:
        """Return when every record is durably applied, dropped, parked or a dead letter.

        The next batch may be delivered meanwhile: each lane handles its batches in the order of the calls.
        Raises `TooMuchPoison` when more than `limit` records in a row become new dead letters.
        """
        tasks = [self._begin(lanes, part) for lanes, part in apart(records)]
        results = await asyncio.gather(*tasks, return_exceptions=True)
        self._last = {lane: task for lane, task in self._last.items() if task not in tasks}
        for result in results:
            if result is not None:
                raise result

    def _begin(self, lanes: Sequence[int], records: Sequence[Record]) -> asyncio.Task[None]:
        before = {self._last[lane] for lane in lanes if lane in self._last}
        task = asyncio.create_task(self._after(before, records))
        self._last |= dict.fromkeys(lanes, task)
        return task

    async def _after(self, before: Collection[asyncio.Task[None]], records: Sequence[Record]) -> None:
        """Handle the records after the earlier tasks of their lanes.

        A lane stops at its first failed batch: the records after it must not be applied before it.
        """
        for task in before:
            await asyncio.shield(task)
        await self._isolate(records)

    async def _isolate(self, records: Sequence[Record]) -> None:
        """Handle the records; on a lasting fault, halve them until the record that causes it stands alone.

        All code that looks into a record runs inside this function, so no record can stop the consumer.
        """
        try:
            await self._patiently(partial(self._handle, records), TRIES if len(records) == 1 else TRIES_TOGETHER)
        except TooMuchPoison:
            raise
        except Exception as fault:  # noqa: BLE001 (the record that causes an unknown fault becomes a dead letter)
            if len(records) == 1:
                await self._set_aside(records[0], fault)
                return
            middle = len(records) // 2
            await self._isolate(records[:middle])
            await self._isolate(records[middle:])

    async def _set_aside(self, record: Record, fault: Exception) -> None:
        dead = RejectedRecord.because(record, _words(fault))
        try:
            await self._patiently(partial(self._put_dead_letter, dead), TRIES)
        except TooMuchPoison:
            raise
        except Exception as worse:  # noqa: BLE001 (the record cannot be stored: keep its topic, partition and offset)
            bare = RejectedRecord.because(
                dead.bare.record, f"{dead.cause}; the record cannot be stored: {_words(worse)}"
            )
            await self._patiently(partial(self._put_dead_letter, bare), TRIES)

    async def _patiently(self, work: Callable[[], Awaitable[None]], tries: int) -> None:
        """Repeat `work` while it fails with a fault that passes; raises any other fault.

        `Stale` is repeated at most `tries` times: two facts with the same id would raise it each time.
        """
        pause, stale = 0.1, 0
        while True:
            try:
                return await work()
            except HOLDING as fault:
                stale += isinstance(fault, Stale)
                if stale > tries:
                    raise
                seconds = (pause if not isinstance(fault, Stale) else 0.05) * random.uniform(0.5, 1.0)
                log.warning("waiting for the database", cause=repr(fault), seconds=round(seconds, 1))
                metrics.RETRIES.labels(self.repositories.service).inc()
                await asyncio.sleep(seconds)
                pause = min(pause * 2, MAX_PAUSE)

    async def redrive(self, record: Record) -> None:
        """Handle the record of a dead letter again; raises the fault if it fails again."""
        async with self.pool.acquire(timeout=5) as db:
            sequencer = await self._sequenced(db, [parse_record(record)])
            for dead in sequencer.rejected:
                raise Refused(Code.UNREADABLE, dead.cause)
            await self._write(db, sequencer, [])

    async def _handle(self, records: Sequence[Record]) -> None:
        records = self._without_own(records)
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

    def _without_own(self, records: Sequence[Record]) -> Sequence[Record]:
        """The records without the service's own facts: it applied them before they were sent.

        A record that names this service as its source, but has a type that it does not know, is kept.
        """
        own_source = ("ce_source", source_of(self.repositories.service).encode())
        return [record for record in records if own_source not in record.headers or not self._knows_type(record)]

    def _knows_type(self, record: Record) -> bool:
        type = dict(record.headers).get("ce_type")
        return type is not None and self.repositories.handles(stream_of(record.topic), type.decode("latin-1"))

    async def _sequenced(self, db: Connection, batch: Sequence[ParsedRecord]) -> Sequencer:
        envelopes = [parsed.envelope for parsed in batch if parsed.envelope]
        keys, notes = {e.key for e in envelopes}, {e.id for e in envelopes if e.sequence is None}
        loaded = await inbox.load(db, self.repositories.tables, keys, notes)
        sequencer = Sequencer(self.repositories.work_on(loaded.states, self.clock()), loaded)
        sequencer.add(batch)
        return sequencer

    async def _fresh(self, db: Connection, dead: Sequence[RejectedRecord]) -> Sequence[RejectedRecord]:
        """The rejected records that are not stored as dead letters yet."""
        stored = await dead_letters.stored_places(db, self.cluster_id, dead) if dead else set()
        return [rejected for rejected in dead if rejected.place not in stored]

    async def _write(
        self, db: Connection, sequencer: Sequencer, dead: Sequence[RejectedRecord], read: Sequence[Record] = ()
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

    async def _put_dead_letter(self, dead: RejectedRecord) -> None:
        """Store a record as a dead letter on its own, outside of its batch."""
        async with self.pool.acquire(timeout=5) as db:
            fresh = await self._fresh(db, [dead])
            writes = WriteBatch()
            inbox.advance(writes, [dead.record])
            dead_letters.put(writes, self.cluster_id, self.repositories.service, fresh)
            await writes.write(db)
        dead_letters.log_all(fresh)
        metrics.count(self.repositories.service, Counter([Disposition.DEAD]))
        self._count_poison([Disposition.DEAD], 1 - len(fresh))

    def _count_poison(self, dispositions: Sequence[Disposition], repeated: int) -> None:
        """Count dead letters in a row. The `known` ones do not count: a restarted consumer reads them again."""
        for disposition in dispositions:
            if disposition is not Disposition.DEAD:
                self.poison = 0
            elif repeated:
                repeated -= 1
            else:
                self.poison += 1
            if self.poison > self.limit:
                raise TooMuchPoison(
                    f"more than {self.limit} records in a row could not be handled. Look at"
                    " `huying dead-letters list`, then start the process again: it continues after them."
                )


def _words(fault: Exception) -> str:
    try:
        return repr(fault)
    except Exception:  # noqa: BLE001 (the fault may hold data of the record that cannot be shown)
        return type(fault).__name__


def apart(records: Sequence[Record]) -> Sequence[tuple[Sequence[int], Sequence[Record]]]:
    """Split a batch into parts that can be handled at the same time, each with the numbers of its lanes.

    A partition is always in the same lane. A small batch is one part that occupies all lanes.
    """
    count = next((count for count in (LANES, LANES // 2) if len(records) >= count * A_LANE), 1)
    parts: list[list[Record]] = [[] for _ in range(count)]
    for record in records:
        parts[record.partition % count].append(record)
    return [(range(n, LANES, count), part) for n, part in enumerate(parts) if part]
