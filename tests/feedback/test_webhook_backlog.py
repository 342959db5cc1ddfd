"""What one wave reads of a webhook does not grow with what waits for it."""

from typing import cast
from uuid import UUID

from services.feedback.webhooks.delivery_queries import READ, hurry, let_wait, next_deliveries
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Connection, Pool
from tests.explained import Explained
from tests.feedback.endpoints import delivering, endpoint, subscribed

DEMANDS, EACH = 2000, 10


async def backlog(pool: Pool, webhook: UUID) -> None:
    """Of every demand the first has failed and waits, and nine are due behind it; then one that may be sent."""
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
    """How many may be sent, and how many rows it read to know that."""
    explaining = Explained(db, "webhook_delivery")
    found = await next_deliveries(cast(Connection, explaining), {webhook: 8}, [], now())
    return len(found), explaining.read


async def test_a_wave_reads_no_backlog_of_what_waits_behind_failures(pool: Pool):
    async with endpoint() as hook:
        webhook = await subscribed(pool, hook)
    await backlog(pool, webhook)
    async with pool.acquire() as db:
        _, read = await wave(db, webhook)
        assert READ <= read <= READ * 3
        for _ in range(DEMANDS * EACH // READ):
            await let_wait(db, [webhook], now())
        found, read = await wave(db, webhook)
    assert found == 1
    assert read < 20


async def test_an_endpoint_that_takes_again_is_hurried_part_by_part(pool: Pool):
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


async def test_a_sender_hurries_all_that_waits_once_its_endpoint_takes_again(pool: Pool):
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
    waiting = "SELECT count(*) FROM webhook_delivery WHERE attempts > 0 AND state = 'pending' AND due_at > now()"
    assert await pool.fetchval(waiting) == 0
