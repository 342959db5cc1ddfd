"""The number of rows that one wave reads does not grow with the backlog of a webhook."""

from typing import cast
from uuid import UUID

from services.feedback.webhooks.delivery_queries import READ, hurry, next_deliveries, postpone
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Connection, Pool
from tests.explained import Explained
from tests.feedback.endpoints import delivering, endpoint, subscribed

DEMANDS, EACH = 2000, 10


async def backlog(pool: Pool, webhook: UUID) -> None:
    """Deliveries: of every demand the first has failed and waits, with nine due ones behind it; then one that may be
    sent."""
    await pool.execute(
        """
        INSERT INTO webhook_delivery (webhook, event, demand, number, type, at, body, due_at, attempts)
        SELECT $1, gen_random_uuid(), md5((n % $2::integer)::text)::uuid, '', 'x', now(), '{}',
            now() - interval '1 hour' + CASE WHEN n < $2::integer THEN interval '3 hours' ELSE '0' END,
            (n < $2::integer)::integer
        FROM generate_series(0, $2::integer * $3::integer) AS n ORDER BY n
        """,
        webhook,
        DEMANDS,
        EACH,
    )
    await pool.execute("UPDATE webhook_delivery SET demand = event WHERE position > $1", DEMANDS * EACH)
    await pool.execute("ANALYZE webhook_delivery")


async def wave(db: Connection, webhook: UUID) -> tuple[int, int]:
    """The number of deliveries that may be sent, and the number of rows read to find them."""
    explaining = Explained(db, "webhook_delivery")
    deliveries = await next_deliveries(cast(Connection, explaining), {webhook: 8}, [], now())
    return len(deliveries), explaining.read


async def test_a_wave_does_not_read_the_deliveries_behind_failures(pool: Pool):
    async with endpoint() as hook:
        webhook = await subscribed(pool, hook)
    await backlog(pool, webhook)
    async with pool.acquire() as db:
        _, rows_read = await wave(db, webhook)
        assert READ <= rows_read <= READ * 3
        for _ in range(DEMANDS * EACH // READ):
            await postpone(db, [webhook], now())
        sendable, rows_read = await wave(db, webhook)
    assert sendable == 1
    assert rows_read < 20


async def test_retries_of_a_recovered_endpoint_are_brought_forward_in_parts(pool: Pool):
    async with endpoint() as hook:
        webhook = await subscribed(pool, hook)
    await backlog(pool, webhook)
    due = "SELECT count(*) FROM webhook_delivery WHERE attempts > 0 AND due_at <= now()"
    async with pool.acquire() as db:
        assert await hurry(db, webhook), "there is more"
        assert await db.fetchval(due) == READ
        assert await hurry(db, webhook)
        assert not await hurry(db, webhook)
        assert await db.fetchval(due) == DEMANDS


async def test_a_sender_brings_all_retries_forward_once_its_endpoint_has_recovered(pool: Pool):
    async with endpoint() as hook, delivering(pool) as delivery:
        webhook = await subscribed(pool, hook)
        await backlog(pool, webhook)
        await pool.execute(
            "UPDATE webhook_delivery SET body = json_build_object('id', event)::text,"
            " due_at = now() + CASE WHEN position > $1 THEN interval '0' ELSE interval '2 hours' END",
            DEMANDS * EACH,
        )
        for _ in range(DEMANDS // READ + 2):
            await delivery.wave()
    pending = "SELECT count(*) FROM webhook_delivery WHERE attempts > 0 AND state = 'pending' AND due_at > now()"
    assert await pool.fetchval(pending) == 0
