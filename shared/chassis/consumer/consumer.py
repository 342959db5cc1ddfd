"""The consumer: hands batches to the delivery, and watches whether its group still commits offsets."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, NoReturn

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from shared.chassis.base import metrics
from shared.chassis.consumer.consumer_log import shortened_partition
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.consumer.lag import Backlog, LagReading, group_lag
from shared.chassis.consumer.record import Record
from shared.chassis.consumer.waiting import EndOffsetHistory
from shared.chassis.kafka.cancellation import end_if_asked
from shared.chassis.kafka.client import Kafka
from shared.chassis.kafka.cluster import BrokerReplaced

log = structlog.get_logger()
LOOK: Final = 5.0
STUCK_AFTER: Final = 60.0
BACKLOG: Final = 400


@dataclass(slots=True)
class Consumer:
    """Hands batches to the delivery, and watches that offsets are committed while there is a backlog."""

    delivery: Delivery
    topics: tuple[str, ...]
    name: str
    """The name of its consumer group."""
    service: str
    fatal: asyncio.Event = field(default_factory=asyncio.Event)
    fault: Exception | None = None
    """The fault for which `fatal` was set."""
    clock: Callable[[], float] = monotonic
    _stalled: dict[TopicPartition, tuple[int, float]] = field(default_factory=dict)
    """For each partition with a backlog: the committed offset, and the time since when it has been the same."""
    _lag: int | None = None
    _waiting: EndOffsetHistory = field(default_factory=EndOffsetHistory)
    _truncated: str | None = None
    """The partition that ended before its committed offset at the last look, in words."""
    _last_batch: asyncio.Task[None] | None = None

    async def process(self, records: Sequence[Record], done: Callable[[], None]) -> bool:
        """Deliver a batch, and call `done` when this batch and all earlier ones are durable.

        Returns False when this consumer must stop; `until_fatal` then raises the cause. With a backlog, the caller
        reads the next batch while the database writes this one. After a small batch the caller waits for the write:
        the records that arrive meanwhile make the next batch larger.
        """
        if self.fatal.is_set():
            return False
        previous = self._last_batch
        self._last_batch = asyncio.create_task(self._deliver(records, done, previous))
        awaited = previous if len(records) >= BACKLOG else self._last_batch
        if awaited:
            await awaited
        return not self.fatal.is_set()

    async def _deliver(
        self, records: Sequence[Record], done: Callable[[], None], previous: asyncio.Task[None] | None
    ) -> None:
        try:
            with metrics.BATCH_SECONDS.labels(self.service).time():
                await self.delivery.deliver(records)
        except Exception as fault:  # noqa: BLE001 (no later record may be acknowledged)
            self.stop(fault)
        if previous:
            await previous
        if not self.fatal.is_set():
            done()

    def stop(self, fault: Exception) -> None:
        """Acknowledge no more records; the process ends with this fault, and its supervisor starts it again."""
        if not self.fatal.is_set():
            log.critical("stopping", group=self.name, cause=str(fault) or repr(fault))
            self.fault = fault
            self.fatal.set()

    async def until_fatal(self) -> NoReturn:
        """Wait until this consumer must stop; raises the fault."""
        await self.fatal.wait()
        raise self.fault or RuntimeError(self.name)

    async def end(self) -> None:
        """Cancel the last batch; the next consumer of these partitions reads it again."""
        if self._last_batch:
            self._last_batch.cancel()
            await asyncio.wait([self._last_batch])
            self._last_batch = None

    def stuck(self) -> str | None:
        """Describes a partition that has a backlog and no commit for `STUCK_AFTER` seconds; None if there is none.

        It uses the offsets that the broker knows: a consumer that hangs, or whose commits fail, cannot judge itself.
        The partition may belong to another process: a restart of any member assigns all partitions again.
        """
        at = self.clock()
        for partition, (offset, since) in self._stalled.items():
            if at - since > STUCK_AFTER:
                return (
                    f"{self.name}: {partition.topic}/{partition.partition} has not moved from offset {offset} for"
                    f" {at - since:.0f} s"
                )
        return None

    def look(self, backlog: Backlog) -> None:
        """Note how long each partition has had the same committed offset, and the lag.

        Stops the consumer when a partition ends before its committed offset: the topic was replaced.
        """
        at, before = self.clock(), self._stalled
        self._stalled = {}
        for partition, offsets in backlog.items():
            if offsets.committed < offsets.end:
                offset, since = before.get(partition, (offsets.committed, at))
                self._stalled[partition] = (
                    offsets.committed,
                    since if offset == offsets.committed else at,
                )
        truncated = shortened_partition(backlog)
        if truncated and truncated == self._truncated:  # seen twice, so it is not just a change of leader
            self.stop(BrokerReplaced(truncated))
        self._truncated = truncated
        self._lag = sum(max(0, offsets.end - offsets.committed) for offsets in backlog.values())
        metrics.LAG.labels(self.service).set(self._lag)
        metrics.READER_OLDEST.labels(self.service).set(self._waiting.look(backlog, at))

    def reading(self) -> LagReading | None:
        """The lag at the last look; None before the first look, and while the broker is away."""
        if self._lag is None:
            return None
        at = self.clock()
        return LagReading(self._lag, max((at - since for _, since in self._stalled.values()), default=0.0))

    async def watch(self, kafka: Kafka) -> None:
        """Measure the lag every few seconds; raises when the consumer must stop."""
        while True:
            try:
                async with group_lag(kafka, self.name, self.topics) as lag:
                    while True:
                        self.look(await lag.backlog())
                        await self._pause()
            except (KafkaError, OSError) as fault:
                # The broker is away: a restart of this process would not help.
                log.debug("lag unknown", group=self.name, cause=repr(fault))
                self._stalled, self._lag = {}, None
            await self._pause()

    async def _pause(self) -> None:
        end_if_asked()
        try:
            async with asyncio.timeout(LOOK):
                await self.fatal.wait()
        except TimeoutError:
            return
        await self.until_fatal()
