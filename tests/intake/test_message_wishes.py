"""A mini-program can stop the messages about one demand, and request a lost link without seeing it."""

import json
from typing import Any

import httpx
import pytest

from services.intake.channels import keys
from services.intake.notes.lost_link_handler import PER_DEMAND
from shared.chassis.database.pool import Pool
from shared.contracts.demand.facts import ChannelKind
from tests.intake.test_api import GOOD, submit

PHONE = "13800138000"
LEFT = GOOD | {"contact": {"name": "邹某某", "phone": PHONE}}


async def raised(client: httpx.AsyncClient, key: str, body: dict[str, Any] = LEFT) -> dict[str, Any]:
    answer = await submit(client, body, key)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def links(pool: Pool) -> int:
    count: int = await pool.fetchval("SELECT count(*) FROM journal WHERE type = 'demand.link-requested.v1'")
    return count


async def test_messages_of_one_demand_stop_and_start_again(client: httpx.AsyncClient):
    own_demand, other_demand = await raised(client, "1"), await raised(client, "2")

    async def wanted(number: str) -> bool | None:
        answer: bool | None = (await client.get(f"/v1/demands/{number}/messages")).json()["wanted"]
        return answer

    for wish in (False, False, True):
        path = f"/v1/demands/{own_demand['number']}/messages"
        response = await client.put(path, json={"wanted": wish})
        assert (response.status_code, response.json()) == (200, {"number": own_demand["number"], "wanted": wish})
        assert await wanted(own_demand["number"]) is wish
        assert await wanted(other_demand["number"]) is True, "those of other demands go on"


async def test_without_a_contact_no_message_is_sent(client: httpx.AsyncClient):
    number = (await raised(client, "1", {name: GOOD[name] for name in GOOD if name != "contact"}))["number"]
    answer = await client.put(f"/v1/demands/{number}/messages", json={"wanted": False})
    assert (answer.status_code, answer.json()["wanted"]) == (200, None)


async def test_another_channel_needs_the_code(client: httpx.AsyncClient, pool: Pool):
    receipt = await raised(client, "1")
    path, key = f"/v1/demands/{receipt['number']}/messages", await keys.add(pool, "other", ChannelKind.WEB, "Other")
    for code, status in (("", 404), ("AAAAAAAA", 404), (receipt["code"], 200)):
        answer = await client.put(path, json={"wanted": False}, headers={"X-API-Key": key, "X-Demand-Code": code})
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize(("phone", "links_sent"), [(PHONE, 1), ("+86 138 0013 8000", 1), ("13900139000", 0)])
async def test_a_lost_link_is_sent_only_to_the_telephone_of_the_contact_and_not_revealed(
    client: httpx.AsyncClient, pool: Pool, phone: str, links_sent: int
):
    receipt = await raised(client, "1")
    answer = await client.post(f"/v1/demands/{receipt['number']}/link-requests", json={"phone": phone})
    assert (answer.status_code, answer.json()) == (202, {"number": receipt["number"]})
    assert await links(pool) == links_sent
    rows_text = json.dumps([dict(row) for row in await pool.fetch("SELECT payload FROM journal")])
    assert receipt["code"] not in rows_text


async def test_only_a_few_links_are_sent_for_one_demand_and_the_answer_stays_the_same(
    client: httpx.AsyncClient, pool: Pool
):
    number = (await raised(client, "1"))["number"]
    answers = {
        (await client.post(f"/v1/demands/{number}/link-requests", json={"phone": PHONE})).text
        for _ in range(PER_DEMAND + 2)
    }
    assert (len(answers), await links(pool)) == (1, PER_DEMAND)
