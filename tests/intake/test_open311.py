"""Other cities' apps speak Open311 with intake: the rules O-01 to O-17, the extensions, and no person in any answer."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import httpx
import pytest

from services.intake import app
from services.intake.channels import keys
from services.intake.open311 import queries
from services.intake.open311.dates import SPAN, Window
from services.intake.open311.forms import NewRequest, NewUpdate
from services.intake.open311.query_params import AskedRequests
from services.intake.open311.statuses import CONFIDENTIAL, SAID, georeport
from services.intake.settings import IntakeSettings
from services.intake.tracking.projection import is_open
from shared.chassis.database.pool import Pool
from shared.chassis.http.app import web_app
from shared.contracts.demand import facts as f
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.demand.state import Status
from shared.contracts.demand.tellers import TOLD_BY
from shared.contracts.envelope import Envelope
from tests.intake.conftest import settings
from tests.intake.test_api import GOOD
from tests.intake.test_attachments import picture
from tests.intake.test_notes import notes, opened, stands_at
from tests.keys import KEYS
from tests.packs import nanhai, shipped

V2 = "/open311/v2"
HERE = {"jurisdiction_id": "nanhai"}
PLACE = "440605126222"
LAMP = {"service_code": "street-lighting", "attribute[division]": PLACE, "description": "路灯不亮", **HERE}
STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
SHAPE: dict[str, type] = {
    "service_request_id": str,
    "status": str,
    "status_notes": str,
    "service_name": str,
    "service_code": str,
    "requested_datetime": str,
    "updated_datetime": str,
    "address": str,
    "address_id": str,
}
"""What is known of a request in Nanhai before it is routed, and shown before it is released."""


async def post(client: httpx.AsyncClient, key: str, **change: str | None) -> httpx.Response:
    form = {name: value for name, value in ({"api_key": key} | LAMP | change).items() if value is not None}
    return await client.post(f"{V2}/requests.json", data=form)


async def raised(client: httpx.AsyncClient, key: str, **change: str | None) -> str:
    answer = await post(client, key, **change)
    assert answer.status_code == 201, answer.text
    return str(answer.json()[0]["service_request_id"])


async def listed(client: httpx.AsyncClient, **asked: str) -> list[dict[str, Any]]:
    answer = await client.get(f"{V2}/requests.json", params=HERE | asked)
    assert answer.status_code == 200, answer.text
    return list(answer.json())


async def numbers(client: httpx.AsyncClient, **asked: str) -> set[str]:
    return {row["service_request_id"] for row in await listed(client, **asked)}


def errors(answer: httpx.Response, status: int) -> str:
    """What a refusal says, when it has the form that GeoReport prescribes."""
    assert answer.status_code == status, answer.text
    if answer.headers["content-type"] == "text/xml; charset=utf-8":
        root = ET.fromstring(answer.text)
        assert root.tag == "errors"
        assert all([child.tag for child in error] == ["code", "description"] for error in root)
        told = [error.findtext("description", "") for error in root]
    else:
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert all(set(error) == {"code", "description"} for error in answer.json())
        told = [error["description"] for error in answer.json()]
    assert told
    assert all(any("\u4e00" <= character <= "\u9fff" for character in line) for line in told), told
    return "\n".join(told)


async def hear(pool: Pool, number: str, *facts: f.StatusFact, at: datetime | None = None) -> None:
    """Routing and feedback told these facts of a demand, and intake's worker heard them."""
    at = at or datetime.now(UTC)
    async with pool.acquire() as db, db.transaction():
        key: UUID = await db.fetchval("SELECT id FROM submission WHERE number = $1", number)
        repository = app.demand_repository(shipped())
        page = await repository.load(db, [key], at)
        for fact in facts:
            page.apply(
                Envelope(
                    id=uuid4(), stream="demand", key=key, type=fact.wire_type(),
                    source=f"/services/{min(TOLD_BY[type(fact)])}",
                    subject=number, time=at, sequence=page.state(key).version + 1, causation=None, correlation=None,
                    traceparent=None, imported=False, data=fact.model_dump_json(),
                )
            )  # fmt: skip
        await repository.save(db, page)


ROUTED = f.DemandRouted(unit="nh-education", rule="r", due_at=datetime(2031, 1, 1, tzinfo=UTC))
ACCEPTED = f.DemandAccepted(by="Chen")
RESOLVED = f.DemandResolved(by="Chen", result="called Mr Zou", summary="灯已修好")


# --- discovery and services -------------------------------------------------------------------------------------


async def test_a_client_discovers_the_server_without_a_key(client: httpx.AsyncClient):
    told = (await client.get("/open311/discovery.json")).json()
    assert set(told) == {"changeset", "contact", "key_service", "endpoints"}
    (endpoint,) = told["endpoints"]
    assert set(endpoint) == {"specification", "url", "changeset", "type", "formats"}
    assert endpoint["formats"] == ["text/xml", "application/json"]
    root = ET.fromstring((await client.get("/open311/discovery.xml")).text)
    assert [one.text for one in root.findall("endpoints/endpoint/formats/format")] == endpoint["formats"]


async def test_discovery_names_the_test_server_beside_the_production(database: str, pool: Pool):
    for type, other in (("production", "test"), ("test", "production")):
        told = {
            "public_url": f"https://{type}.example",
            "open311_type": type,
            "open311_other_url": f"https://{other}.example/",
        }
        served = web_app("intake", app.api(settings(database).model_copy(update=told), pool).routers)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://intake") as reader:
            found = (await reader.get("/open311/discovery.json")).json()["endpoints"]
            root = ET.fromstring((await reader.get("/open311/discovery.xml")).text)
        expected = [(kind, f"https://{kind}.example/open311/v2") for kind in ("production", "test")]
        assert [(one["type"], one["url"]) for one in found] == expected
        places = root.findall("endpoints/endpoint")
        assert [(one.findtext("type"), one.findtext("url")) for one in places] == expected


