"""Starts Apache Kafka and PostgreSQL for one measurement."""

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg

from deploy.local.deployment import Options, Running, deployed
from deploy.local.kafka import ApacheKafka
from deploy.local.state import state_dir
from shared.chassis.base.clock import uuid7
from shared.chassis.database.pool import open_pool
from shared.chassis.kafka.client import Kafka
from shared.chassis.kafka.cluster import create_topics
from shared.contracts.numbers import number
from tests import story
from tests.bench.alone import kept, postgres, season
from tests.chassis.conftest import envelope
from tests.journals import append
from tests.packs import CITIES


@dataclass(frozen=True, slots=True)
class Rig:
    """The addresses of the servers."""

    dsn: str
    bootstrap: str


@asynccontextmanager
async def rig() -> AsyncIterator[Rig]:
    """New servers with every schema and topic."""
    async with postgres() as dsn, kept(ApacheKafka, cache=state_dir() / "cache") as broker:
        await create_topics(Kafka(broker.bootstrap))
        yield Rig(dsn, broker.bootstrap)


@asynccontextmanager
async def whole_deployment() -> AsyncIterator[Running]:
    """A whole deployment on Apache Kafka, removed afterwards with its data."""
    with tempfile.TemporaryDirectory(prefix="huying-bench") as top:
        Path(top).chmod(0o711)
        served = {"HUYING_JURISDICTIONS": ",".join(CITIES)}
        cache = state_dir() / "cache"
        options = Options(Path(top) / "state", port=0, broker=ApacheKafka.kind, kafka_cache=cache, env=served)
        async with deployed(options) as running:
            await season(running.runtime.database_url)
            yield running


async def tell_submissions(dsn: str, count: int, before: int = 0) -> Sequence[UUID]:
    """Append submitted demands to intake's journal, as if citizens had raised them after `before` others."""
    keys = [uuid7() for _ in range(count)]
    pool = await open_pool(dsn, "intake", size=2)
    for start in range(0, count, 1000):
        envelopes = []
        for n, key in enumerate(keys[start : start + 1000], before + start):
            fact = story.SUBMISSION.model_copy(
                update={"number": number("NH", 2021, n), "title": "校车接送点没有风雨棚" * 6}
            )
            envelopes.append(envelope(fact, 1, key))
        async with pool.acquire() as db, db.transaction():
            await append(db, envelopes)
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
