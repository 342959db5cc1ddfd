"""A person who sees a contact also sees the other demands with messages to it, if they may read these."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from services.intake.settings import IntakeSettings
from shared.chassis.database.pool import Pool
from tests.intake.conftest import settings as plain_settings
from tests.intake.test_vault import CONTACT, client_with, contact_of, demand, erase, of_many, reveal, service, staff

UNIT, OTHER = "nh-education", "nh-tax"


@pytest.fixture
def settings(database: str) -> IntakeSettings:
    return plain_settings(database)


@pytest.fixture
async def client(pool: Pool, settings: IntakeSettings) -> AsyncIterator[httpx.AsyncClient]:
    async with await client_with(pool, settings) as opened:
        yield opened


async def demand_with_message(
    client: httpx.AsyncClient, pool: Pool, unit: str = UNIT, phone: str = CONTACT["phone"]
) -> str:
    """Make a demand of a unit, whose citizen got a message, and return its number."""
    number = str((await demand(client, contact={"phone": phone}))["number"])
    request = {"number": number, "contact": await contact_of(pool, number), "ways": ["phone"], "why": "submitted"}
    answer = await of_many(client, [request])
    assert answer.json()["answers"][0]["state"] == "known", answer.text
    await pool.execute(
        "UPDATE demand SET state = state || jsonb_build_object('unit', $2::text, 'status', 'routed')"
        " WHERE id = (SELECT id FROM submission WHERE number = $1)",
        number, unit,
    )  # fmt: skip
    return number


async def earlier(client: httpx.AsyncClient, number: str, unit: str = UNIT) -> list[str]:
    answer = await reveal(client, number, staff(unit))
    assert answer.status_code == 200, answer.text
    return list(answer.json().get("earlier", []))


async def test_other_demands_of_the_same_telephone_are_listed_with_the_latest_first(
    client: httpx.AsyncClient, pool: Pool
):
    first, second = (
        await demand_with_message(client, pool),
        await demand_with_message(client, pool, phone="+86 138-0013-8000"),
    )
    third, _ = await demand_with_message(client, pool), await demand_with_message(client, pool, phone="13912345678")
    assert await earlier(client, third) == [second, first]


async def test_other_demands_are_listed_even_if_no_field_is_requested(client: httpx.AsyncClient, pool: Pool):
    alone = await demand_with_message(client, pool)
    assert (await reveal(client, alone, staff(UNIT), fields=["earlier"])).status_code == 404
    latest = await demand_with_message(client, pool)
    answer = await reveal(client, latest, staff(UNIT), fields=["earlier"])
    assert answer.json() == {"number": latest, "earlier": [alone]}


async def test_only_demands_that_the_caller_may_read_are_listed(client: httpx.AsyncClient, pool: Pool):
    own_case, elsewhere, requested = (
        await demand_with_message(client, pool),
        await demand_with_message(client, pool, OTHER),
        await demand_with_message(client, pool),
    )
    assert await earlier(client, requested) == [own_case]
    assert await earlier(client, requested, "nh-coordinator") == [elsewhere, own_case]


async def test_listing_them_is_recorded_like_reading_a_field(client: httpx.AsyncClient, pool: Pool):
    await demand_with_message(client, pool)
    number = await demand_with_message(client, pool)
    await earlier(client, number)
    payload = await pool.fetchval(
        "SELECT payload FROM journal WHERE subject = $1 AND type LIKE 'demand.personal-data-viewed%'"
        " ORDER BY position DESC LIMIT 1", number,
    )  # fmt: skip
    assert "earlier" in json.loads(payload)["fields"]


async def test_erased_and_unrequested_demands_are_not_listed(client: httpx.AsyncClient, pool: Pool):
    erased, number = await demand_with_message(client, pool), await demand_with_message(client, pool)
    assert "earlier" not in (await reveal(client, number, staff(UNIT), fields=["phone"])).json()
    assert "earlier" not in (await reveal(client, number, service())).json()
    assert (await erase(client, erased, staff())).status_code == 200
    assert await earlier(client, number) == []