async def test_a_format_is_chosen_by_the_suffix_alone(client: httpx.AsyncClient):
    xml = await client.get(f"{V2}/services.xml", params=HERE, headers={"Accept": "application/json"})
    json = await client.get(f"{V2}/services.json", params=HERE, headers={"Accept": "text/xml"})
    assert xml.headers["content-type"] == "text/xml; charset=utf-8"
    assert xml.text.startswith('<?xml version="1.0" encoding="utf-8"?>')
    assert json.headers["content-type"] == "application/json; charset=utf-8"
    errors(await client.get(f"{V2}/services.csv", params=HERE), 404)


async def test_a_service_is_a_leaf_category_of_the_jurisdiction(client: httpx.AsyncClient):
    told = (await client.get(f"{V2}/services.json", params=HERE)).json()
    assert [row["service_code"] for row in told] == [leaf.code for leaf in nanhai().leaf_categories]
    lamp = next(row for row in told if row["service_code"] == "street-lighting")
    assert (lamp["service_name"], lamp["group"], lamp["metadata"]) == ("路灯照明", "道路交通", True)
    la = (await client.get(f"{V2}/services.json", params={"jurisdiction_id": "losangeles"})).json()
    assert "Bulky Items" in {row["service_name"] for row in la}


async def test_a_service_says_what_a_submission_may_carry(client: httpx.AsyncClient):
    told = (await client.get(f"{V2}/services/street-lighting.json", params=HERE)).json()
    division, kind = told["attributes"]
    assert (told["service_code"], division["code"], division["required"]) == ("street-lighting", "division", False)
    assert PLACE in {value["key"] for value in division["values"]}
    assert (kind["code"], kind["required"]) == ("kind", False)
    root = ET.fromstring((await client.get(f"{V2}/services/street-lighting.xml", params=HERE)).text)
    assert [one.text for one in root.findall("attributes/attribute/order")] == ["1", "2"]
    assert root.find("attributes/attribute/datatype_description") is None


@pytest.mark.parametrize("code", ["traffic", "no-such", "%00", "a/b", "街"])
async def test_a_service_that_does_not_exist_is_not_found(client: httpx.AsyncClient, code: str):
    errors(await client.get(f"{V2}/services/{code}.json", params=HERE), 404)


async def test_a_jurisdiction_must_be_named_where_several_are_served(client: httpx.AsyncClient):
    for path in ("services.xml", "services/street-lighting.json", "requests.json", "servicerequestupdates.xml"):
        assert "jurisdiction_id" in errors(await client.get(f"{V2}/{path}"), 400)
        errors(await client.get(f"{V2}/{path}", params={"jurisdiction_id": "atlantis"}), 404)


async def test_a_jurisdiction_need_not_be_named_where_one_is_served(database: str, pool: Pool):
    alone = IntakeSettings.model_validate(KEYS | {"DATABASE_URL": database, "jurisdictions": "nanhai"})
    served = web_app("intake", app.api(alone, pool).routers)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://intake") as client:
        for asked in ({}, {"jurisdiction_id": ""}, {"jurisdiction_id": "atlantis"}):
            assert (await client.get(f"{V2}/services.json", params=asked)).status_code == 200


# --- submitting -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parts", [False, True], ids=["urlencoded", "multipart"])
async def test_a_request_becomes_a_demand_and_gets_its_number(
    client: httpx.AsyncClient, wordy: httpx.AsyncClient, key: str, parts: bool
):
    form = LAMP | {"api_key": key, "lat": "23.0301234", "long": "113.1412345", "attribute[kind]": "complaint"}
    sent = {"files": {name: (None, value) for name, value in form.items()}} if parts else {"data": form}
    answer = await client.post(f"{V2}/requests.xml", **sent)  # type: ignore[arg-type]
    assert answer.status_code == 201, answer.text
    request = ET.fromstring(answer.text).find("request")
    assert request is not None
    assert request.find("token") is None
    (row,) = await listed(wordy, service_request_id=request.findtext("service_request_id", ""))
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
    ("change", "named"),
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
async def test_a_mistake_in_a_form_is_named(client: httpx.AsyncClient, key: str, change: dict[str, Any], named: str):
    assert named in errors(await post(client, key, **change), 400)


async def test_a_form_with_several_mistakes_is_told_all_of_them(client: httpx.AsyncClient, key: str):
    refused = await post(client, key, service_code=None, lat="x", long="y")
    assert {error["description"].split(":")[0] for error in refused.json()} == {"service_code", "lat", "long"}
    assert refused.status_code == 400


async def test_a_service_or_jurisdiction_that_does_not_exist_is_not_found(client: httpx.AsyncClient, key: str):
    errors(await post(client, key, service_code="no-such"), 404)
    errors(await post(client, key, service_code="traffic"), 404)
    errors(await post(client, key, jurisdiction_id="atlantis"), 404)


async def test_a_division_may_come_as_address_id(client: httpx.AsyncClient, key: str):
    number = await raised(client, key, **{"attribute[division]": None, "address_id": PLACE})
    (row,) = await listed(client, service_request_id=number)
    assert row["address_id"] == PLACE
    assert row["address"].startswith("南海区 ")


async def test_a_request_without_a_description_is_called_by_its_service(
    client: httpx.AsyncClient, wordy: httpx.AsyncClient, key: str
):
    (row,) = await listed(wordy, service_request_id=await raised(client, key, description=None))
    assert row["description"] == "路灯照明"


async def test_a_long_description_loses_nothing(client: httpx.AsyncClient, wordy: httpx.AsyncClient, key: str):
    text = "路灯不亮" * 100 + "\n第二段"
    (row,) = await listed(wordy, service_request_id=await raised(client, key, description=text))
    assert row["description"] == text


async def test_the_same_idempotency_key_is_one_demand_and_none_is_a_new_one(client: httpx.AsyncClient, key: str):
    form = LAMP | {"api_key": key, "media_url": "https://pictures.example/1.jpg"}
    same = [await client.post(f"{V2}/requests.json", data=form, headers={"Idempotency-Key": "app-7"}) for _ in range(2)]
    assert same[0].json() == same[1].json()
    other = await client.post(
        f"{V2}/requests.json", data=form | {"description": "另一件"}, headers={"Idempotency-Key": "app-7"}
    )
    errors(other, 400)
    assert await raised(client, key) != await raised(client, key)


