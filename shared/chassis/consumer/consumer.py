"""How far a reader has come, and whether its group still moves."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, NoReturn

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from shared.chassis.base import metrics
from shared.chassis.consumer.consumer_log import beyond
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.consumer.lag import Backlog, Reading, group_lag
from shared.chassis.consumer.record import Record
from shared.chassis.consumer.waiting import Waiting
from shared.chassis.kafka.cancellation import end_if_asked
from shared.chassis.kafka.client import Kafka
from shared.chassis.kafka.cluster import BrokerReplaced

log = structlog.get_logger()
LOOK: Final = 5.0
STUCK_AFTER: Final = 60.0
BACKLOG: Final = 400


@dataclass(slots=True)
class Consumer:
    """Hands batches to the delivery and watches that the commits go on while there is a backlog."""

    delivery: Delivery
    topics: tuple[str, ...]
    name: str
    """The consumer group that it is."""
    service: str
    fatal: asyncio.Event = field(default_factory=asyncio.Event)
    fault: Exception | None = None
    """What made it fatal."""
    clock: Callable[[], float] = monotonic
    _standing: dict[TopicPartition, tuple[int, float]] = field(default_factory=dict)
    """By partition with a backlog: where its commits stand, and since when."""
    _lag: int | None = None
    _waiting: Waiting = field(default_factory=Waiting)
    _shorter: str | None = None
    _under_way: asyncio.Task[None] | None = None

    async def process(self, records: Sequence[Record], done: Callable[[], None]) -> bool:
        """Deliver a batch and call `done` when it, and all before it, is durable; False when this reader must stop:
        `until_fatal` raises why.

        Of a backlog one batch is read and sorted while the database writes the one before. A small batch is waited
        for: what comes meanwhile makes the next one larger.
        """
        if self.fatal.is_set():
            return False
        before = self._under_way
        self._under_way = asyncio.create_task(self._deliver(records, done, before))
        waited = before if len(records) >= BACKLOG else self._under_way
        if waited:
            await waited
        return not self.fatal.is_set()

    async def _deliver(
        self, records: Sequence[Record], done: Callable[[], None], before: asyncio.Task[None] | None
    ) -> None:
        try:
            with metrics.BATCH_SECONDS.labels(self.service).time():
                await self.delivery.deliver(records)
        except Exception as fault:  # noqa: BLE001 (nothing may be acknowledged past it)
            self.stop(fault)
        if before:
            await before
        if not self.fatal.is_set():
            done()

    def stop(self, fault: Exception) -> None:
        """Acknowledge nothing more; the process ends with this fault, and its supervisor starts another one."""
        if not self.fatal.is_set():
            log.critical("stopping", group=self.name, cause=str(fault) or repr(fault))
            self.fault = fault
            self.fatal.set()

    async def until_fatal(self) -> NoReturn:
        """Wait until this reader must stop; raises the fault."""
        await self.fatal.wait()
        raise self.fault or RuntimeError(self.name)

    async def end(self) -> None:
        """Let go of what is under way; whoever reads it next takes it again."""
        if self._under_way:
            self._under_way.cancel()
            await asyncio.wait([self._under_way])
            self._under_way = None

    def stuck(self) -> str | None:
        """In words what is wrong, when a partition has a backlog and saw no commit for a minute.

        It is the broker's word that counts: a reader that hangs, or whose commits fail, knows nothing of it. Whose
        partition it is does not matter, since a restart of any reader deals the partitions out anew.
        """
        at = self.clock()
        for place, (offset, since) in self._standing.items():
            if at - since > STUCK_AFTER:
                return f"{self.name}: {place.topic}/{place.partition} stands at {offset} for {at - since:.0f} s"
        return None

    def look(self, backlog: Backlog) -> None:
        """Remember since when which partition stands still; one that ends before what was read stops the reader."""
        at, before = self.clock(), self._standing
        self._standing = {}
        for place, place_now in backlog.items():
            if place_now.committed < place_now.end:
                offset, since = before.get(place, (place_now.committed, at))
                self._standing[place] = (
                    place_now.committed,
                    since if offset == place_now.committed else at,
                )
        shorter = beyond(backlog)
        if shorter and shorter == self._shorter:  # twice the same: no leader that is just changing
            self.stop(BrokerReplaced(shorter))
        self._shorter = shorter
        self._lag = sum(max(0, place_now.end - place_now.committed) for place_now in backlog.values())
        metrics.LAG.labels(self.service).set(self._lag)
        metrics.READER_OLDEST.labels(self.service).set(self._waiting.look(backlog, at))

    def reading(self) -> Reading | None:
        """How far it is behind by the last look; None before the first, and while the broker is away."""
        if self._lag is None:
            return None
        at = self.clock()
        return Reading(self._lag, max((at - since for _, since in self._standing.values()), default=0.0))

    async def watch(self, kafka: Kafka) -> None:
        """Measure the lag every few seconds; raise when the reader must stop."""
        while True:
            try:
                async with group_lag(kafka, self.name, self.topics) as lag:
                    while True:
                        self.look(await lag.backlog())
                        await self._pause()
            except (KafkaError, OSError) as fault:
                # No restart brings a broker back that is away.
                log.debug("lag unknown", group=self.name, cause=repr(fault))
                self._standing, self._lag = {}, None
            await self._pause()

    async def _pause(self) -> None:
        end_if_asked()
        try:
            async with asyncio.timeout(LOOK):
                await self.fatal.wait()
        except TimeoutError:
            return
        await self.until_fatal()
