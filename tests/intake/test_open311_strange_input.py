"""Open311: every input is answered in its format, and none causes a fault."""

from collections.abc import AsyncIterator
from xml.etree import ElementTree as ET

import httpx
import pytest

from services.intake.open311.forms import NewRequest, NewUpdate
from services.intake.open311.query_params import AskedRequests
from shared.chassis.database.pool import Pool
from shared.contracts.demand import facts as f
from tests.intake.open311_client import ACCEPTED, HERE, LAMP, ROUTED, V2, an_update, errors, hear, raised


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
async def test_a_body_that_is_not_a_form_is_an_error_and_never_a_fault(
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
async def test_no_input_causes_a_fault(client: httpx.AsyncClient, key: str, nasty: str):
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
async def test_an_unknown_path_is_answered_in_the_format_of_open311(client: httpx.AsyncClient, method: str, path: str):
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
async def test_a_method_that_is_not_allowed_is_refused_with_the_allowed_ones(
    client: httpx.AsyncClient, path: str, methods: str
):
    for method in {"OPTIONS", "PUT", "PATCH", "DELETE", "POST"} - set(methods.split(", ")):
        refused = await client.request(method, f"/open311/{path}")
        assert methods in errors(refused, 405)
        assert refused.headers["allow"] == methods


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("path", ["v2/requests.xml", "v2/servicerequestupdates.json", "v2/nothing.json", "nowhere"])
async def test_a_body_over_the_limit_is_refused_in_the_format_of_open311(
    client: httpx.AsyncClient, path: str, announced: bool
):
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(22):
            yield b"x" * 1_048_576

    content = b"x" * 22 * 1_048_576 if announced else pieces()
    refused = await client.post(f"/open311/{path}", content=content)
    assert "KiB" in errors(refused, 413)
    assert ("json" in refused.headers["content-type"]) == path.endswith("json")


async def test_while_the_database_is_away_the_error_has_the_format_of_open311(client: httpx.AsyncClient, pool: Pool):
    await pool.close()
    refused = await client.get(f"{V2}/requests.json", params=HERE)
    assert int(refused.headers["retry-after"]) > 0
    errors(refused, 503)


async def test_characters_that_xml_cannot_carry_are_left_out(
    client: httpx.AsyncClient, open_reader: httpx.AsyncClient, key: str, pool: Pool
):
    number = await raised(client, key, description="灯\ufffe<&>不亮")
    (request,) = ET.fromstring((await open_reader.get(f"{V2}/requests.xml", params=HERE)).text)
    assert request.findtext("description") == "灯<&>不亮"
    await hear(pool, number, ROUTED, ACCEPTED, f.DemandResolved(by="x", result="", summary="\u0001好"))
    ET.fromstring((await open_reader.get(f"{V2}/servicerequestupdates.xml", params=HERE)).text)
