"""Open311: no response has personal data, and a confidential report shows only that it was raised."""

from datetime import timedelta
from xml.etree import ElementTree as ET

import httpx
import pytest

from services.intake.open311.statuses import CONFIDENTIAL
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Pool
from shared.contracts.demand import facts as f
from tests.intake.open311_client import (
    ACCEPTED,
    HERE,
    PLACE,
    REPORTED,
    RESOLVED,
    ROUTED,
    STAMP,
    V2,
    errors,
    hear,
    listed,
    numbers,
    raised,
)


async def test_personal_data_is_in_the_vault_and_in_no_response(
    client: httpx.AsyncClient, open_reader: httpx.AsyncClient, key: str, pool: Pool
):
    secret = {
        "first_name": "某某", "last_name": "邹", "email": "zou@example.cn", "phone": "13800138000",
        "address_string": "鹤峰村三巷九号", "description": "长" * 190 + "电话13912345678，车牌粤E12345",
    }  # fmt: skip
    number = await raised(client, key, **secret)
    contents = ""
    for path in ("requests.json", "requests.xml", f"requests/{number}.json", "servicerequestupdates.json"):
        query = HERE | ({"extensions": "true"} if "requests" in path else {})
        contents += (await open_reader.get(f"{V2}/{path}", params=query)).text
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM vault") == 2, "the contact and the wording before masking"
        for table in ("journal", "demand", "demand_listing", "demand_update", "update_received"):
            contents += "".join(str(dict(row)) for row in await db.fetch(f"SELECT * FROM {table}"))
    for word in (*list(secret.values())[2:5], "某某", "13912345678", "1391234", "粤E12345"):
        assert word not in contents
    assert "［手机号］" in contents


async def test_a_confidential_report_shows_only_its_number_and_that_it_was_raised(
    open_reader: httpx.AsyncClient, key: str, pool: Pool
):
    number = await raised(open_reader, key, **REPORTED)
    await hear(pool, number, ROUTED, ACCEPTED, RESOLVED)
    (row,) = await listed(open_reader, service_request_id=number, extensions="true")
    raised_at = row.pop("requested_datetime")
    assert STAMP.match(raised_at)
    assert row == {
        "service_request_id": number,
        "status": "closed",
        "status_notes": CONFIDENTIAL,
        "attributes": [{"code": "kind", "value": "report"}],
        "extended_attributes": {},
        "notes": [],
    }
    (request,) = ET.fromstring((await open_reader.get(f"{V2}/requests/{number}.xml", params=HERE)).text)
    assert {child.tag for child in request} == {
        "service_request_id", "status", "status_notes", "requested_datetime",
    }  # fmt: skip
    assert (await open_reader.get(f"{V2}/servicerequestupdates.json", params=HERE)).json() == []


# A day to both sides, since the tests may run over a midnight.
YESTERDAY, TOMORROW = (f"{now() + timedelta(days=days):%Y-%m-%d}" for days in (-1, 1))
REVEALING = [
    {"service_code": "street-lighting"}, {"status": "open"}, {"status": "closed"}, {"updated_after": YESTERDAY},
    {"updated_before": TOMORROW}, {"updated_after": YESTERDAY, "start_date": YESTERDAY},
]  # fmt: skip


@pytest.mark.parametrize("query", REVEALING, ids=lambda asked: "+".join(asked))
async def test_no_filter_reveals_hidden_fields_of_a_confidential_report(
    client: httpx.AsyncClient, key: str, pool: Pool, query: dict[str, str]
):
    still, done, other = [await raised(client, key, **change) for change in (REPORTED, REPORTED, {})]
    await hear(pool, done, ROUTED, ACCEPTED, RESOLVED)
    found_numbers = await numbers(client, **query)
    assert found_numbers == ({other} if query.get("status") != "closed" else set())
    assert await numbers(client) == {still, done, other}, "listed where nothing but the date is asked for"


async def test_a_category_that_the_pack_hides_cannot_be_filtered(closed_reader: httpx.AsyncClient):
    refused = await closed_reader.get(f"{V2}/requests.xml", params=HERE | {"service_code": "street-lighting"})
    assert "service_code" in errors(refused, 400)


@pytest.mark.parametrize(
    ("may_publish", "facts", "shown"),
    [
        (False, [], False),
        (False, [f.PublicationAllowed()], True),
        (False, [f.PublicationAllowed(), f.PublicationRefused()], False),
        (None, [], True),
        (True, [f.PublicationRefused()], False),
    ],
    ids=["no", "no, yes", "no, yes, no", "not asked", "yes, no"],
)
async def test_no_route_shows_the_text_of_a_citizen_who_refused_publication(
    open_reader: httpx.AsyncClient, pool: Pool, may_publish: bool | None, facts: list[f.Fact], shown: bool
):
    body = {"title": "门口水浸", "text": "一落雨就浸", "division": PLACE, "may_publish": may_publish}
    answer = await open_reader.post("/v1/demands", json=body, headers={"Idempotency-Key": "1"})
    number = answer.json()["number"]
    await hear(pool, number, *facts, ROUTED, ACCEPTED, RESOLVED)
    more = HERE | {"extensions": "true"}
    for path, query, words in (
        (f"{V2}/requests.json", more, ["门口水浸", "一落雨就浸", "灯已修好"]),
        (f"{V2}/requests/{number}.json", more, ["门口水浸", "一落雨就浸", "灯已修好"]),
        (f"{V2}/servicerequestupdates.json", HERE, ["灯已修好"]),
        (f"{V2}/servicerequestupdates.json", HERE | {"service_request_id": number}, ["灯已修好"]),
    ):
        page_text = (await open_reader.get(path, params=query)).text
        assert number in page_text
        assert [word for word in words if word in page_text] == (words if shown else []), path
