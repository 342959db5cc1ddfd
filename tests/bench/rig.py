"""The servers of a measurement: Apache Kafka and PostgreSQL of its own, ended with it."""

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg

from deploy.cli.processes import SERVICES
from deploy.local.child import Child
from deploy.local.deployment import Options, Running, deployed
from deploy.local.kafka import ApacheKafka
from deploy.local.keeper import Keeper
from deploy.local.ports import free_port
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.state import prepare, state_dir
from shared.chassis.broker import create_topics
from shared.chassis.database import open_pool
from shared.chassis.kafka import Kafka
from shared.chassis.migrations import migrate
from tests import story
from tests.chassis.conftest import envelope
from tests.journals import append


@dataclass(frozen=True, slots=True)
class Rig:
    """Where everything is."""

    dsn: str
    bootstrap: str


@asynccontextmanager
async def rig() -> AsyncIterator[Rig]:
    """Fresh servers with every schema and topic."""
    async with AsyncExitStack() as stack:
        top = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="huying-bench")))
        top.chmod(0o711)
        directory = prepare(top / "state")
        database = EmbeddedPostgres(directory, free_port())
        broker = ApacheKafka(directory, free_port(), cache=state_dir() / "cache")
        for server in (database, broker):
            child = Child(server.program, directory / "logs" / f"{server.program.name}.log")
            keeper = Keeper(child, before=server.prepare, after=server.ready)
            stack.push_async_callback(keeper.stop)
            await keeper.start()
        for service in SERVICES:
            await migrate(database.url, service.name, service.migrations)
        await create_topics(Kafka(broker.bootstrap))
        yield Rig(database.url, broker.bootstrap)


@asynccontextmanager
async def whole_deployment() -> AsyncIterator[Running]:
    """Everything up on Apache Kafka, ended with its data."""
    with tempfile.TemporaryDirectory(prefix="huying-bench") as top:
        Path(top).chmod(0o711)
        options = Options(Path(top) / "state", port=0, broker=ApacheKafka.kind, kafka_cache=state_dir() / "cache")
        async with deployed(options) as running:
            yield running


async def tell_submissions(dsn: str, count: int, before: int = 0) -> Sequence[UUID]:
    """Put submitted demands into intake's journal, as if citizens had raised them after `before` others."""
    keys = [uuid4() for _ in range(count)]
    pool = await open_pool(dsn, "intake", size=2)
    for start in range(0, count, 1000):
        told = []
        for n, key in enumerate(keys[start : start + 1000], before + start):
            fact = story.SUBMISSION.model_copy(
                update={"number": f"NH21-{n:06d}-X", "title": "校车接送点没有风雨棚" * 6}
            )
            told.append(envelope(fact, 1, key))
        async with pool.acquire() as db, db.transaction():
            await append(db, told)
    await pool.close()
    return keys


async def count_of(dsn: str, question: str) -> int:
    """A number from the database."""
    db = await asyncpg.connect(dsn)
    try:
        return int(await db.fetchval(question))
    finally:
        await db.close()


async def unlimited(dsn: str) -> None:
    """Let every channel send as fast as it can."""
    db = await asyncpg.connect(dsn)
    try:
        await db.execute("""UPDATE intake.channel SET settings = settings || '{"quota_per_minute": 1000000}'""")
    finally:
        await db.close()
