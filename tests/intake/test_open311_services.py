"""Open311: discovery, the list of services, and the definition of a service."""

from xml.etree import ElementTree as ET

import httpx
import pytest

from services.intake import app
from services.intake.settings import IntakeSettings
from shared.chassis.database.pool import Pool
from shared.chassis.http.app import web_app
from tests.intake.conftest import settings
from tests.intake.open311_client import HERE, PLACE, V2, errors
from tests.keys import KEYS
from tests.packs import nanhai


async def test_a_client_discovers_the_server_without_a_key(client: httpx.AsyncClient):
    body = (await client.get("/open311/discovery.json")).json()
    assert set(body) == {"changeset", "contact", "key_service", "endpoints"}
    (endpoint,) = body["endpoints"]
    assert set(endpoint) == {"specification", "url", "changeset", "type", "formats"}
    assert endpoint["formats"] == ["text/xml", "application/json"]
    root = ET.fromstring((await client.get("/open311/discovery.xml")).text)
    assert [element.text for element in root.findall("endpoints/endpoint/formats/format")] == endpoint["formats"]


async def test_discovery_names_the_test_server_beside_the_production(database: str, pool: Pool):
    for type, other_type in (("production", "test"), ("test", "production")):
        values = {
            "public_url": f"https://{type}.example",
            "open311_type": type,
            "open311_other_url": f"https://{other_type}.example/",
        }
        application = web_app("intake", app.api(settings(database).model_copy(update=values), pool).routers)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://intake") as reader:
            endpoints = (await reader.get("/open311/discovery.json")).json()["endpoints"]
            root = ET.fromstring((await reader.get("/open311/discovery.xml")).text)
        expected = [(kind, f"https://{kind}.example/open311/v2") for kind in ("production", "test")]
        assert [(element["type"], element["url"]) for element in endpoints] == expected
        places = root.findall("endpoints/endpoint")
        assert [(element.findtext("type"), element.findtext("url")) for element in places] == expected


async def test_a_format_is_chosen_only_by_the_suffix(client: httpx.AsyncClient):
    xml = await client.get(f"{V2}/services.xml", params=HERE, headers={"Accept": "application/json"})
    json = await client.get(f"{V2}/services.json", params=HERE, headers={"Accept": "text/xml"})
    assert xml.headers["content-type"] == "text/xml; charset=utf-8"
    assert xml.text.startswith('<?xml version="1.0" encoding="utf-8"?>')
    assert json.headers["content-type"] == "application/json; charset=utf-8"
    errors(await client.get(f"{V2}/services.csv", params=HERE), 404)


async def test_a_service_is_a_leaf_category_of_the_jurisdiction(client: httpx.AsyncClient):
    body = (await client.get(f"{V2}/services.json", params=HERE)).json()
    assert [row["service_code"] for row in body] == [leaf.code for leaf in nanhai().leaf_categories]
    lamp = next(row for row in body if row["service_code"] == "street-lighting")
    assert (lamp["service_name"], lamp["group"], lamp["metadata"]) == ("路灯照明", "道路交通", True)
    la = (await client.get(f"{V2}/services.json", params={"jurisdiction_id": "losangeles"})).json()
    assert "Bulky Items" in {row["service_name"] for row in la}


async def test_a_service_definition_lists_the_attributes_of_a_request(client: httpx.AsyncClient):
    body = (await client.get(f"{V2}/services/street-lighting.json", params=HERE)).json()
    division, kind = body["attributes"]
    assert (body["service_code"], division["code"], division["required"]) == ("street-lighting", "division", False)
    assert PLACE in {value["key"] for value in division["values"]}
    assert (kind["code"], kind["required"]) == ("kind", False)
    root = ET.fromstring((await client.get(f"{V2}/services/street-lighting.xml", params=HERE)).text)
    assert [element.text for element in root.findall("attributes/attribute/order")] == ["1", "2"]
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
    application = web_app("intake", app.api(alone, pool).routers)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://intake") as client:
        for query in ({}, {"jurisdiction_id": ""}, {"jurisdiction_id": "atlantis"}):
            assert (await client.get(f"{V2}/services.json", params=query)).status_code == 200


async def test_the_api_documents_the_forms(client: httpx.AsyncClient):
    paths = (await client.get("/openapi.json")).json()["paths"]
    form = paths["/open311/v2/requests.{format}"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["required"] == ["service_code"]
    assert {"attribute", "lat", "media_url", "phone", "files"} <= set(form["properties"])
    assert not any("$ref" in str(path) and "$defs" in str(path) for path in paths.values())