async def test_a_media_url_becomes_one_note_and_never_part_of_the_text(client: httpx.AsyncClient, key: str, pool: Pool):
    form = LAMP | {"api_key": key, "media_url": "https://pictures.example/1.jpg"}
    for _ in range(2):
        await client.post(f"{V2}/requests.json", data=form, headers={"Idempotency-Key": "app-7"})
    async with pool.acquire() as db:
        told = await db.fetch("SELECT type, payload FROM journal ORDER BY position")
    assert [row["type"] for row in told] == ["demand.submitted.v1", "demand.supplemented.v1"]
    assert "pictures.example" in told[1]["payload"]
    assert "pictures.example" not in told[0]["payload"] + (await client.get(f"{V2}/requests.json", params=HERE)).text


@pytest.mark.parametrize("first", ["https://pictures.example/1.jpg", "https://pictures.example/13912345678.jpg"])
async def test_a_repeated_key_with_another_media_url_is_refused(client: httpx.AsyncClient, key: str, first: str):
    async def sent(url: str) -> httpx.Response:
        form = LAMP | {"api_key": key, "media_url": url}
        return await client.post(f"{V2}/requests.json", data=form, headers={"Idempotency-Key": "app-7"})

    assert [(await sent(first)).status_code for _ in range(2)] == [201, 201]
    assert "Idempotency-Key" in errors(await sent("https://pictures.example/13987654321.jpg"), 400)


async def test_personal_data_is_in_the_vault_and_in_no_answer(
    client: httpx.AsyncClient, wordy: httpx.AsyncClient, key: str, pool: Pool
):
    secret = {
        "first_name": "某某", "last_name": "邹", "email": "zou@example.cn", "phone": "13800138000",
        "address_string": "鹤峰村三巷九号", "description": "长" * 190 + "电话13912345678，车牌粤E12345",
    }  # fmt: skip
    number = await raised(client, key, **secret)
    seen = ""
    for path in ("requests.json", "requests.xml", f"requests/{number}.json", "servicerequestupdates.json"):
        asked = HERE | ({"extensions": "true"} if "requests" in path else {})
        seen += (await wordy.get(f"{V2}/{path}", params=asked)).text
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM vault") == 2, "the contact and the wording before masking"
        for table in ("journal", "demand", "demand_listing", "demand_update", "update_received"):
            seen += "".join(str(dict(row)) for row in await db.fetch(f"SELECT * FROM {table}"))
    for word in (*list(secret.values())[2:5], "某某", "13912345678", "1391234", "粤E12345"):
        assert word not in seen
    assert "［手机号］" in seen


REPORTED = {"attribute[kind]": "report", "description": "某厂偷排", "lat": "23.03", "long": "113.14"}


async def test_a_report_says_by_its_number_that_it_was_raised_and_no_more(
    wordy: httpx.AsyncClient, key: str, pool: Pool
):
    number = await raised(wordy, key, **REPORTED)
    await hear(pool, number, ROUTED, ACCEPTED, RESOLVED)
    (row,) = await listed(wordy, service_request_id=number, extensions="true")
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
    (request,) = ET.fromstring((await wordy.get(f"{V2}/requests/{number}.xml", params=HERE)).text)
    assert {child.tag for child in request} == {
        "service_request_id", "status", "status_notes", "requested_datetime",
    }  # fmt: skip
    assert (await wordy.get(f"{V2}/servicerequestupdates.json", params=HERE)).json() == []


TODAY = datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d")
REVEALING = [
    {"service_code": "street-lighting"}, {"status": "open"}, {"status": "closed"}, {"updated_after": TODAY},
    {"updated_before": TODAY}, {"updated_after": TODAY, "start_date": TODAY},
]  # fmt: skip


@pytest.mark.parametrize("asked", REVEALING, ids=lambda asked: "+".join(asked))
async def test_no_filter_tells_what_a_report_hides(
    client: httpx.AsyncClient, key: str, pool: Pool, asked: dict[str, str]
):
    still, done, other = [await raised(client, key, **change) for change in (REPORTED, REPORTED, {})]
    await hear(pool, done, ROUTED, ACCEPTED, RESOLVED)
    found = await numbers(client, **asked)
    assert found == ({other} if asked.get("status") != "closed" else set())
    assert await numbers(client) == {still, done, other}, "listed where nothing but the date is asked for"


async def test_a_category_that_the_pack_does_not_show_is_no_filter(silent: httpx.AsyncClient):
    refused = await silent.get(f"{V2}/requests.xml", params=HERE | {"service_code": "street-lighting"})
    assert "service_code" in errors(refused, 400)


# --- reading ----------------------------------------------------------------------------------------------------


async def test_a_listed_request_has_the_fields_that_are_known_and_shown(client: httpx.AsyncClient, key: str):
    await raised(client, key, lat="23.03", long="113.14")
    (row,) = await listed(client)
    assert list(row) == list(SHAPE)
    assert all(isinstance(row[name], kind) for name, kind in SHAPE.items()), row
    assert row["status"] == "open"
    assert STAMP.match(row["requested_datetime"])
    assert STAMP.match(row["updated_datetime"])
    (request,) = ET.fromstring((await client.get(f"{V2}/requests.xml", params=HERE)).text)
    assert [child.tag for child in request] == list(SHAPE)


async def test_what_is_unknown_is_left_out_of_every_document(client: httpx.AsyncClient, pool: Pool):
    answer = await client.post("/v1/demands", json=GOOD | {"category": None}, headers={"Idempotency-Key": "n"})
    number = answer.json()["number"]
    await hear(pool, number, f.DemandTriaged(reason="no category"))
    for path in ("requests", f"requests/{number}", "services", "services/road-damage", "servicerequestupdates"):
        asked = HERE | ({"extensions": "true"} if path.startswith("requests") else {})
        told = (await client.get(f"{V2}/{path}.json", params=asked)).text
        assert number in told or "service" in path
        assert "null" not in told, path
        root = ET.fromstring((await client.get(f"{V2}/{path}.xml", params=asked)).text)
        empty = [e.tag for e in root.iter() if not len(e) and not (e.text or "").strip()]
        assert set(empty) <= {"notes"}, path
    (row,) = await listed(client, service_request_id=number)
    assert not {"service_code", "service_name"} & set(row)


