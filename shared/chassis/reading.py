"""How far a reader has come, and whether it still moves."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, Generic

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.chassis import metrics
from shared.chassis.delivery import Delivery, TooMuchPoison
from shared.chassis.record import Record
from shared.contracts.rules import F, S

log = structlog.get_logger()
LOOK: Final = 5.0
STUCK_AFTER: Final = 60.0


@dataclass(slots=True)
class Reading(Generic[S, F]):
    """Hands batches to the delivery and watches that the commits go on while there is a backlog."""

    delivery: Delivery[S, F]
    topics: tuple[str, ...]
    name: str
    next_offsets: dict[tuple[str, int], int] = field(default_factory=dict)
    lag: int = 0
    moved_at: float = field(default_factory=monotonic)
    fatal: asyncio.Event = field(default_factory=asyncio.Event)
    clock: Callable[[], float] = monotonic

    async def take(self, records: Sequence[Record]) -> bool:
        """Deliver a batch; False, with `fatal` set, when this reader must stop."""
        try:
            await self.delivery.deliver(records)
        except TooMuchPoison as fault:
            log.critical("stopping", reader=self.name, cause=str(fault))
            self.fatal.set()
            return False
        for record in records:
            self.next_offsets[record.topic, record.partition] = record.offset + 1
        self.moved_at = self.clock()
        return True

    def stuck(self) -> str | None:
        """In words what is wrong, when there is a backlog and no commit for a minute."""
        waited = self.clock() - self.moved_at
        if self.lag and waited > STUCK_AFTER:
            return f"{self.name}: {self.lag} records wait and none was committed for {waited:.0f} s"
        return None

    async def watch(self, bootstrap: str) -> None:
        """Measure the lag every few seconds; raise when the reader must stop."""
        consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
        try:
            while True:
                try:
                    await self._measure(consumer)
                except (KafkaError, OSError) as fault:
                    log.debug("lag unknown", reader=self.name, cause=repr(fault))
                try:
                    await asyncio.wait_for(self.fatal.wait(), LOOK)
                except TimeoutError:
                    continue
                raise TooMuchPoison(self.name)
        finally:
            await consumer.stop()

    async def _measure(self, consumer: AIOKafkaConsumer) -> None:
        if not self.next_offsets:
            return
        if consumer._client.cluster.brokers() == set():
            await consumer.start()
        ends = await consumer.end_offsets([TopicPartition(*place) for place in self.next_offsets])
        before, self.lag = (
            self.lag,
            sum(max(0, end - self.next_offsets[place.topic, place.partition]) for place, end in ends.items()),
        )
        if not before:
            self.moved_at = max(self.moved_at, self.clock() - LOOK)
        metrics.LAG.labels(self.name).set(self.lag)
