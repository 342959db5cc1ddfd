"""Batched, idempotent consumption: each fact is applied once and in order, or set aside with its cause."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic
from uuid import UUID

import structlog
from asyncpg.pgproto import pgproto

from shared.chassis import aside, metrics
from shared.chassis.clock import now
from shared.chassis.database import PASSING, Connection, Pool
from shared.chassis.ledger import Ledger, Page, Stale
from shared.chassis.record import Record
from shared.chassis.writes import Writes
from shared.contracts.envelope import Envelope, read
from shared.contracts.refusals import Code, Refused
from shared.contracts.rules import F, S
from shared.contracts.topics import TOPICS

log = structlog.get_logger()
STREAM_OF = {topic.name: topic.carries for topic in TOPICS}
MAX_PAUSE = 15.0
Parked = dict[tuple[UUID, int], Record]


class TooMuchPoison(RuntimeError):
    """More records in a row could not be handled than is believable; somebody must look."""


@dataclass(slots=True)
class Sorted:
    """What became of the records of a batch."""

    applied: int = 0
    dropped: int = 0
    parked: list[tuple[Record, Envelope]] = field(default_factory=list)
    unparked: set[tuple[UUID, int]] = field(default_factory=set)
    dead: list[tuple[Record, str]] = field(default_factory=list)


@dataclass(slots=True)
class Delivery(Generic[S, F]):
    """Takes raw records to a ledger, a transaction a batch. A passing fault holds; a lasting one is set aside."""

    pool: Pool
    ledger: Ledger[S, F]
    cluster_id: str
    limit: int = 50
    clock: Callable[[], datetime] = now
    _poison: int = 0

    async def deliver(self, records: Sequence[Record]) -> None:
        """Return when every record is applied, dropped, parked or a dead letter, durably."""
        pause = 0.1
        while True:
            try:
                await self._attempt(records)
            except (*PASSING, Stale) as fault:
                log.warning("waiting for the database", cause=repr(fault), seconds=round(pause, 1))
                metrics.RETRIES.labels(self.ledger.rules.service).inc()
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))
                pause = min(pause * 2, MAX_PAUSE)
            else:
                return

    async def _attempt(self, records: Sequence[Record]) -> None:
        try:
            await self._transaction(records)
        except (*PASSING, Stale):
            raise
        except TooMuchPoison:
            # Whoever looks must find it among the dead letters: a refused transaction has written none.
            if len(records) == 1:
                raise
            await self._by_halves(records)
        except Exception as fault:  # noqa: BLE001 (the one place where an unknown fault is set aside)
            if len(records) == 1:
                await self._bury(records[0], repr(fault))
                return
            await self._by_halves(records)

    async def _by_halves(self, records: Sequence[Record]) -> None:
        middle = len(records) // 2
        await self.deliver(records[:middle])
        await self.deliver(records[middle:])

    async def redrive(self, record: Record) -> None:
        """Try a dead letter again; raises what stands in its way."""
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            done = await self._handle(db, [record], Writes())
            for _, cause in done.dead:
                raise Refused(Code.UNREADABLE, cause)

    async def _transaction(self, records: Sequence[Record]) -> None:
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            writes = Writes()
            aside.progress(writes, records)
            done = await self._handle(db, records, writes)
        self._poison = self._poison + len(done.dead) if len(done.dead) == len(records) else 0
        metrics.count(self.ledger.rules.service, done.applied, done.dropped, len(done.parked), len(done.dead))

    async def _handle(self, db: Connection, records: Sequence[Record], writes: Writes) -> Sorted:
        done = Sorted()
        heard = [pair for record in records if (pair := _read(record, done))]
        keys = {envelope.key for _, envelope in heard}
        page = await self.ledger.load(db, keys, self.clock())
        parked = await aside.parked(db, keys)
        unseen = await aside.unseen(db, [e.id for _, e in heard if e.sequence is None])
        for record, envelope in heard:
            self._place(page, record, envelope, unseen, parked, done)
            _take_up(page, envelope.key, parked, done)
        self._guard(done)
        self.ledger.put(writes, page)
        aside.park(writes, [pair for pair in done.parked if _place_of(pair[1]) not in done.unparked])
        aside.unpark(writes, done.unparked)
        await writes.write(db)
        await aside.bury(db, self.cluster_id, self.ledger.rules.service, done.dead)
        return done

    @staticmethod
    def _place(
        page: Page[S, F], record: Record, envelope: Envelope, unseen: set[UUID], parked: Parked, done: Sorted
    ) -> None:
        expected = page.state(envelope.key).version + 1
        if envelope.sequence is None:
            fresh = envelope.id in unseen
            unseen.discard(envelope.id)
        elif envelope.sequence > expected:
            # What it waits for may come later in this very batch.
            parked[_place_of(envelope)] = record
            done.parked.append((record, envelope))
            return
        else:
            fresh = envelope.sequence == expected
        if fresh:
            page.hear(envelope)
            done.applied += 1
        else:
            done.dropped += 1

    def _guard(self, done: Sorted) -> None:
        if done.dead and self._poison + len(done.dead) > self.limit:
            raise TooMuchPoison(
                f"{self._poison + len(done.dead)} records in a row could not be handled, the last because:"
                f" {done.dead[-1][1]}. Look at `huying dead-letters list`, then start the process again;"
                " HUYING_DEAD_LETTER_LIMIT lets more of them pass."
            )

    async def _bury(self, record: Record, cause: str) -> None:
        done = Sorted(dead=[(record, cause)])
        self._guard(done)
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            await aside.bury(db, self.cluster_id, self.ledger.rules.service, done.dead)
            writes = Writes()
            aside.progress(writes, [record])
            await writes.write(db)
        self._poison += 1
        log.error("dead letter", topic=record.topic, partition=record.partition, offset=record.offset, cause=cause)
        metrics.count(self.ledger.rules.service, 0, 0, 0, 1)


def _envelope(record: Record) -> Envelope:
    # asyncpg's UUID is the standard one, written in C.
    stream = STREAM_OF.get(record.topic, record.topic)
    return read(stream, record.key, record.headers, record.value, pgproto.UUID)


def _read(record: Record, done: Sorted) -> tuple[Record, Envelope] | None:
    try:
        return record, _envelope(record)
    except Refused as fault:
        done.dead.append((record, str(fault)))
        return None


def _take_up(page: Page[S, F], key: UUID, parked: Parked, done: Sorted) -> None:
    """Apply what was parked and may now follow."""
    while record := parked.pop((key, page.state(key).version + 1), None):
        envelope = _envelope(record)
        page.hear(envelope)
        done.applied += 1
        done.unparked.add(_place_of(envelope))


def _place_of(envelope: Envelope) -> tuple[UUID, int]:
    return envelope.key, envelope.sequence or 0
