"""The event loop masks no long text, whichever route it comes by."""

import json
from typing import Any

import httpx
import pytest

from services.intake import app
from services.intake.channels import keys
from shared.chassis.database.pool import Pool
from shared.contracts.demand.facts import ChannelKind
from tests.intake.conftest import settings
from tests.intake.open311_client import V2, raised
from tests.intake.test_api import GOOD, count
from tests.intake.test_imports import imported
from tests.intake.test_notes import notes, opened, say, taken
from tests.intake.test_vault import staff
from tests.keys import KEYS
from tests.serving import masker_of, running
from tests.worst import ANSWER, HIDDEN, HIDDEN_ANSWER, SAID, is_spared, worst


async def payloads(pool: Pool) -> list[dict[str, Any]]:
    """The payloads of the facts that intake has recorded, in order."""
    async with pool.acquire() as db:
        return [json.loads(row["payload"]) for row in await db.fetch("SELECT payload FROM journal ORDER BY position")]


async def test_a_long_demand_is_masked_in_another_process(
    client: httpx.AsyncClient, pool: Pool, masked_here: list[str]
):
    # From the second request on the key is cached, and another code path is used.
    for n in range(3):
        await taken(client, f"k{n}", text=SAID)
    await taken(client, "own", text=SAID, external_id="call-7")
    assert is_spared(masked_here)
    assert [fact["text"] for fact in await payloads(pool)] == [HIDDEN] * 4
    assert await count(pool, "vault") == 4, "the wording before masking"


async def test_long_imported_history_is_masked_in_another_process(
    client: httpx.AsyncClient, pool: Pool, masked_here: list[str]
):
    resolved = {"at": "2021-05-12T02:00:00Z", "type": "demand.resolved", "data": {"result": ANSWER, "by": "陈"}}
    answer = await imported(client, pool, {"text": SAID}, {"history": [resolved]})
    assert [row["became"] for row in answer.json()["rows"]] == ["new", "new"], answer.text
    assert is_spared(masked_here)
    first, second = await payloads(pool)
    assert first["text"] == HIDDEN
    assert second["history"][0]["data"]["result"] == HIDDEN_ANSWER[:4000]


async def test_a_long_supplement_is_masked_in_another_process(
    client: httpx.AsyncClient, pool: Pool, masked_here: list[str]
):
    number = (await taken(client))["number"]
    assert (await say(client, number, "supplements", {"text": SAID[:4000]})).status_code == 201
    assert is_spared(masked_here)
    ((_, payload),) = await notes(pool)
    note = json.loads(payload)
    assert note["text"] == HIDDEN[: len(note["text"])]
    assert len(note["text"]) == 4000
    assert await opened(pool, note["original"], KEYS["vault_key"]) == SAID[:4000]


async def test_a_long_draft_is_masked_in_another_process(client: httpx.AsyncClient, masked_here: list[str]):
    draft = {"title": "校车接送点没有风雨棚", "text": SAID, "division": GOOD["division"]}
    answer = await client.post("/v1/demands/similar", json=draft)
    assert answer.status_code == 200, answer.text
    assert is_spared(masked_here)


async def test_a_long_open311_request_is_masked_in_another_process(
    client: httpx.AsyncClient, key: str, pool: Pool, masked_here: list[str]
):
    await raised(client, key, description=SAID[:4000])
    assert is_spared(masked_here)
    (demand,) = await payloads(pool)
    assert demand["title"] == HIDDEN[:200]
    assert demand["text"].startswith(HIDDEN[:4000])


async def test_a_long_open311_update_is_masked_in_another_process(
    client: httpx.AsyncClient, key: str, pool: Pool, masked_here: list[str]
):
    update = {
        "api_key": key, "jurisdiction_id": "nanhai", "service_request_id": await raised(client, key),
        "update_id": "7", "status": "OPEN", "updated_datetime": "2026-11-24T08:00:00Z", "description": SAID[:3800],
    }  # fmt: skip
    answer = await client.post(f"{V2}/servicerequestupdates.json", data=update)
    assert answer.status_code == 201, answer.text
    assert is_spared(masked_here)
    assert (await payloads(pool))[-1]["text"] == HIDDEN[:4000]


@pytest.mark.parametrize("action", ["contact", "contact/erasure"])
async def test_a_long_reason_for_reading_or_erasing_data_is_masked_in_another_process(
    client: httpx.AsyncClient, action: str, masked_here: list[str]
):
    number = (await taken(client, contact={"phone": "13800138000"}))["number"]
    masked_here.clear()
    answer = await client.post(f"/v1/demands/{number}/{action}", json={"why": worst(1000)}, headers=staff())
    assert answer.status_code == 200, answer.text
    assert masked_here == []


@pytest.mark.usefixtures("own_processes")
async def test_the_api_ends_its_masking_process(database: str, pool: Pool):
    api = app.api(settings(database), pool)
    headers = {"X-API-Key": await keys.add(pool, "web", ChannelKind.WEB, "Web")}
    async with running("intake", api) as application:
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://intake", headers=headers) as client:
            await taken(client, text=SAID)
        process = masker_of(api).process._process
        assert process
        assert process.returncode is None
    assert process.returncode is not None
