"""Open311: the table behind the lists also has old demands and is read by its indexes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.intake import app
from services.intake.open311 import queries
from services.intake.open311.dates import SPAN, Window
from shared.chassis.database.pool import Pool
from shared.contracts.demand import facts as f
from tests.intake.open311_client import ACCEPTED, ROUTED, hear, listed, raised


async def test_a_demand_older_than_the_list_table_is_listed_too(client: httpx.AsyncClient, key: str, pool: Pool):
    number = await raised(client, key, lat="23.03", long="113.14", description="路灯不亮\n三天了")
    await hear(pool, await raised(client, key), ROUTED, ACCEPTED, f.DemandResolved(by="Chen", result=""))
    listed_before = await listed(client)
    backfill = (app.MIGRATIONS / "20261124000100_open311.sql").read_text("utf-8")
    backfill = backfill[backfill.index("INSERT INTO demand_listing") : backfill.index("-- migrate:down")]
    async with pool.acquire() as db:
        await db.execute("DELETE FROM demand_listing")
        await db.execute(backfill)
    assert await listed(client) == listed_before
    assert number in {row["service_request_id"] for row in listed_before}


@pytest.fixture
async def crowded(pool: Pool) -> Pool:
    """Twenty thousand demands over twenty years."""
    async with pool.acquire() as db:
        await db.execute(
            """
            INSERT INTO demand_listing
            SELECT gen_random_uuid(), 'N' || n, 'nanhai', 'web', 'help', 'c' || n % 30, 'd', 't', '', NULL, NULL,
                'closed', n % 50 = 0, now() - n * interval '9 hours', now() - n * interval '8 hours', NULL, NULL, ''
            FROM generate_series(1, 20000) AS n
            """
        )
        await db.execute(
            "INSERT INTO demand_update SELECT gen_random_uuid(), id, 2, jurisdiction, status, '', updated_at"
            " FROM demand_listing"
        )
        await db.execute("ANALYZE demand_listing, demand_update")
    return pool


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"open": True},
        {"open": False},
        {"categories": ["c3"]},
        {"categories": ["c3", "c4"], "open": True},
        {"submitted": None, "updated_after": datetime.now(UTC) - timedelta(days=1)},
        {"submitted": None, "updated_before": datetime.now(UTC) - timedelta(days=100)},
    ],
    ids=lambda change: "+".join(change) or "nothing",
)
async def test_a_list_is_answered_from_an_index(crowded: Pool, change: dict[str, Any]):
    now = datetime.now(UTC)
    no_filter: dict[str, Any] = {
        "jurisdiction": "nanhai", "categories": (), "open": None, "submitted": Window(first=now - SPAN, last=now),
        "updated_after": None, "updated_before": None, "limit": 1000, "skip": 0,
    }  # fmt: skip
    question, values = queries.listing_query(queries.Filter(**no_filter | change))
    async with crowded.acquire() as db:
        plan = "\n".join(row[0] for row in await db.fetch(f"EXPLAIN {question}", *values))
    assert "Seq Scan" not in plan, plan
