"""Builds the views of reporting anew from the log while everything answers, compares them, and replaces the old ones.

Nobody is disturbed but the projector, which waits while both are compared: for seconds. Whatever ends it before the
replacement, which is one transaction, leaves the views in use as they were.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiokafka import TopicPartition

from services.reporting.figures.rollup import Rollup
from services.reporting.rebuild import locks, tables
from services.reporting.rebuild.comparison import Difference, differences, new_dead_letters
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
"""Records that may be left when the projector is asked to wait."""
MOST_BEHIND: Final = 100_000
"""Records that the projector may not have read yet: they are read while it waits."""
SHOWN: Final = 10
"""Differences of each kind that are named; of the others the number is said."""
Say = Callable[[str, str], None]
"""Tells the operator what happens, in Chinese and in English."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How it ended: whether the views were replaced, in what they differ, and how fast the log was read."""

    replaced: bool
    differences: int
    records: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Rebuild:
    """Where the views, the log and the rules by which it is folded are."""

    dsn: str
    kafka: Kafka
    worker: Worker
    migrations: Path
    batch_size: int
    say: Say

    async def run(self, *, accept: bool) -> Rebuilt:
        """Build, compare, replace; with `accept`, replace although there are differences.

        Raises `Refused` when it cannot be done now, and says why.
        """
        async with (
            await open_pool(self.dsn, IN_USE, size=2, patience=None) as pool,
            pool.acquire() as alone,
            _alone(alone),
        ):
            await tables.drop(alone)
            try:
                return await self._build(pool, accept)
            finally:
                with suppress(*PASSING):
                    await tables.drop(alone)

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
                different = await self._compare(db, log, folding)
                if different and not accept:
                    return Rebuilt(False, different, folding.records, folding.seconds)
                await locks.hold_everybody(db)
                await tables.replace(db)
        return Rebuilt(True, different, folding.records, folding.seconds)

    async def _prepare(self, pool: Pool) -> None:
        self.say("正在新建视图，现有视图照常服务", "building the views anew; those in use go on answering")
        await migrate(self.dsn, IN_USE, self.migrations, schema=ANEW)
        async with pool.acquire() as db:
            if others := await tables.standing_on(db):
                raise Refused(
                    Code.CONFLICT,
                    f"views of yours stand on tables of reporting: {', '.join(others)}; drop them, run this again, then"
                    " make them anew",
                    f"有自建视图依赖 reporting 的表：{'、'.join(others)}；请先删除，运行后再重建这些视图",
                )
            if await tables.migrations(db, IN_USE) != await tables.migrations(db, ANEW):
                raise Refused(
                    Code.CONFLICT,
                    "the database is of another version than this program: run `huying migrate` first",
                    "数据库与程序版本不一致，请先运行 huying migrate",
                )

    async def _follow(self, log: "_Log", folding: Folding) -> None:
        """Read as far as the projector has come, and again what has come meanwhile, until little is left."""
        while True:
            backlog = await log.backlog()
            ends = {partition: min(place.committed, place.end) for partition, place in backlog.items()}
            left = await folding.replay.left(ends)
            if left:
                self.say(f"还有 {left:,} 条记录", f"{left:,} records to read")
            await folding.fold(ends)
            if left < FEW:
                _refuse_far_behind(backlog)
                return

    async def _compare(self, db: Connection, log: "_Log", folding: Folding) -> int:
        """How many differences there are once both are made of the same facts; then takes the rest of the log too."""
        ends = {partition: place.end for partition, place in (await log.backlog()).items()}
        begin = await folding.replay.standing()
        await folding.fold(ends, known_to=db)
        shown, count = await differences(db, SHOWN)
        folding.replay.go_to(begin)
        await folding.fold(ends)
        for difference in shown:
            self._tell(difference)
        if count > len(shown):
            self.say(f"另有 {count - len(shown):,} 处不同", f"and {count - len(shown):,} more differences")
        dead = await new_dead_letters(db)
        if dead:
            self.say(f"有 {dead:,} 条记录无法处理", f"{dead:,} records could not be handled")
        return count + dead

    def _tell(self, difference: Difference) -> None:
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
    """The log, and the group in which the projector reads it."""

    kafka: Kafka
    group: str
    topics: Sequence[str]

    async def backlog(self) -> Backlog:
        """How far the projector has come in each partition, and where it ends."""
        async with group_lag(self.kafka, self.group, self.topics) as lag:
            return await lag.backlog()


@asynccontextmanager
async def _alone(db: Connection) -> AsyncIterator[None]:
    """Nobody else rebuilds meanwhile; the server ends this with the connection."""
    if not await db.fetchval("SELECT pg_try_advisory_lock(hashtext('huying.rebuild'))"):
        raise Refused(Code.CONFLICT, "the views are being rebuilt by another command", "另一个命令正在重建视图")
    try:
        yield
    finally:
        with suppress(*PASSING):
            await db.execute("SELECT pg_advisory_unlock(hashtext('huying.rebuild'))")


async def _refuse_shortened(replay: Replay) -> None:
    gone = [partition for partition, offset in (await replay.beginning()).items() if offset > 0]
    if gone:
        raise Refused(
            Code.CONFLICT,
            f"the log has lost its beginning ({_named(gone)}), so the views cannot be built from it",
            f"日志开头已被清除（{_named(gone)}），无法据此重建",
        )


def _refuse_far_behind(backlog: Backlog) -> None:
    """The projector would have to wait until all of it was read."""
    behind = sum(max(0, place.end - place.committed) for place in backlog.values())
    if behind > MOST_BEHIND:
        raise Refused(
            Code.UNAVAILABLE,
            f"the projector is {behind:,} records behind: let it catch up, then run this again",
            f"projector 还有 {behind:,} 条记录未处理，请待其追平后再运行",
        )


def _named(partitions: Sequence[TopicPartition]) -> str:
    return ", ".join(f"{partition.topic}/{partition.partition}" for partition in partitions)
