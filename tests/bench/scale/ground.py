"""The servers of `make bench-scale`: each measurement has a new database with the same journals, and empty topics."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Final

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from services.intake.assembled import demand_repository
from shared.chassis.aggregates.journal import append
from shared.chassis.base.clock import now, uuid7
from shared.chassis.database.pool import Connection, open_pool
from shared.chassis.database.write_batch import WriteBatch
from shared.chassis.kafka.client import Kafka
from shared.chassis.kafka.cluster import create_topics, identity
from shared.contracts.demand import facts as f
from shared.contracts.numbers import number
from shared.contracts.topics import TOPICS
from tests import story
from tests.bench import part
from tests.bench.rig import Rig, rig
from tests.bench.scale.worker import Consumer
from tests.chassis.conftest import envelope
from tests.databases import on
from tests.eventually import eventually
from tests.packs import shipped

SLICE: Final = 1000
ROUTED: Final = f.DemandRouted(unit="nh-urban-management", rule="measured", limit=f.WorkingDays(days=10))


@dataclass(slots=True)
class Ground:
    """The servers, and the database that is copied for each measurement."""

    servers: Rig
    demands: int = 0
    """The number of demands in the journals of the prepared database: submitted, and also routed if `routed`."""
    routed: bool = False
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def prepare(self, demands: int, *, routed: bool) -> None:
        """Append this many demands to the journals, like intake (and, with `routed`, routing)."""
        self.demands, self.routed = demands, routed
        repository = demand_repository(shipped())
        async with (
            await open_pool(self.servers.dsn, "intake", size=1) as intake,
            await open_pool(self.servers.dsn, "routing", size=1) as routing,
            intake.acquire() as ours,
            routing.acquire() as connection,
        ):
            for start in range(0, demands, SLICE):
                keys = [uuid7() for _ in range(min(SLICE, demands - start))]
                envelopes = [envelope(submission(n), 1, key, now()) for n, key in enumerate(keys, start)]
                if not routed:
                    await _append(ours, envelopes)
                    continue
                work = repository.work_on({}, now())
                for one, key in zip(envelopes, keys, strict=True):
                    work.record(key, [_submission_of(one.data)], now(), one.id)
                await repository.save(ours, work)
                await _append(connection, [envelope(ROUTED, 2, key, now()) for key in keys])

    @asynccontextmanager
    async def cell(self, consumer: Consumer) -> AsyncIterator[Rig]:
        """A copy of the prepared database, and topics without a record."""
        await self._empty_topics()
        async with self.copied(consumer) as cell:
            yield cell

    @asynccontextmanager
    async def copied(self, consumer: Consumer) -> AsyncIterator[Rig]:
        """A copy of the prepared database; in it the consumer's group is a new one."""
        number = next(self._numbers)
        name = f"cell{number}"
        db = await asyncpg.connect(on(self.servers.dsn, "template1"))
        try:
            await db.execute(f"CREATE DATABASE {name} TEMPLATE {self._prepared}")
            cell = Rig(on(self.servers.dsn, name), self.servers.bootstrap)
            await _begin_as(cell, consumer, number)
            yield cell
        finally:
            await db.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            await db.close()

    @property
    def records(self) -> int:
        """The number of records in the filled topic."""
        return self.demands * (2 if self.routed else 1)

    def heard(self, consumer: Consumer) -> int:
        """The number of records that the consumer counts; it skips those of its own service."""
        return self.demands if consumer.service == "intake" else self.records

    @property
    def _prepared(self) -> str:
        return self.servers.dsn.rpartition("/")[2].partition("?")[0]

    def group(self, cell: Rig, consumer: Consumer) -> str:
        """The name of the consumer's group in this cell."""
        return f"{consumer.group}-{cell.dsn.rpartition('cell')[2]}"

    async def fill(self, cell: Rig) -> None:
        """Let the relays send everything: first submissions, then routed facts."""
        await part.run("relay", cell, self.demands)
        if self.routed:
            await part.run("relay-routing", cell, self.demands)

    async def _empty_topics(self) -> None:
        kafka = Kafka(self.servers.bootstrap)
        admin = AIOKafkaAdminClient(**kafka.access())
        await admin.start()
        try:
            await admin.delete_topics([topic.name for topic in TOPICS])

            async def left() -> set[str]:
                return {topic.name for topic in TOPICS} & set(await admin.list_topics())

            await eventually(left, lambda names: not names)
        finally:
            await admin.close()

        async def made() -> bool:
            try:
                await create_topics(kafka)
            except KafkaError:  # the old one is not completely deleted
                return False
            return True

        await eventually(made, bool)


@asynccontextmanager
async def ground() -> AsyncIterator[Ground]:
    """Start Apache Kafka and PostgreSQL."""
    async with rig() as servers:
        yield Ground(servers)


async def _append(db: Connection, envelopes: Sequence[object]) -> None:
    writes = WriteBatch()
    append(writes, envelopes)  # type: ignore[arg-type]
    await writes.write(db)


def submission(n: int) -> f.DemandSubmitted:
    """A submission with its own number."""
    return story.SUBMISSION.model_copy(update={"number": number("NH", 2026, n), "title": "校车接送点没有风雨棚" * 6})


def _submission_of(data: str) -> f.DemandSubmitted:
    return f.DemandSubmitted.model_validate_json(data)


async def _begin_as(cell: Rig, consumer: Consumer, generation: int) -> None:
    """Use a new group, since the old ones have offsets of deleted topics."""
    log = await identity(Kafka(cell.bootstrap))
    db = await asyncpg.connect(cell.dsn)
    await db.execute(
        f"INSERT INTO {consumer.service}.reader_log (cluster_id, topics, generation) VALUES ($1, '{{}}', $2)",
        log.cluster_id,
        generation,
    )
    await db.close()
