"""Open311: requests are read one by one, by their numbers and as a list."""

from xml.etree import ElementTree as ET

import httpx
import pytest

from shared.chassis.database.pool import Pool
from shared.contracts.demand import facts as f
from tests.intake.open311_client import (
    ACCEPTED,
    HERE,
    RESOLVED,
    ROUTED,
    SHAPE,
    STAMP,
    V2,
    errors,
    hear,
    listed,
    numbers,
    raised,
)
from tests.intake.test_api import GOOD


async def test_a_listed_request_has_its_known_and_public_fields(client: httpx.AsyncClient, key: str):
    await raised(client, key, lat="23.03", long="113.14")
    (row,) = await listed(client)
    assert list(row) == list(SHAPE)
    assert all(isinstance(row[name], kind) for name, kind in SHAPE.items()), row
    assert row["status"] == "open"
    assert STAMP.match(row["requested_datetime"])
    assert STAMP.match(row["updated_datetime"])
    (request,) = ET.fromstring((await client.get(f"{V2}/requests.xml", params=HERE)).text)
    assert [child.tag for child in request] == list(SHAPE)


async def test_unknown_fields_are_left_out_of_every_document(client: httpx.AsyncClient, pool: Pool):
    answer = await client.post("/v1/demands", json=GOOD | {"category": None}, headers={"Idempotency-Key": "n"})
    number = answer.json()["number"]
    await hear(pool, number, f.DemandTriaged(reason="no category"))
    for path in ("requests", f"requests/{number}", "services", "services/road-damage", "servicerequestupdates"):
        query = HERE | ({"extensions": "true"} if path.startswith("requests") else {})
        document = (await client.get(f"{V2}/{path}.json", params=query)).text
        assert number in document or "service" in path
        assert "null" not in document, path
        root = ET.fromstring((await client.get(f"{V2}/{path}.xml", params=query)).text)
        empty_elements = [e.tag for e in root.iter() if not len(e) and not (e.text or "").strip()]
        assert set(empty_elements) <= {"notes"}, path
    (row,) = await listed(client, service_request_id=number)
    assert not {"service_code", "service_name"} & set(row)


async def test_a_single_request_is_still_a_list(client: httpx.AsyncClient, key: str):
    number = await raised(client, key)
    careless = number.lower().replace("-", "")
    body = (await client.get(f"{V2}/requests/{careless}.json", params=HERE)).json()
    assert [row["service_request_id"] for row in body] == [number]
    errors(await client.get(f"{V2}/requests/{number}.json", params={"jurisdiction_id": "losangeles"}), 404)


@pytest.mark.parametrize("number", ["NH26-000099-X", "1", "%00", "..", "路", "x" * 60])
async def test_a_request_that_does_not_exist_is_not_found(client: httpx.AsyncClient, number: str):
    errors(await client.get(f"{V2}/requests/{number}.xml", params=HERE), 404)


async def test_a_list_of_numbers_overrides_other_filters(client: httpx.AsyncClient, key: str):
    one, two, _ = [await raised(client, key) for _ in range(3)]
    ignored = {"status": "closed", "start_date": "nonsense", "service_code": "no-such", "page_size": "0"}
    assert await numbers(client, service_request_id=f"{one}, {two},nothing", **ignored) == {one, two}


@pytest.mark.parametrize("empty_elements", [",", " , ,"])
async def test_a_list_of_no_numbers_overrides_nothing(
    client: httpx.AsyncClient, key: str, pool: Pool, empty_elements: str
):
    still, done = await raised(client, key), await raised(client, key)
    await hear(pool, done, ROUTED, ACCEPTED, RESOLVED)
    assert await numbers(client, service_request_id=empty_elements, status="open") == {still}


async def test_a_list_may_be_repeated_and_nothing_else(client: httpx.AsyncClient, key: str, pool: Pool):
    codes = ("street-lighting", "road-damage", "street-lighting")
    one, two, done = [await raised(client, key, service_code=code) for code in codes]
    await hear(pool, done, ROUTED, ACCEPTED, RESOLVED)

    async def numbers_of(*query: tuple[str, str]) -> set[str]:
        answer = await client.get(f"{V2}/requests.json", params=[*HERE.items(), *query])
        assert answer.status_code == 200, answer.text
        return {row["service_request_id"] for row in answer.json()}

    assert await numbers_of(("status", "open"), ("status", "closed")) == {one, two, done}
    assert await numbers_of(("service_request_id", one), ("service_request_id", f"{two},x")) == {one, two}
    assert done in await numbers_of(("service_code", "street-lighting"), ("service_code", "road-damage"), ("page", "1"))
    assert await numbers_of(("status", "closed"), ("status", "")) == {done}
    for path, name, values in (
        ("requests.xml", "page", "12"),
        ("servicerequestupdates.json", "page_size", "12"),
        (f"requests/{one}.xml", "extensions", ("true", "false")),
        ("services.json", "jurisdiction_id", ("", "losangeles")),
    ):
        query = [*HERE.items(), *((name, value) for value in values)]
        assert f"{name}: 只能给出一次 / may be given once" in errors(
            await client.get(f"{V2}/{path}", params=query), 400
        )