async def test_a_single_request_is_still_a_list(client: httpx.AsyncClient, key: str):
    number = await raised(client, key)
    careless = number.lower().replace("-", "")
    told = (await client.get(f"{V2}/requests/{careless}.json", params=HERE)).json()
    assert [row["service_request_id"] for row in told] == [number]
    errors(await client.get(f"{V2}/requests/{number}.json", params={"jurisdiction_id": "losangeles"}), 404)


@pytest.mark.parametrize("number", ["NH26-000099-X", "1", "%00", "..", "路", "x" * 60])
async def test_a_request_that_does_not_exist_is_not_found(client: httpx.AsyncClient, number: str):
    errors(await client.get(f"{V2}/requests/{number}.xml", params=HERE), 404)


async def test_a_list_of_numbers_overrides_everything_else(client: httpx.AsyncClient, key: str):
    one, two, _ = [await raised(client, key) for _ in range(3)]
    wrong = {"status": "closed", "start_date": "nonsense", "service_code": "no-such", "page_size": "0"}
    assert await numbers(client, service_request_id=f"{one}, {two},nothing", **wrong) == {one, two}


@pytest.mark.parametrize("empty", [",", " , ,"])
async def test_a_list_of_no_numbers_overrides_nothing(client: httpx.AsyncClient, key: str, pool: Pool, empty: str):
    still, done = await raised(client, key), await raised(client, key)
    await hear(pool, done, ROUTED, ACCEPTED, RESOLVED)
    assert await numbers(client, service_request_id=empty, status="open") == {still}


async def test_a_list_may_be_repeated_and_nothing_else(client: httpx.AsyncClient, key: str, pool: Pool):
    codes = ("street-lighting", "road-damage", "street-lighting")
    one, two, done = [await raised(client, key, service_code=code) for code in codes]
    await hear(pool, done, ROUTED, ACCEPTED, RESOLVED)

    async def found(*asked: tuple[str, str]) -> set[str]:
        answer = await client.get(f"{V2}/requests.json", params=[*HERE.items(), *asked])
        assert answer.status_code == 200, answer.text
        return {row["service_request_id"] for row in answer.json()}

    assert await found(("status", "open"), ("status", "closed")) == {one, two, done}
    assert await found(("service_request_id", one), ("service_request_id", f"{two},x")) == {one, two}
    assert done in await found(("service_code", "street-lighting"), ("service_code", "road-damage"), ("page", "1"))
    assert await found(("status", "closed"), ("status", "")) == {done}
    for path, name, values in (
        ("requests.xml", "page", "12"),
        ("servicerequestupdates.json", "page_size", "12"),
        (f"requests/{one}.xml", "extensions", ("true", "false")),
        ("services.json", "jurisdiction_id", ("", "losangeles")),
    ):
        asked = [*HERE.items(), *((name, value) for value in values)]
        assert f"{name}: 只能给出一次 / may be given once" in errors(
            await client.get(f"{V2}/{path}", params=asked), 400
        )


async def test_requests_are_filtered_by_service_and_status(client: httpx.AsyncClient, key: str, pool: Pool):
    lamp, road = await raised(client, key), await raised(client, key, service_code="road-damage")
    await hear(pool, road, ROUTED, ACCEPTED, RESOLVED)
    assert await numbers(client, service_code="road-damage") == {road}
    assert await numbers(client, service_code="road-damage,street-lighting") == {lamp, road}
    assert await numbers(client, status="open") == {lamp}
    assert await numbers(client, status="closed") == {road}
    assert await numbers(client, status="open,closed") == {lamp, road}
    assert await numbers(client, status="", service_code="", start_date="", end_date="", page="", extensions="") == {
        lamp, road,
    }  # fmt: skip
    errors(await client.get(f"{V2}/requests.json", params=HERE | {"service_code": "no-such"}), 404)


async def test_a_corrected_category_is_another_service(client: httpx.AsyncClient, key: str, pool: Pool):
    number = await raised(client, key)
    await hear(pool, number, ROUTED, f.DemandReclassified(category="road-damage", by="Li", reason="x"))
    (row,) = await listed(client, service_code="road-damage")
    assert (row["service_request_id"], row["service_code"]) == (number, "road-damage")
    assert await listed(client, service_code="street-lighting") == []


async def test_a_window_is_ninety_days_long_at_most(client: httpx.AsyncClient, key: str, pool: Pool):
    old, new = await raised(client, key), await raised(client, key)
    async with pool.acquire() as db:
        await db.execute(
            "UPDATE demand_listing SET submitted_at = $2 WHERE number = $1", old, datetime(2021, 5, 10, 2, tzinfo=UTC)
        )
    assert await numbers(client) == {new}
    assert await numbers(client, start_date="2021-05-01T00:00:00Z") == {old}
    assert await numbers(client, end_date="2021-05-10T10:00:00+08:00") == {old}
    assert await numbers(client, start_date="2021-05-10T10:00:01+08:00", end_date="2021-06-01T00:00:00Z") == set()
    whole = {"start_date": "2021-05-10T02:00:00Z", "end_date": "2021-08-08T02:00:00Z"}
    assert await numbers(client, **whole) == {old}
    for path in ("requests.json", "servicerequestupdates.json"):
        too_long = HERE | whole | {"end_date": "2021-08-08T02:00:01Z"}
        assert "90" in errors(await client.get(f"{V2}/{path}", params=too_long), 400)


