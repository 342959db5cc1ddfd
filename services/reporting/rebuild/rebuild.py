"""Rebuilds the tables of reporting from the log while they are in use, compares them, and replaces the old ones.

Only the projector has to wait, for the seconds of the comparison. The replacement is one transaction: if anything fails
before it, the tables in use stay as they were.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiokafka import TopicPartition

from services.reporting.figures.rollup import Rollup
from services.reporting.rebuild import locks, tables
from services.reporting.rebuild.comparison import NumberDifference, differences, new_dead_letters
from services.reporting.rebuild.folding import Folding
from services.reporting.rebuild.tables import ANEW, IN_USE
from shared.chassis.consumer import consumer_log
from shared.chassis.consumer.lag import Backlog, group_lag
from shared.chassis.consumer.replay import Replay, replaying
from shared.chassis.database.migrate import migrate
from shared.chassis.database.pool import PASSING, Connection, Pool, open_pool
from shared.chassis.kafka import cluster
from shared.chassis.kafka.client import Kafka
from shared.chassis.process.components import Worker
from shared.contracts.refusals import Code, Refused

FEW: Final = 1000
"""So few records may be left to read when the projector is made to wait."""
MOST_BEHIND: Final = 100_000
"""So many records the projector may be behind: they are read while it waits."""
SHOWN: Final = 10
"""So many differences of each kind are shown; of the others only the number."""
Say = Callable[[str, str], None]
"""Shows the operator what happens, in Chinese and in English."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The result: whether the tables were replaced, how many differences there were, and how fast the log was read."""

    replaced: bool
    differences: int
    records: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Rebuild:
    """Rebuilds the tables of one database from one log, with the repositories of `worker`."""

    dsn: str
    kafka: Kafka
    worker: Worker
    migrations: Path
    batch_size: int
    say: Say

    async def run(self, *, accept: bool) -> Rebuilt:
        """Build, compare and replace; with `accept`, replace although there are differences.

        Raises `Refused`, which says why, if it cannot be done now.
        """
        async with (
            await open_pool(self.dsn, IN_USE, size=2, patience=None) as pool,
            pool.acquire() as lock_holder,
            _only_rebuild(lock_holder),
        ):
            await tables.drop(lock_holder)
            try:
                return await self._build(pool, accept)
            finally:
                with suppress(*PASSING):
                    await tables.drop(lock_holder)

    async def _build(self, pool: Pool, accept: bool) -> Rebuilt:
        await self._prepare(pool)
        identity = await cluster.identity(self.kafka)
        async with pool.acquire() as db:
            generation = await consumer_log.known_generation(db, identity.cluster_id)
        group = consumer_log.group_name(self.worker.consumer, generation)
        name = consumer_log.log_name(identity.cluster_id, generation)
        log = _Log(self.kafka, group, self.worker.topics)
        async with (
            replaying(self.kafka, list(await log.backlog()), self.batch_size) as replay,
            await open_pool(self.dsn, IN_USE, schema=ANEW, patience=None) as anew,
        ):
            await _refuse_shortened(replay)
            folding = Folding(anew, self.worker.repositories, name, replay)
            await self._follow(log, folding)
            await Rollup(anew).sum()
            async with anew.acquire() as db:
                await tables.analyze(db)
            self.say(f"已重建 {folding.records:,} 条记录，正在比对", f"{folding.records:,} records read, now comparing")
            async with pool.acquire() as db, db.transaction():
                await locks.hold_writers(db)
                difference_count = await self._compare(db, log, folding)
                if difference_count and not accept:
                    return Rebuilt(False, difference_count, folding.records, folding.seconds)
                await locks.hold_everybody(db)
                await tables.replace(db)
        return Rebuilt(True, difference_count, folding.records, folding.seconds)

    async def _prepare(self, pool: Pool) -> None:
        self.say("正在新建视图，现有视图照常服务", "rebuilding the views; the present ones stay in use")
        await migrate(self.dsn, IN_USE, self.migrations, schema=ANEW)
        async with pool.acquire() as db:
            if views := await tables.dependent_views(db):
                raise Refused(
                    Code.CONFLICT,
                    f"your own views use tables of reporting: {', '.join(views)}; drop them, run this again, then"
                    " create them again",
                    f"有自建视图依赖 reporting 的表：{'、'.join(views)}；请先删除，运行后再重建这些视图",
                )
            if await tables.migrations(db, IN_USE) != await tables.migrations(db, ANEW):
                raise Refused(
                    Code.CONFLICT,
                    "the database has another version than this program: run `huying migrate` first",
                    "数据库与程序版本不一致，请先运行 huying migrate",
                )

    async def _follow(self, log: "_Log", folding: Folding) -> None:
        """Read as far as the projector has come, again and again, until few records are left."""
        while True:
            backlog = await log.backlog()
            ends = {partition: min(place.committed, place.end) for partition, place in backlog.items()}
            records_left = await folding.replay.left(ends)
            if records_left:
                self.say(f"还有 {records_left:,} 条记录", f"{records_left:,} records to read")
            await folding.fold(ends)
            if records_left < FEW:
                _refuse_far_behind(backlog)
                return

    async def _compare(self, db: Connection, log: "_Log", folding: Folding) -> int:
        """Compare both sets of tables when they hold the same facts, then read the rest of the log. Returns the number
        of differences."""
        ends = {partition: place.end for partition, place in (await log.backlog()).items()}
        begin = await folding.replay.positions()
        await folding.fold(ends, known_to=db)
        examples, count = await differences(db, SHOWN)
        folding.replay.go_to(begin)
        await folding.fold(ends)
        for difference in examples:
            self._tell(difference)
        if count > len(examples):
            self.say(f"另有 {count - len(examples):,} 处不同", f"and {count - len(examples):,} more differences")
        dead = await new_dead_letters(db)
        if dead:
            self.say(f"有 {dead:,} 条记录无法处理", f"{dead:,} records could not be handled")
        return count + dead

    def _tell(self, difference: NumberDifference) -> None:
        self.say(
            f"{difference.zh}：现为 {difference.in_use:,}，重建后为 {difference.anew:,}",
            f"{difference.en}: {difference.in_use:,} now, {difference.anew:,} rebuilt",
        )
        for field in difference.fields:
            self.say(
                f"　　字段 {field.name}：现为 {field.in_use or '（无）'}，重建后为 {field.anew or '（无）'}",
                f"field {field.name}: {field.in_use or '(none)'} now, {field.anew or '(none)'} rebuilt",
            )


