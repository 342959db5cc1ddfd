"""The state of a consumer group at the broker, and its progress in the database."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError

from shared.chassis.kafka.client import Kafka
from shared.contracts.topics import DEMAND_EVENTS
from tests.bench.alone import of_processor
from tests.bench.rig import Rig
from tests.eventually import eventually

PLACES: Sequence[TopicPartition] = [TopicPartition(DEMAND_EVENTS.name, n) for n in range(DEMAND_EVENTS.partitions)]


class Stand(NamedTuple):
    """At one time: the next record to be handled and the end, by partition."""

    at: float
    next: Mapping[int, int]
    end: Mapping[int, int]

    @property
    def handled(self) -> int:
        """The number of records, over all partitions."""
        return sum(self.next.values())

    @property
    def waiting(self) -> int:
        """The number of records, over all partitions."""
        return sum(self.end.values()) - self.handled


@dataclass(slots=True)
class Group:
    """A consumer group, queried over open connections."""

    name: str
    service: str
    db: "asyncpg.Connection[asyncpg.Record]"
    admin: AIOKafkaAdminClient
    client: AIOKafkaConsumer

    async def stand(self) -> Stand:
        """The present progress."""
        ends = await self.client.end_offsets(PLACES)
        rows = await self.db.fetch(
            f"SELECT partition, next_offset FROM {self.service}.progress WHERE topic = $1",
            DEMAND_EVENTS.name,
        )
        handled = {row["partition"]: row["next_offset"] for row in rows}
        return Stand(
            perf_counter(),
            {place.partition: handled.get(place.partition, 0) for place in PLACES},
            {place.partition: end for place, end in ends.items()},
        )

    async def has_members(self, count: int) -> None:
        """Wait until the group has this many members."""

        async def members() -> tuple[str, int]:
            try:
                (answer,) = await self.admin.describe_consumer_groups([self.name])
            except GroupCoordinatorNotAvailableError:  # of a new broker, at the first request
                return "Unknown", 0
            (described,) = answer.groups
            return described[2], len(described[5])

        await eventually(members, lambda state: state == ("Stable", count), within=120)

    async def has_begun(self) -> Stand:
        """Wait until the first record is handled."""
        return await eventually(self.stand, lambda stand: stand.handled > 0, within=600)

    async def has_handled(self, records: int) -> Stand:
        """Wait until this many records, which are all of the topic, are handled."""

        def all_of_them(stand: Stand) -> bool:
            return sum(stand.end.values()) >= records and stand.waiting == 0

        return await eventually(self.stand, all_of_them, within=600)

    async def processor(self) -> dict[int, float]:
        """Processor seconds of PostgreSQL for this service, by process."""
        rows = await self.db.fetch(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1",
            f"huying-{self.service}",
        )
        return {row["pid"]: of_processor(row["pid"]) for row in rows}


@asynccontextmanager
async def group_of(cell: Rig, name: str, service: str) -> AsyncIterator[Group]:
    """Connections that are closed at the end."""
    access: Mapping[str, Any] = Kafka(cell.bootstrap).access()
    db, admin, client = await asyncpg.connect(cell.dsn), AIOKafkaAdminClient(**access), AIOKafkaConsumer(**access)
    try:
        await admin.start()
        await client.start()
        yield Group(name, service, db, admin, client)
    finally:
        await client.stop()
        await admin.close()
        await db.close()
