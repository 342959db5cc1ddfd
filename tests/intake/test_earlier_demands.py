"""Who is shown a contact is shown which other demands messages to it were about, as far as they may read those."""

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


async def told(client: httpx.AsyncClient, pool: Pool, unit: str = UNIT, phone: str = CONTACT["phone"]) -> str:
    """The number of a demand that lies with a unit, and whose citizen was sent a message."""
    number = str((await demand(client, contact={"phone": phone}))["number"])
    asked = {"number": number, "contact": await contact_of(pool, number), "ways": ["phone"], "why": "submitted"}
    answer = await of_many(client, [asked])
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


async def test_other_demands_of_the_same_telephone_are_named_the_latest_first(client: httpx.AsyncClient, pool: Pool):
    first, second = await told(client, pool), await told(client, pool, phone="+86 138-0013-8000")
    third, _ = await told(client, pool), await told(client, pool, phone="13912345678")
    assert await earlier(client, third) == [second, first]


async def test_other_demands_are_named_to_whoever_asks_for_nothing_else(client: httpx.AsyncClient, pool: Pool):
    alone = await told(client, pool)
    assert (await reveal(client, alone, staff(UNIT), fields=["earlier"])).status_code == 404
    latest = await told(client, pool)
    answer = await reveal(client, latest, staff(UNIT), fields=["earlier"])
    assert answer.json() == {"number": latest, "earlier": [alone]}


async def test_only_what_whoever_asks_may_read_is_named(client: httpx.AsyncClient, pool: Pool):
    own, elsewhere, asked = await told(client, pool), await told(client, pool, OTHER), await told(client, pool)
    assert await earlier(client, asked) == [own]
    assert await earlier(client, asked, "nh-coordinator") == [elsewhere, own]


async def test_that_they_were_named_is_told_like_any_other_field(client: httpx.AsyncClient, pool: Pool):
    await told(client, pool)
    number = await told(client, pool)
    await earlier(client, number)
    payload = await pool.fetchval(
        "SELECT payload FROM journal WHERE subject = $1 AND type LIKE 'demand.personal-data-viewed%'"
        " ORDER BY position DESC LIMIT 1", number,
    )  # fmt: skip
    assert "earlier" in json.loads(payload)["fields"]


async def test_what_was_erased_and_what_nobody_asks_for_is_not_named(client: httpx.AsyncClient, pool: Pool):
    gone, number = await told(client, pool), await told(client, pool)
    assert "earlier" not in (await reveal(client, number, staff(UNIT), fields=["phone"])).json()
    assert "earlier" not in (await reveal(client, number, service())).json()
    assert (await erase(client, gone, staff())).status_code == 200
    assert await earlier(client, number) == []
