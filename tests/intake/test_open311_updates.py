"""Open311: updates of requests as FixMyStreet reads and sends them."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx
import pytest

from services.intake import app
from services.intake.channels import keys
from shared.chassis.database.pool import Pool
from shared.chassis.http.app import web_app
from shared.contracts.demand import facts as f
from shared.contracts.demand.facts import ChannelKind
from tests.intake.conftest import settings
from tests.intake.open311_client import (
    ACCEPTED,
    HERE,
    REPORTED,
    RESOLVED,
    ROUTED,
    STAMP,
    V2,
    an_update,
    errors,
    hear,
    raised,
)
from tests.intake.test_api import GOOD
from tests.intake.test_attachments import picture
from tests.intake.test_notes import notes, opened, stands_at


async def test_the_steps_of_a_demand_are_updates_for_fixmystreet(client: httpx.AsyncClient, key: str, pool: Pool):
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


async def test_an_answer_released_later_is_a_separate_update(client: httpx.AsyncClient, key: str, pool: Pool):
    number, at = await raised(client, key), datetime.now(UTC).replace(microsecond=0)
    await hear(pool, number, ROUTED, ACCEPTED, RESOLVED, at=at + timedelta(minutes=1))
    release = f.DemandPublished(edition=1, title="路灯", answer="灯已修好", policy="nanhai: reviewed")
    await hear(pool, number, release, at=at + timedelta(days=1))
    last_hours = {
        "start_date": (at + timedelta(hours=20)).isoformat(),
        "end_date": (at + timedelta(days=2)).isoformat(),
    }
    updates = [
        (await client.get(f"{V2}/servicerequestupdates.json", params=HERE | query)).json()
        for query in (last_hours, last_hours, {"service_request_id": number})
    ]
    assert updates[0] == updates[1], "FixMyStreet knows an update by its id"
    (update,) = updates[0]
    assert update["service_request_id"] == number
    assert (update["status"], update["external_status_code"]) == ("fixed", "resolved")
    assert update["description"] == "灯已修好"
    assert datetime.fromisoformat(update["updated_datetime"]) == at + timedelta(days=1)
    assert [row["external_status_code"] for row in updates[2]] == ["routed", "accepted", "resolved", "resolved"]
    assert updates[2][-1] == update
    await hear(pool, number, f.DemandReopened(reason="还是黑的"), at=at + timedelta(days=1, hours=1))
    (reopened,) = (await client.get(f"{V2}/servicerequestupdates.json", params=HERE | last_hours)).json()
    assert reopened["status"] == "open"
    assert "灯已修好" not in str(reopened)


async def test_updates_of_one_request_can_be_read_without_dates_and_filtered_by_them(
    client: httpx.AsyncClient, key: str, pool: Pool
):
    report, number, other = await raised(client, key, **REPORTED), await raised(client, key), await raised(client, key)
    long_ago = datetime.now(UTC) - timedelta(days=200)
    for demand_number in (report, number, other):
        await hear(pool, demand_number, ROUTED, at=long_ago)
    await hear(pool, number, ACCEPTED)

    async def read(**query: str) -> list[tuple[str, str]]:
        answer = await client.get(f"{V2}/servicerequestupdates.json", params=HERE | query)
        assert answer.status_code == 200, answer.text
        return [(row["service_request_id"], row["external_status_code"]) for row in answer.json()]

    assert await read(service_request_id=f"{number},{report}") == [(number, "routed"), (number, "accepted")]
    assert await read(service_request_id=number, start_date=datetime.now(UTC).date().isoformat()) == [
        (number, "accepted")
    ]
    assert await read(service_request_id=number, page_size="1", page="2") == [(number, "accepted")]
    assert await read(service_request_id="NH26-000099-X") == []


async def test_a_page_of_updates_is_full_although_confidential_reports_are_left_out(
    client: httpx.AsyncClient, key: str, pool: Pool
):
    report, number = await raised(client, key, **REPORTED), await raised(client, key)
    for demand_number in (report, number):
        await hear(pool, demand_number, ROUTED, ACCEPTED)
    updates = [
        (await client.get(f"{V2}/servicerequestupdates.json", params=HERE | {"page_size": "1", "page": page})).json()
        for page in ("1", "2", "3")
    ]
    assert [[row["service_request_id"] for row in page] for page in updates] == [[number], [number], []]


async def test_a_repeated_update_gets_the_first_answer_and_is_one_note(
    client: httpx.AsyncClient, key: str, pool: Pool, database: str, tmp_path: Path
):
    number = await raised(client, key)
    url, form = f"{V2}/servicerequestupdates", an_update(key, number)
    keeping = settings(database).model_copy(update={"attachments_folder": tmp_path})
    transport = httpx.ASGITransport(web_app("intake", app.api(keeping, pool).routers))
    async with httpx.AsyncClient(transport=transport, base_url="http://intake") as fixmystreet:
        for _ in range(2):
            answer = await fixmystreet.post(f"{url}.json", data=form, files={"photo1": ("1.png", picture("PNG"))})
            assert (answer.status_code, answer.json()) == (201, [{"update_id": "42"}])
    await stands_at(pool, number, "closed")
    assert (await client.post(f"{url}.xml", data=form)).status_code == 201, "its first answer was lost on the way"
    async with pool.acquire() as db:
        (note,) = await db.fetch("SELECT payload FROM journal WHERE type = 'demand.supplemented.v1'")
        assert await db.fetchval("SELECT count(*) FROM attachment") == 1
    assert "修好了，电话［手机号］" in note["payload"]
    assert "fixed" in note["payload"]


async def test_an_update_id_belongs_to_one_request(client: httpx.AsyncClient, key: str):
    one, other = await raised(client, key), await raised(client, key)
    url = f"{V2}/servicerequestupdates.xml"
    assert (await client.post(url, data=an_update(key, one))).status_code == 201
    assert "update_id" in errors(await client.post(url, data=an_update(key, other)), 400)


@pytest.mark.parametrize("status", ["OPEN", "open", "IN_PROGRESS", "In Progress", "not-councils-responsibility "])
async def test_the_status_of_an_update_is_read_in_any_spelling(client: httpx.AsyncClient, key: str, status: str):
    form = an_update(key, await raised(client, key), status=status)
    answer = await client.post(f"{V2}/servicerequestupdates.xml", data=form)
    assert answer.status_code == 201, answer.text


async def test_an_update_is_recorded_like_any_other_note(
    client: httpx.AsyncClient, key: str, pool: Pool, database: str
):
    number, url = await raised(client, key), f"{V2}/servicerequestupdates.json"
    long = an_update(key, number, description="姓名：王芳。" * 633)
    assert (await client.post(url, data=long)).status_code == 201
    (note,) = [json.loads(payload) for _, payload in await notes(pool)]
    assert len(note["text"]) == 4000
    assert (await opened(pool, note["original"], settings(database).vault_key)).startswith(long["description"])
    await stands_at(pool, number, "closed")
    demand_number = errors(await client.post(f"{url[:-4]}xml", data=an_update(key, number, update_id="43")), 400)
    assert "归档" in demand_number
    assert "POST requests.{format}" in demand_number
    assert "/v1/" not in demand_number


async def test_an_imported_demand_can_be_updated_only_by_its_importer(client: httpx.AsyncClient, pool: Pool):
    importer, other = [await keys.add(pool, name, ChannelKind.PARTNER, name, ("import", "submit")) for name in "ab"]
    row = GOOD | {"external_id": "1", "occurred_at": "2021-05-10T02:00:00Z", "channel_kind": "web", "via": "b"}
    answer = await client.post("/v1/imports", json={"demands": [row]}, headers={"X-API-Key": importer})
    number = answer.json()["rows"][0]["number"]
    for key, status in ((importer, 201), (other, 403)):
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
    ("change", "status", "field"),
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
    client: httpx.AsyncClient, key: str, change: dict[str, str], status: int, field: str
):
    form = an_update(key, await raised(client, key)) | change
    assert field in errors(await client.post(f"{V2}/servicerequestupdates.xml", data=form), status)


async def test_a_demand_of_another_channel_cannot_be_updated(client: httpx.AsyncClient, key: str, pool: Pool):
    other = await keys.add(pool, "other", ChannelKind.PARTNER, "Other")
    form = an_update(other, await raised(client, key))
    errors(await client.post(f"{V2}/servicerequestupdates.xml", data=form), 403)
