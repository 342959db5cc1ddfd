"""Delivers a part of the log to the tables that are being rebuilt."""

import asyncio
import sys
from collections.abc import Sequence
from time import perf_counter

from shared.chassis.aggregates.repository import Repositories
from shared.chassis.base.clock import now
from shared.chassis.consumer import inbox
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.consumer.record import Record
from shared.chassis.consumer.replay import Offsets, Replay
from shared.chassis.consumer.sequencing import parse_record
from shared.chassis.database.pool import Connection, Pool


class Folding:
    """Delivers records as the projector does, but into other tables. It does not stop at dead letters; they are counted
    at the end."""

    def __init__(self, pool: Pool, repositories: Repositories, log_name: str, replay: Replay) -> None:
        self.replay, self.records, self.seconds = replay, 0, 0.0
        self._repositories = repositories
        self._delivery = Delivery(pool, repositories, log_name, limit=sys.maxsize)

    async def fold(self, ends: Offsets, *, known_to: Connection | None = None) -> None:
        """Read on to `ends`; returns when all records are written.

        With `known_to`, a connection that sees the tables in use, only records that these tables have already handled
        are delivered.
        """
        started = perf_counter()
        previous: asyncio.Task[None] | None = None
        async with asyncio.TaskGroup() as tasks:
            async for batch in self.replay.batches(ends):
                records = await self._handled_already(known_to, batch) if known_to else batch
                self.records += len(records)
                # A batch is read and sorted while the database writes the previous one.
                latest = tasks.create_task(self._delivery.deliver(records))
                if previous:
                    await previous
                previous = latest
        self.seconds += perf_counter() - started

    async def _handled_already(self, db: Connection, batch: Sequence[Record]) -> list[Record]:
        envelopes = [(record, envelope) for record in batch if (envelope := parse_record(record).envelope)]
        keys = {envelope.key for _, envelope in envelopes}
        notes = {envelope.id for _, envelope in envelopes if envelope.sequence is None}
        loaded = await inbox.load(db, self._repositories.tables, keys, notes)
        works = self._repositories.work_on(loaded.states, now())
        return [
            record
            for record, envelope in envelopes
            if (
                envelope.id in loaded.seen
                if envelope.sequence is None
                else envelope.stream in works
                and envelope.sequence <= works[envelope.stream].state(envelope.key).version
            )
        ]
