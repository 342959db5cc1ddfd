"""Folds stretches of the log into the views that are being built."""

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
    """The same delivery as the projector's, with tables of its own. It never stops for dead letters: they are counted
    in the end."""

    def __init__(self, pool: Pool, repositories: Repositories, log_name: str, replay: Replay) -> None:
        self.replay, self.records, self.seconds = replay, 0, 0.0
        self._repositories = repositories
        self._delivery = Delivery(pool, repositories, log_name, limit=sys.maxsize)

    async def fold(self, ends: Offsets, *, known_to: Connection | None = None) -> None:
        """Read on to `ends`, and return when all of it is written.

        With `known_to`, a connection that sees the views in use: only what those are made of.
        """
        began = perf_counter()
        before: asyncio.Task[None] | None = None
        async with asyncio.TaskGroup() as under_way:
            async for batch in self.replay.batches(ends):
                records = await self._known(known_to, batch) if known_to else batch
                self.records += len(records)
                # One batch is read and sorted while the database writes the one before.
                latest = under_way.create_task(self._delivery.deliver(records))
                if before:
                    await before
                before = latest
        self.seconds += perf_counter() - began

    async def _known(self, db: Connection, batch: Sequence[Record]) -> list[Record]:
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