@pytest.mark.parametrize(
    ("place", "morning", "midnight"),
    [("nanhai", "2021-05-09T16:00:00+00:00", "2021-05-10T15:59:59.999+00:00"),
     ("losangeles", "2021-05-10T07:00:00+00:00", "2021-05-11T06:59:59.999+00:00")],
)  # fmt: skip
async def test_a_date_without_a_time_is_a_day_of_the_jurisdiction(
    client: httpx.AsyncClient, key: str, pool: Pool, place: str, morning: str, midnight: str
):
    there = {"service_code": "bulky-items", "attribute[division]": "la"} if place == "losangeles" else {}
    form = {"jurisdiction_id": place} | there
    first, last, before, after = [await raised(client, key, **form) for _ in range(4)]
    at = {first: datetime.fromisoformat(morning), last: datetime.fromisoformat(midnight)}
    at |= {before: at[first] - timedelta(seconds=1), after: at[last] + timedelta(seconds=1)}
    async with pool.acquire() as db:
        for number, moment in at.items():
            await db.execute(
                "UPDATE demand_listing SET submitted_at = $2, updated_at = $2 WHERE number = $1", number, moment
            )
    for asked in (("start_date", "end_date"), ("updated_after", "updated_before")):
        day = dict.fromkeys(asked, "2021-05-10")
        assert await numbers(client, jurisdiction_id=place, **day) == {first, last}
    assert await numbers(client, jurisdiction_id=place, start_date="2021-05-10") == {first, last, after}
    assert await numbers(client, jurisdiction_id=place, end_date="2021-05-10") == {first, last, before}
    long = {"start_date": "2021-02-09", "end_date": "2021-05-10"}  # 90 days by the calendar, across a change of clocks
    assert await numbers(client, jurisdiction_id=place, **long) == {first, last, before}


async def test_a_plus_that_a_client_forgot_to_escape_is_understood(client: httpx.AsyncClient):
    answer = await client.get(f"{V2}/requests.json?jurisdiction_id=nanhai&start_date=2021-05-01T00:00:00+08:00")
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("path", ["services.xml", "services/street-lighting.json", "requests.xml", "requests/x.json",
                                  "tokens/x.xml", "servicerequestupdates.json"])  # fmt: skip
async def test_an_argument_that_is_not_known_is_named_with_those_that_are(client: httpx.AsyncClient, path: str):
    for name in ("lat", "radius", "Status", "agency_responsible", "x" * 300):
        told = errors(await client.get(f"{V2}/{path}", params=HERE | {name: "1"}), 400)
        assert f"{name[:64]}: 没有此参数，可用：" in told
        assert "jurisdiction_id" in told
    many = errors(await client.get(f"{V2}/{path}", params=HERE | {f"q{n}": "1" for n in range(500)}), 400)
    assert len(many) < 3000


async def test_what_real_clients_send_everywhere_is_no_mistake(client: httpx.AsyncClient, key: str):
    number = await raised(client, key)
    for path in ("services.xml", "services/street-lighting.json", "requests.xml", f"requests/{number}.json",
                 "servicerequestupdates.json"):  # fmt: skip
        asked = HERE | {"api_key": key, "locale": "zh", "unheard_of": ""}
        assert (await client.get(f"{V2}/{path}", params=asked)).status_code == 200


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"start_date": "yesterday"}, "start_date"),
        ({"start_date": "20261101"}, "start_date"),
        ({"start_date": "2021-05-01T00:00:00"}, "start_date"),
        ({"start_date": "0001-01-01T00:00:00+14:00"}, "start_date"),
        ({"end_date": "9999-12-31T23:59:59-14:00"}, "end_date"),
        ({"end_date": "0001-01-01T00:00:00Z"}, "end_date"),
        ({"start_date": "2021-05-02T00:00:00Z", "end_date": "2021-05-01T00:00:00Z"}, "end_date"),
        ({"start_date": "2021-05-01 00:00:00"}, "start_date: 应为日期（如 2026-11-01）"),
        ({"start_date": "2021-02-30"}, "start_date"),
        ({"end_date": "9999-12-31"}, "end_date: 应在 1970 年至 2200 年之间"),
        ({"updated_before": "0001-01-01"}, "updated_before: 应在 1970 年至 2200 年之间"),
        ({"updated_after": "9999-12-31"}, "updated_after: 应在 1970 年至 2200 年之间"),
        ({"start_date": "2021-05-01", "end_date": "2021-07-31"}, "end_date: 时间跨度不得超过 90 天"),
        ({"status": "pending"}, "status"),
        ({"status": "Open"}, "open, closed or both, in lower case (open,closed)"),
        ({"status": "open,CLOSED"}, "只能是 open 或 closed（小写）"),
        ({"page": "0"}, "page"),
        ({"page": "9" * 40}, "page"),
        ({"page_size": "1001"}, "page_size"),
        ({"updated_after": "\u0000"}, "updated_after"),
        ({"updated_after": "2021-05-02T00:00:00Z"}, "updated_after"),
        ({"updated_after": "2021-05-02T00:00:00Z", "updated_before": "2021-05-01T00:00:00Z"}, "updated_before"),
        ({"page": "101"}, "page"),
        ({"extensions": "perhaps"}, "extensions"),
        ({"service_code": "x" * 40_001}, "service_code"),
        ({"service_request_id": ",".join(map(str, range(1001)))}, "service_request_id"),
        ({"service_code": ",".join(map(str, range(1001)))}, "service_code: 最多"),
    ],
    ids=str,
)
async def test_a_filter_that_makes_no_sense_is_named(client: httpx.AsyncClient, asked: dict[str, str], named: str):
    for suffix in ("xml", "json"):
        assert named in errors(await client.get(f"{V2}/requests.{suffix}", params=HERE | asked), 400)


