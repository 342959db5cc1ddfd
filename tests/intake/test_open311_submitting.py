"""Open311: a request becomes a demand, and mistakes in its form are named."""

from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest

from services.intake.channels import keys
from shared.chassis.database.pool import Pool
from shared.contracts.demand.facts import ChannelKind
from tests.intake.open311_client import HERE, LAMP, PLACE, V2, errors, listed, post, raised


@pytest.mark.parametrize("parts", [False, True], ids=["urlencoded", "multipart"])
async def test_a_request_becomes_a_demand_and_gets_its_number(
    client: httpx.AsyncClient, open_reader: httpx.AsyncClient, key: str, parts: bool
):
    form = LAMP | {"api_key": key, "lat": "23.0301234", "long": "113.1412345", "attribute[kind]": "complaint"}
    arguments = {"files": {name: (None, value) for name, value in form.items()}} if parts else {"data": form}
    answer = await client.post(f"{V2}/requests.xml", **arguments)  # type: ignore[arg-type]
    assert answer.status_code == 201, answer.text
    request = ET.fromstring(answer.text).find("request")
    assert request is not None
    assert request.find("token") is None
    (row,) = await listed(open_reader, service_request_id=request.findtext("service_request_id", ""))
    assert (row["description"], row["lat"], row["long"]) == ("路灯不亮", 23.0301, 113.1412)
    followed = await client.get(f"/v1/demands/{row['service_request_id']}")
    assert (followed.json()["title"], followed.json()["category"]) == ("路灯不亮", "street-lighting")


async def test_a_receipt_has_strings_and_no_token(client: httpx.AsyncClient, key: str):
    (receipt,) = (await post(client, key)).json()
    assert set(receipt) == {"service_request_id", "service_notice"}
    assert isinstance(receipt["service_request_id"], str)


@pytest.mark.parametrize("api_key", ["", None, "wrong", "x" * 201])
async def test_a_request_without_the_right_key_is_forbidden(client: httpx.AsyncClient, api_key: str | None):
    refused = await post(client, "", api_key=api_key)
    assert "api_key" in errors(refused, 400 if api_key and len(api_key) > 200 else 403)


async def test_a_key_that_may_not_submit_is_forbidden(client: httpx.AsyncClient, pool: Pool):
    reader = await keys.add(pool, "reader", ChannelKind.PARTNER, "Reader", ("read-all",))
    errors(await post(client, reader), 403)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"service_code": None}, "service_code"),
        ({"service_code": ""}, "service_code"),
        ({"attribute[division]": None}, "attribute[division]"),
        ({"attribute[division]": "999"}, "attribute[division]"),
        ({"attribute[kind]": "wish"}, "attribute[kind]"),
        ({"lat": "23.03"}, "long: lat 与 long 应同时提供 / lat and long"),
        ({"long": "113.14"}, "lat: lat 与 long"),
        ({"lat": "north", "long": "1"}, "lat"),
        ({"lat": "nan", "long": "1"}, "lat: 应为有限的数字"),
        ({"lat": "1", "long": "-inf"}, "long: 应为有限的数字"),
        ({"lat": "1e999", "long": "1"}, "lat: 应为有限的数字"),
        ({"lat": "91", "long": "1"}, "lat"),
        ({"description": "x" * 4001}, "description: 最多 4000 个字符 / String should have at most 4000 characters"),
        ({"description": "a\u0000b"}, "description"),
        ({"phone": "1" * 33}, "phone"),
        ({"first_name": "\u0007"}, "first_name"),
        ({"media_url": "javascript:alert(1)"}, "media_url"),
        ({"jurisdiction_id": None}, "jurisdiction_id"),
    ],
)
async def test_a_mistake_in_a_form_is_named(client: httpx.AsyncClient, key: str, change: dict[str, Any], field: str):
    assert field in errors(await post(client, key, **change), 400)


async def test_all_mistakes_of_a_form_are_named(client: httpx.AsyncClient, key: str):
    refused = await post(client, key, service_code=None, lat="x", long="y")
    assert {error["description"].split(":")[0] for error in refused.json()} == {"service_code", "lat", "long"}
    assert refused.status_code == 400


async def test_a_service_or_jurisdiction_that_does_not_exist_is_not_found(client: httpx.AsyncClient, key: str):
    errors(await post(client, key, service_code="no-such"), 404)
    errors(await post(client, key, service_code="traffic"), 404)
    errors(await post(client, key, jurisdiction_id="atlantis"), 404)


async def test_a_division_may_be_given_as_address_id(client: httpx.AsyncClient, key: str):
    number = await raised(client, key, **{"attribute[division]": None, "address_id": PLACE})
    (row,) = await listed(client, service_request_id=number)
    assert row["address_id"] == PLACE
    assert row["address"].startswith("南海区 ")


async def test_a_request_without_a_description_has_the_name_of_its_service_as_title(
    client: httpx.AsyncClient, open_reader: httpx.AsyncClient, key: str
):
    (row,) = await listed(open_reader, service_request_id=await raised(client, key, description=None))
    assert row["description"] == "路灯照明"


async def test_a_long_description_is_stored_completely(
    client: httpx.AsyncClient, open_reader: httpx.AsyncClient, key: str
):
    text = "路灯不亮" * 100 + "\n第二段"
    (row,) = await listed(open_reader, service_request_id=await raised(client, key, description=text))
    assert row["description"] == text


async def test_the_same_idempotency_key_is_one_demand_and_without_a_key_each_request_is_new(
    client: httpx.AsyncClient, key: str
):
    form = LAMP | {"api_key": key, "media_url": "https://pictures.example/1.jpg"}
    answers = [
        await client.post(f"{V2}/requests.json", data=form, headers={"Idempotency-Key": "app-7"}) for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    answer = await client.post(
        f"{V2}/requests.json", data=form | {"description": "另一件"}, headers={"Idempotency-Key": "app-7"}
    )
    errors(answer, 400)
    assert await raised(client, key) != await raised(client, key)


async def test_a_media_url_becomes_one_note_and_never_part_of_the_text(client: httpx.AsyncClient, key: str, pool: Pool):
    form = LAMP | {"api_key": key, "media_url": "https://pictures.example/1.jpg"}
    for _ in range(2):
        await client.post(f"{V2}/requests.json", data=form, headers={"Idempotency-Key": "app-7"})
    async with pool.acquire() as db:
        rows = await db.fetch("SELECT type, payload FROM journal ORDER BY position")
    assert [row["type"] for row in rows] == ["demand.submitted.v1", "demand.supplemented.v1"]
    assert "pictures.example" in rows[1]["payload"]
    assert "pictures.example" not in rows[0]["payload"] + (await client.get(f"{V2}/requests.json", params=HERE)).text


@pytest.mark.parametrize("first", ["https://pictures.example/1.jpg", "https://pictures.example/13912345678.jpg"])
async def test_a_repeated_key_with_another_media_url_is_refused(client: httpx.AsyncClient, key: str, first: str):
    async def sent(url: str) -> httpx.Response:
        form = LAMP | {"api_key": key, "media_url": url}
        return await client.post(f"{V2}/requests.json", data=form, headers={"Idempotency-Key": "app-7"})

    assert [(await sent(first)).status_code for _ in range(2)] == [201, 201]
    assert "Idempotency-Key" in errors(await sent("https://pictures.example/13987654321.jpg"), 400)
