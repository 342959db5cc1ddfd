"""Queries that count queues again and again read a bounded part of them, however many rows they have."""

from collections.abc import AsyncIterator
from typing import cast
from uuid import uuid4

import pytest

from services.feedback.webhooks import queries
from shared.chassis.database.pool import Connection, open_pool
from shared.chassis.work import intent_gauges
from shared.chassis.work.intent_gauges import backlog
from tests.explained import Explained

MANY = 20_000
INTENTS = """
    INSERT INTO intent (id, kind, key, about, line, body, waits, created_at)
    SELECT gen_random_uuid(), 'message', gen_random_uuid(), gen_random_uuid(), n, '{}',
        CASE WHEN n > $1 - 5 THEN 'gateway' WHEN n % 2 = 0 THEN 'quiet-hours' END,
        now() - ($1 - n) * interval '1 second'
    FROM generate_series(1, $1::integer) AS n ORDER BY n
"""
DELIVERIES = """
    INSERT INTO webhook_delivery (webhook, event, demand, number, type, at, body, state, created_at)
    SELECT $2, gen_random_uuid(), gen_random_uuid(), '', 'x', now(), '{}',
        CASE WHEN n <= $1 / 2 THEN 'delivered' ELSE 'pending' END, now() - ($1 - n) * interval '1 second'
    FROM generate_series(1, $1::integer) AS n ORDER BY n
"""


@pytest.fixture
async def db(database: str) -> AsyncIterator[Connection]:
    async with await open_pool(database, "feedback") as pool, pool.acquire() as db:
        yield db


async def test_only_a_part_of_each_reason_to_wait_is_counted_and_none_hides_another(
    db: Connection, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(intent_gauges, "COUNTED_UP_TO", 100)
    await db.execute(INTENTS, MANY)
    await db.execute("ANALYZE intent")
    explained = Explained(db, "intent")
    counts = {reason: (count, age) for reason, count, age in await backlog(cast(Connection, explained), "message")}
    assert {reason: count for reason, (count, _) in counts.items()} == {"gateway": 5, "quiet-hours": 100, "turn": 100}
    assert counts["turn"][1] >= MANY - 1, "the oldest are the first"
    assert counts["gateway"][1] == pytest.approx(4, abs=60)
    assert explained.read < 300


async def test_only_a_part_of_the_deliveries_of_each_webhook_is_counted(
    db: Connection, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(queries, "COUNTED_UP_TO", 100)
    webhook_id, other_webhook = uuid4(), uuid4()
    for webhook in (webhook_id, other_webhook):
        await db.execute(DELIVERIES, MANY, webhook)
    await db.execute("ANALYZE webhook_delivery")
    explained = Explained(db, "webhook_delivery")
    waiting = await queries.waiting(cast(Connection, explained), [webhook_id, other_webhook, uuid4()])
    assert {id: waits.deliveries for id, waits in waiting.items()} == {webhook_id: 100, other_webhook: 100}
    first = await db.fetchval(
        "SELECT min(created_at) FROM webhook_delivery WHERE webhook = $1 AND state = 'pending'", webhook_id
    )
    assert waiting[webhook_id].oldest == first
    assert explained.read == 200
