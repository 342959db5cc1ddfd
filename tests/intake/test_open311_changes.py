"""Open311: pages of a list, the dates of a request as it changes, and extensions."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4
from xml.etree import ElementTree as ET

import httpx

from shared.chassis.database.pool import Pool
from shared.contracts.demand import facts as f
from tests.intake.open311_client import (
    ACCEPTED,
    HERE,
    PLACE,
    RESOLVED,
    ROUTED,
    V2,
    errors,
    hear,
    listed,
    numbers,
    raised,
)


async def test_a_list_is_read_page_by_page(client: httpx.AsyncClient, key: str):
    everything = [await raised(client, key) for _ in range(5)]
    pages = [await listed(client, page=str(n), page_size="2") for n in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert [row["service_request_id"] for page in pages for row in page] == everything[::-1]


async def test_requests_are_filtered_by_their_last_change(client: httpx.AsyncClient, key: str, pool: Pool):
    still, changed_request = await raised(client, key), await raised(client, key)
    later = datetime.now(UTC) + timedelta(hours=1)
    await hear(pool, changed_request, ROUTED, at=later)
    between = (later - timedelta(minutes=1)).isoformat()
    assert await numbers(client, updated_after=between) == {changed_request}
    assert await numbers(client, updated_before=between) == {still}
    assert await numbers(client, updated_after=between, service_code="road-damage") == set()


async def test_a_closed_request_keeps_the_date_of_its_end(client: httpx.AsyncClient, key: str, pool: Pool):
    number = await raised(client, key)
    closed_at = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    await hear(pool, number, ROUTED, ACCEPTED, RESOLVED, at=closed_at)
    await hear(pool, number, f.DemandConfirmed(rating=5, solved=True), at=closed_at + timedelta(days=1))
    await hear(pool, number, f.DemandClosed(outcome=f.Outcome.CONFIRMED), at=closed_at + timedelta(days=2))
    (row,) = await listed(client, service_request_id=number)
    assert (row["status"], row["status_notes"]) == ("closed", "已归档 / Closed")
    assert datetime.fromisoformat(row["updated_datetime"]) == closed_at
    assert row["agency_responsible"] == "南海区教育局"
    assert row["expected_datetime"] == "2031-01-01T00:00:00Z"


async def test_a_reopened_request_is_open_again_with_a_new_date(client: httpx.AsyncClient, key: str, pool: Pool):
    number = await raised(client, key)
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    await hear(pool, number, ROUTED, ACCEPTED, RESOLVED, at=at)
    await hear(pool, number, f.DemandReopened(reason="still dark"), at=at + timedelta(days=1))
    (row,) = await listed(client, service_request_id=number)
    assert (row["status"], datetime.fromisoformat(row["updated_datetime"])) == ("open", at + timedelta(days=1))
    assert row["status_notes"].startswith("已重新打开")
    assert "still dark" not in str(row)


async def test_extensions_are_returned_only_on_request(client: httpx.AsyncClient, key: str, pool: Pool):
    number = await raised(client, key)
    await hear(pool, number, ROUTED, ACCEPTED, RESOLVED)
    assert not {"attributes", "extended_attributes", "notes"} & set((await listed(client))[0])
    (row,) = await listed(client, extensions="true")
    assert row["attributes"] == [{"code": "division", "value": PLACE}, {"code": "kind", "value": "help"}]
    assert row["extended_attributes"] == {"channel": "web", "detailed_status": "PROCESSED"}
    assert [note["type"] for note in row["notes"]] == ["routed", "accepted", "resolved"]
    assert row["notes"][-1]["description"] == row["status_notes"] == "已办结 / Done"
    query = HERE | {"extensions": "true"}
    (request,) = ET.fromstring((await client.get(f"{V2}/requests/{number}.xml", params=query)).text)
    assert len(request.findall("notes/note/datetime")) == 3
    assert request.findtext("extended_attributes/detailed_status") == "PROCESSED"


async def test_a_pack_that_publishes_texts_shows_the_public_text(open_reader: httpx.AsyncClient, key: str, pool: Pool):
    number = await raised(open_reader, key, lat="23.03", long="113.14")
    await hear(pool, number, ROUTED, ACCEPTED, RESOLVED)
    (row,) = await listed(open_reader, extensions="true")
    assert row["extended_attributes"]["title"] == row["description"] == "路灯不亮"
    assert (row["lat"], row["long"]) == (23.03, 113.14)
    assert (row["notes"][-1]["description"], row["status_notes"]) == ("灯已修好", "灯已修好")
    assert "Mr Zou" not in str(row)


async def test_a_token_is_the_id_of_a_demand(client: httpx.AsyncClient, key: str, pool: Pool):
    number = await raised(client, key)
    async with pool.acquire() as db:
        token = str(await db.fetchval("SELECT id FROM submission WHERE number = $1", number))
    body = (await client.get(f"{V2}/tokens/{token}.json", params=HERE)).json()
    assert body == [{"service_request_id": number, "token": token}]
    for unknown in ("x", str(uuid4()), "%00"):
        errors(await client.get(f"{V2}/tokens/{unknown}.xml", params=HERE), 404)
