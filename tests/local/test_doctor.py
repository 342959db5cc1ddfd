"""`huying doctor` counts what no relay has sent, whatever shards and clusters there are and were."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from deploy.cli.doctor import unsent
from shared.chassis.cursor import Shard, move
from shared.chassis.database import Connection
from shared.contracts import facts as f
from tests.chassis.conftest import envelope
from tests.journals import append

KEYS = [UUID(int=n) for n in range(1, 41)]


@pytest.fixture
async def db(database: str) -> AsyncIterator[Connection]:
    """Routing's journal with forty facts of an hour ago."""
    db = await asyncpg.connect(database, server_settings={"search_path": "routing"})
    await append(db, [envelope(f.DemandTriaged(reason="x"), 1, key) for key in KEYS])
    await db.execute("UPDATE journal SET recorded_at = now() - interval '1 hour'")
    yield db
    await db.close()


async def sent(db: Connection, cluster: str, shard: Shard, position: int) -> None:
    await move(db, cluster, shard, position, sent=1)


async def test_a_relay_that_never_sent_anything_is_noticed(db: Connection):
    assert await unsent(db, "routing", "here", 1) == len(KEYS)


async def test_what_was_sent_to_a_broker_that_is_gone_counts_for_nothing(db: Connection):
    await sent(db, "gone", Shard(), len(KEYS))
    assert await unsent(db, "routing", "here", 1) == len(KEYS)
    assert await unsent(db, "routing", None, 1) == 0


async def test_a_shard_that_is_stuck_is_not_hidden_by_one_that_moves(db: Connection):
    for shard in (0, 2, 3):
        await sent(db, "here", Shard(shard, 4), len(KEYS))
    await sent(db, "here", Shard(1, 4), 5)
    stuck = await db.fetchval(
        "SELECT count(*) FROM journal WHERE position > 5 AND abs(hashtext(aggregateid::text)) % 4 = 1"
    )
    assert stuck > 0
    assert await unsent(db, "routing", "here", 4) == stuck


async def test_a_shard_that_is_no_longer_there_is_not_waited_for(db: Connection):
    await sent(db, "here", Shard(), len(KEYS))
    await sent(db, "here", Shard(1, 2), 5)
    assert await unsent(db, "routing", "here", 1) == 0