@dataclass(frozen=True, slots=True)
class _Log:
    """The log, and the consumer group of the projector."""

    kafka: Kafka
    group: str
    topics: Sequence[str]

    async def backlog(self) -> Backlog:
        """How far the projector has read each partition, and where each partition ends."""
        async with group_lag(self.kafka, self.group, self.topics) as lag:
            return await lag.backlog()


@asynccontextmanager
async def _only_rebuild(db: Connection) -> AsyncIterator[None]:
    """Hold the lock that lets only one process rebuild; raises `Refused` if another one holds it. The server releases
    it when the connection ends."""
    if not await db.fetchval("SELECT pg_try_advisory_lock(hashtext('huying.rebuild'))"):
        raise Refused(Code.CONFLICT, "the views are being rebuilt by another command", "另一个命令正在重建视图")
    try:
        yield
    finally:
        with suppress(*PASSING):
            await db.execute("SELECT pg_advisory_unlock(hashtext('huying.rebuild'))")


async def _refuse_shortened(replay: Replay) -> None:
    shortened = [partition for partition, offset in (await replay.beginning()).items() if offset > 0]
    if shortened:
        raise Refused(
            Code.CONFLICT,
            f"the beginning of the topic was deleted ({_named(shortened)}), so the views cannot be built from it",
            f"日志开头已被清除（{_named(shortened)}），无法据此重建",
        )


def _refuse_far_behind(backlog: Backlog) -> None:
    """Raise `Refused` if the projector is too far behind: it would have to wait until all of that is read."""
    lag = sum(max(0, place.end - place.committed) for place in backlog.values())
    if lag > MOST_BEHIND:
        raise Refused(
            Code.UNAVAILABLE,
            f"the projector is {lag:,} records behind: wait until it has caught up, then run this again",
            f"projector 还有 {lag:,} 条记录未处理，请待其追平后再运行",
        )


def _named(partitions: Sequence[TopicPartition]) -> str:
    return ", ".join(f"{partition.topic}/{partition.partition}" for partition in partitions)