async def test_a_list_is_read_page_by_page(client: httpx.AsyncClient, key: str):
    everything = [await raised(client, key) for _ in range(5)]
    pages = [await listed(client, page=str(n), page_size="2") for n in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert [row["service_request_id"] for page in pages for row in page] == everything[::-1]


async def test_requests_are_found_by_their_last_change(client: httpx.AsyncClient, key: str, pool: Pool):
    still, moved = await raised(client, key), await raised(client, key)
    later = datetime.now(UTC) + timedelta(hours=1)
    await hear(pool, moved, ROUTED, at=later)
    between = (later - timedelta(minutes=1)).isoformat()
    assert await numbers(client, updated_after=between) == {moved}
    assert await numbers(client, updated_before=between) == {still}
    assert await numbers(client, updated_after=between, service_code="road-damage") == set()


async def test_a_closed_request_keeps_the_date_of_its_end(client: httpx.AsyncClient, key: str, pool: Pool):
    number = await raised(client, key)
    done = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    await hear(pool, number, ROUTED, ACCEPTED, RESOLVED, at=done)
    await hear(pool, number, f.DemandConfirmed(rating=5, solved=True), at=done + timedelta(days=1))
    await hear(pool, number, f.DemandClosed(outcome=f.Outcome.CONFIRMED), at=done + timedelta(days=2))
    (row,) = await listed(client, service_request_id=number)
    assert (row["status"], row["status_notes"]) == ("closed", "已归档 / Closed")
    assert datetime.fromisoformat(row["updated_datetime"]) == done
    assert row["agency_responsible"] == "南海区教育局"
    assert row["expected_datetime"] == "2031-01-01T00:00:00Z"


async def test_a_reopened_request_is_open_again_and_dated_anew(client: httpx.AsyncClient, key: str, pool: Pool):
    number = await raised(client, key)
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    await hear(pool, number, ROUTED, ACCEPTED, RESOLVED, at=at)
    await hear(pool, number, f.DemandReopened(reason="still dark"), at=at + timedelta(days=1))
    (row,) = await listed(client, service_request_id=number)
    assert (row["status"], datetime.fromisoformat(row["updated_datetime"])) == ("open", at + timedelta(days=1))
    assert row["status_notes"].startswith("已重新打开")
    assert "still dark" not in str(row)


async def test_extensions_come_only_when_they_are_asked_for(client: httpx.AsyncClient, key: str, pool: Pool):
    number = await raised(client, key)
    await hear(pool, number, ROUTED, ACCEPTED, RESOLVED)
    assert not {"attributes", "extended_attributes", "notes"} & set((await listed(client))[0])
    (row,) = await listed(client, extensions="true")
    assert row["attributes"] == [{"code": "division", "value": PLACE}, {"code": "kind", "value": "help"}]
    assert row["extended_attributes"] == {"channel": "web", "detailed_status": "PROCESSED"}
    assert [note["type"] for note in row["notes"]] == ["routed", "accepted", "resolved"]
    assert row["notes"][-1]["description"] == row["status_notes"] == "已办结 / Done"
    asked = HERE | {"extensions": "true"}
    (request,) = ET.fromstring((await client.get(f"{V2}/requests/{number}.xml", params=asked)).text)
    assert len(request.findall("notes/note/datetime")) == 3
    assert request.findtext("extended_attributes/detailed_status") == "PROCESSED"


async def test_a_pack_that_shows_words_shows_what_was_written_for_the_public(
    wordy: httpx.AsyncClient, key: str, pool: Pool
):
    number = await raised(wordy, key, lat="23.03", long="113.14")
    await hear(pool, number, ROUTED, ACCEPTED, RESOLVED)
    (row,) = await listed(wordy, extensions="true")
    assert row["extended_attributes"]["title"] == row["description"] == "路灯不亮"
    assert (row["lat"], row["long"]) == (23.03, 113.14)
    assert (row["notes"][-1]["description"], row["status_notes"]) == ("灯已修好", "灯已修好")
    assert "Mr Zou" not in str(row)


async def test_a_token_is_the_id_of_a_demand(client: httpx.AsyncClient, key: str, pool: Pool):
    number = await raised(client, key)
    async with pool.acquire() as db:
        token = str(await db.fetchval("SELECT id FROM submission WHERE number = $1", number))
    told = (await client.get(f"{V2}/tokens/{token}.json", params=HERE)).json()
    assert told == [{"service_request_id": number, "token": token}]
    for unknown in ("x", str(uuid4()), "%00"):
        errors(await client.get(f"{V2}/tokens/{unknown}.xml", params=HERE), 404)


# --- FixMyStreet's updates --------------------------------------------------------------------------------------


async def test_the_steps_of_a_demand_are_told_to_fixmystreet(client: httpx.AsyncClient, key: str, pool: Pool):
    number = await raised(client, key)
    await hear(pool, number, ROUTED, ACCEPTED, RESOLVED)
    answer = await client.get(f"{V2}/servicerequestupdates.xml", params=HERE)
    rows = ET.fromstring(answer.text).findall("request_update")
    assert [row.findtext("status") for row in rows] == ["investigating", "investigating", "fixed"]
    assert {row.findtext("service_request_id") for row in rows} == {number}
    assert len({row.findtext("update_id") for row in rows}) == 3
    assert all(STAMP.match(row.findtext("updated_datetime", "")) for row in rows)
    assert all(row.findtext("description") for row in rows)
    past = HERE | {"start_date": "2021-05-01T00:00:00Z", "end_date": "2021-05-02T00:00:00Z"}
    assert (await client.get(f"{V2}/servicerequestupdates.json", params=past)).json() == []


async def test_a_page_of_updates_is_full_though_steps_of_reports_are_left_out(
    client: httpx.AsyncClient, key: str, pool: Pool
):
    report, number = await raised(client, key, **REPORTED), await raised(client, key)
    for told in (report, number):
        await hear(pool, told, ROUTED, ACCEPTED)
    found = [
        (await client.get(f"{V2}/servicerequestupdates.json", params=HERE | {"page_size": "1", "page": page})).json()
        for page in ("1", "2", "3")
    ]
    assert [[row["service_request_id"] for row in page] for page in found] == [[number], [number], []]


def an_update(key: str, number: str, **change: str) -> dict[str, str]:
    return HERE | {
        "api_key": key, "service_request_id": number, "update_id": "42", "status": "FIXED",
        "updated_datetime": "2026-11-24T10:00:00+08:00", "description": "修好了，电话13912345678",
    } | change  # fmt: skip


async def test_a_repeated_update_is_answered_as_at_first_and_is_one_note(
    client: httpx.AsyncClient, key: str, pool: Pool, database: str, tmp_path: Path
):
    number = await raised(client, key)
    url, form = f"{V2}/servicerequestupdates", an_update(key, number)
    keeping = settings(database).model_copy(update={"attachments_folder": tmp_path})
    served = httpx.ASGITransport(web_app("intake", app.api(keeping, pool).routers))
    async with httpx.AsyncClient(transport=served, base_url="http://intake") as fixmystreet:
        for _ in range(2):
            sent = await fixmystreet.post(f"{url}.json", data=form, files={"photo1": ("1.png", picture("PNG"))})
            assert (sent.status_code, sent.json()) == (201, [{"update_id": "42"}])
    await stands_at(pool, number, "closed")
    assert (await client.post(f"{url}.xml", data=form)).status_code == 201, "its first answer was lost on the way"
    async with pool.acquire() as db:
        (note,) = await db.fetch("SELECT payload FROM journal WHERE type = 'demand.supplemented.v1'")
        assert await db.fetchval("SELECT count(*) FROM attachment") == 1
    assert "修好了，电话［手机号］" in note["payload"]
    assert "fixed" in note["payload"]


async def test_an_update_id_stands_for_one_request(client: httpx.AsyncClient, key: str):
    one, other = await raised(client, key), await raised(client, key)
    url = f"{V2}/servicerequestupdates.xml"
    assert (await client.post(url, data=an_update(key, one))).status_code == 201
    assert "update_id" in errors(await client.post(url, data=an_update(key, other)), 400)


@pytest.mark.parametrize("status", ["OPEN", "open", "IN_PROGRESS", "In Progress", "not-councils-responsibility "])
async def test_a_status_of_an_update_is_read_as_people_write_it(client: httpx.AsyncClient, key: str, status: str):
    form = an_update(key, await raised(client, key), status=status)
    answer = await client.post(f"{V2}/servicerequestupdates.xml", data=form)
    assert answer.status_code == 201, answer.text


async def test_an_update_is_heard_as_every_voice_is(client: httpx.AsyncClient, key: str, pool: Pool, database: str):
    number, url = await raised(client, key), f"{V2}/servicerequestupdates.json"
    long = an_update(key, number, description="姓名：王芳。" * 633)
    assert (await client.post(url, data=long)).status_code == 201
    (note,) = [json.loads(payload) for _, payload in await notes(pool)]
    assert len(note["text"]) == 4000
    assert (await opened(pool, note["original"], settings(database).vault_key)).startswith(long["description"])
    await stands_at(pool, number, "closed")
    told = errors(await client.post(f"{url[:-4]}xml", data=an_update(key, number, update_id="43")), 400)
    assert "归档" in told
    assert "POST requests.{format}" in told
    assert "/v1/" not in told


async def test_an_update_of_a_recorded_demand_is_for_who_handed_it_over(client: httpx.AsyncClient, pool: Pool):
    old, other = [await keys.add(pool, name, ChannelKind.PARTNER, name, ("import", "submit")) for name in "ab"]
    row = GOOD | {"external_id": "1", "occurred_at": "2021-05-10T02:00:00Z", "channel_kind": "web", "via": "b"}
    answer = await client.post("/v1/imports", json={"demands": [row]}, headers={"X-API-Key": old})
    number = answer.json()["rows"][0]["number"]
    for key, status in ((old, 201), (other, 403)):
        answer = await client.post(f"{V2}/servicerequestupdates.xml", data=an_update(key, number))
        assert answer.status_code == status, answer.text


async def test_fifty_equal_updates_at_once_are_one_note(client: httpx.AsyncClient, key: str, pool: Pool):
    number = await raised(client, key)
    url = f"{V2}/servicerequestupdates.json"
    answers = await asyncio.gather(*(client.post(url, data=an_update(key, number)) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {201}
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM journal WHERE type = 'demand.supplemented.v1'") == 1


@pytest.mark.parametrize(
    ("change", "status", "named"),
    [
        ({"update_id": ""}, 400, "update_id"),
        ({"status": "ASLEEP"}, 400, "status"),
        ({"updated_datetime": "now"}, 400, "updated_datetime"),
        ({"description": ""}, 400, "description"),
        ({"description": "a\u0000b"}, 400, "description"),
        ({"update_id": "\u0000"}, 400, "update_id"),
        ({"service_request_id": "NH26-000099-X"}, 404, "service_request_id"),
        ({"service_request_id": "\u0001"}, 400, "service_request_id"),
        ({"api_key": "wrong"}, 403, "api_key"),
    ],
    ids=str,
)
async def test_a_mistake_in_an_update_is_named(
    client: httpx.AsyncClient, key: str, change: dict[str, str], status: int, named: str
):
    form = an_update(key, await raised(client, key)) | change
    assert named in errors(await client.post(f"{V2}/servicerequestupdates.xml", data=form), status)


async def test_another_channels_demand_takes_no_update(client: httpx.AsyncClient, key: str, pool: Pool):
    other = await keys.add(pool, "other", ChannelKind.PARTNER, "Other")
    form = an_update(other, await raised(client, key))
    errors(await client.post(f"{V2}/servicerequestupdates.xml", data=form), 403)


# --- whatever comes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["xml", "json"])
@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"\xff\xfe=\xff&&==&%", "application/x-www-form-urlencoded"),
        (b"api_key=%00&service_code=%ed%a0%80", "application/x-www-form-urlencoded"),
        (b"&".join(b"attribute[a]=1" for _ in range(5000)), "application/x-www-form-urlencoded; charset=nonsense"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"x", "multipart/form-data"),
        (b"{}", "application/json"),
        (b"x", ""),
    ],
    ids=lambda value: repr(value[:20]),
)
async def test_a_body_that_is_no_form_is_an_error_and_never_a_fault(
    client: httpx.AsyncClient, content: bytes, kind: str, suffix: str
):
    for path in ("requests", "servicerequestupdates"):
        answer = await client.post(f"{V2}/{path}.{suffix}", content=content, headers={"Content-Type": kind})
        assert answer.status_code in (400, 403), answer.text
        errors(answer, answer.status_code)


NASTY = [
    "\u0000", "\ud7ff\ufffe", "'; DROP TABLE demand; --", "-1", "9" * 400, "1e400", "nan", "٣", "true", "[]", "{}",
    "%", "%00", "a,b,,c", ",", " ", "\t\n", "2021-02-30T00:00:00Z", "2021-05-01T24:00:00Z",
    "0000-00-00", "-0001-01-01T00:00:00Z",
    "99999999999999999", "2021-05-01T00:00:00+99:99", "<a/>", "&#0;", "é" * 300, "e\u0301" * 300, "😀", "\u202e",
]  # fmt: skip


@pytest.mark.parametrize("nasty", NASTY, ids=ascii)
async def test_nothing_that_is_sent_is_a_fault(client: httpx.AsyncClient, key: str, nasty: str):
    number = await raised(client, key)
    for name in (*AskedRequests.model_fields, "jurisdiction_id"):
        for path in ("requests.xml", "servicerequestupdates.json", f"requests/{number}.json"):
            answer = await client.get(f"{V2}/{path}", params=HERE | {name: nasty})
            assert answer.status_code < 500, (path, name, answer.text)
    for name in (*NewRequest.model_fields, "attribute[kind]", "attribute[division]", "attribute[]", nasty):
        answer = await client.post(f"{V2}/requests.xml", data=LAMP | {"api_key": key, name: nasty})
        assert answer.status_code < 500, (name, answer.text)
        ET.fromstring(answer.text)
    for name in NewUpdate.model_fields:
        answer = await client.post(f"{V2}/servicerequestupdates.xml", data=an_update(key, number) | {name: nasty})
        assert answer.status_code < 500, (name, answer.text)
    for suffix in ("json", "xml"):
        assert (await client.get(f"{V2}/requests.{suffix}", params=HERE | {"extensions": "true"})).status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["", "/v2", "/v2/", "/v2/nothing.json", "/v3/requests.xml", "/discovery"])
async def test_a_path_that_leads_nowhere_is_told_in_open311s_form(client: httpx.AsyncClient, method: str, path: str):
    errors(await client.request(method, f"/open311{path or '/'}"), 404)


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("discovery.xml", "GET, HEAD"),
        ("v2/services.json", "GET, HEAD"),
        ("v2/services/street-lighting.xml", "GET, HEAD"),
        ("v2/requests.json", "GET, HEAD, POST"),
        ("v2/requests/NH26-000001-X.xml", "GET, HEAD"),
        ("v2/servicerequestupdates.xml", "GET, HEAD, POST"),
    ],
)
async def test_a_method_that_is_not_possible_is_told_with_those_that_are(
    client: httpx.AsyncClient, path: str, methods: str
):
    for method in {"OPTIONS", "PUT", "PATCH", "DELETE", "POST"} - set(methods.split(", ")):
        refused = await client.request(method, f"/open311/{path}")
        assert methods in errors(refused, 405)
        assert refused.headers["allow"] == methods


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("path", ["v2/requests.xml", "v2/servicerequestupdates.json", "v2/nothing.json", "nowhere"])
async def test_a_body_over_the_limit_is_refused_in_open311s_form(client: httpx.AsyncClient, path: str, announced: bool):
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(22):
            yield b"x" * 1_048_576

    content = b"x" * 22 * 1_048_576 if announced else pieces()
    refused = await client.post(f"/open311/{path}", content=content)
    assert "KiB" in errors(refused, 413)
    assert ("json" in refused.headers["content-type"]) == path.endswith("json")


async def test_the_database_away_is_said_in_open311s_form(client: httpx.AsyncClient, pool: Pool):
    await pool.close()
    refused = await client.get(f"{V2}/requests.json", params=HERE)
    assert int(refused.headers["retry-after"]) > 0
    errors(refused, 503)


async def test_characters_that_xml_cannot_carry_are_left_out(
    client: httpx.AsyncClient, wordy: httpx.AsyncClient, key: str, pool: Pool
):
    number = await raised(client, key, description="灯\ufffe<&>不亮")
    (request,) = ET.fromstring((await wordy.get(f"{V2}/requests.xml", params=HERE)).text)
    assert request.findtext("description") == "灯<&>不亮"
    await hear(pool, number, ROUTED, ACCEPTED, f.DemandResolved(by="x", result="", summary="\u0001好"))
    ET.fromstring((await wordy.get(f"{V2}/servicerequestupdates.xml", params=HERE)).text)


def test_every_status_is_open_until_the_answer_and_has_its_words():
    assert set(SAID) == set(Status) - {Status.NONE}
    closed = {status for status in SAID if georeport(status) == "closed"}
    assert closed == {Status.DECLINED, Status.RESOLVED, Status.WITHDRAWN, Status.CONFIRMED, Status.CLOSED}
    assert closed == {status for status in SAID if not is_open(status)}


OPEN_THERE = {"open", "reopen", "in_progress", "action_scheduled", "investigating", "planned", "for_triage"}
"""What FixMyStreet counts as open; an internal referral and a duplicate are closed there (its table `state`)."""


def test_fixmystreet_is_told_an_open_state_for_as_long_as_the_citizen_waits():
    assert {status for status, said in SAID.items() if said.fixmystreet in OPEN_THERE} == set(filter(is_open, SAID))


async def test_a_demand_from_before_the_list_was_kept_is_listed_too(client: httpx.AsyncClient, key: str, pool: Pool):
    number = await raised(client, key, lat="23.03", long="113.14", description="路灯不亮\n三天了")
    await hear(pool, await raised(client, key), ROUTED, ACCEPTED, f.DemandResolved(by="Chen", result=""))
    kept = await listed(client)
    backfill = (app.MIGRATIONS / "20261124000100_open311.sql").read_text("utf-8")
    backfill = backfill[backfill.index("INSERT INTO demand_listing") : backfill.index("-- migrate:down")]
    async with pool.acquire() as db:
        await db.execute("DELETE FROM demand_listing")
        await db.execute(backfill)
    assert await listed(client) == kept
    assert number in {row["service_request_id"] for row in kept}


async def test_the_api_documents_the_forms(client: httpx.AsyncClient):
    paths = (await client.get("/openapi.json")).json()["paths"]
    form = paths["/open311/v2/requests.{format}"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["required"] == ["service_code"]
    assert {"attribute", "lat", "media_url", "phone", "files"} <= set(form["properties"])
    assert not any("$ref" in str(path) and "$defs" in str(path) for path in paths.values())


# --- the database -----------------------------------------------------------------------------------------------


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
    usual: dict[str, Any] = {
        "jurisdiction": "nanhai", "categories": (), "open": None, "submitted": Window(first=now - SPAN, last=now),
        "updated_after": None, "updated_before": None, "limit": 1000, "skip": 0,
    }  # fmt: skip
    question, values = queries.listing_query(queries.Filter(**usual | change))
    async with crowded.acquire() as db:
        plan = "\n".join(row[0] for row in await db.fetch(f"EXPLAIN {question}", *values))
    assert "Seq Scan" not in plan, plan
