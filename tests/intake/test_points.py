"""A demand with only a point or an address as its place is accepted, and waits for staff who determine the division."""

from typing import Any

import httpx
import pytest

from services.intake.channels import keys
from services.intake.channels.gateway_settings import GatewayRegistry
from services.intake.vault.sealing import Vault
from services.routing.cases.policies import first_routing
from shared.chassis.database.pool import Pool
from shared.contracts.demand import facts as f
from shared.contracts.demand.facts import ChannelKind, PlacedBy
from shared.contracts.event_types import parse
from tests import story
from tests.intake.conftest import settings
from tests.intake.test_api import is_a_problem, submit
from tests.packs import nanhai

POINT = {"lat": 23.0288, "lon": 113.1428}
BARE = {"title": "校车接送点没有风雨棚", "category": "school-transport"}
FORM = {"jurisdiction_id": "nanhai", "service_code": "street-lighting", "description": "路灯不亮"}
ROOT = nanhai().root


async def submissions(pool: Pool) -> list[f.DemandSubmitted]:
    async with pool.acquire() as db:
        rows = await db.fetch("SELECT type, payload FROM journal WHERE sequence = 1 ORDER BY position")
    routing_fact = [parse(row["type"], row["payload"]) for row in rows]
    return [fact for fact in routing_fact if isinstance(fact, f.DemandSubmitted)]


@pytest.fixture
async def wide(pool: Pool, database: str) -> str:
    """The key of a channel for the whole district."""
    key = await keys.add(pool, "wechat", ChannelKind.WECHAT, "WeChat")
    await GatewayRegistry(pool, Vault.of(settings(database).vault_key)).put("wechat", {"division": ROOT})
    return key


async def test_a_point_is_enough_as_a_place(client: httpx.AsyncClient, pool: Pool):
    for n, changes in enumerate(({}, {"jurisdiction": "nanhai"})):
        answer = await submit(client, BARE | {"location": POINT} | changes, f"k{n}")
        assert answer.status_code == 201, answer.text
        fact = (await submissions(pool))[-1]
        assert (fact.jurisdiction, fact.division, fact.placed_by) == ("nanhai", ROOT, PlacedBy.POINT)


async def test_a_point_in_another_jurisdiction_needs_its_name(client: httpx.AsyncClient, pool: Pool):
    point = {"title": "Streetlight out", "jurisdiction": "losangeles", "location": {"lat": 34.05, "lon": -118.24}}
    assert (await submit(client, point, "k")).status_code == 201
    assert (await submissions(pool))[-1].jurisdiction == "losangeles"
    assert (await submit(client, point | {"category": "school-transport"}, "k2")).status_code == 422


async def test_an_address_is_enough_as_a_place(client: httpx.AsyncClient, pool: Pool):
    answer = await submit(client, BARE | {"contact": {"address": "狮山镇北园中路 1 号"}}, "k")
    assert answer.status_code == 201, answer.text
    fact = (await submissions(pool))[-1]
    assert (fact.division, fact.placed_by) == (ROOT, PlacedBy.ADDRESS)
    assert "北园" not in fact.model_dump_json()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "division"),
        ({"jurisdiction": "nanhai"}, "division"),
        ({"jurisdiction": "atlantis", "location": POINT}, "jurisdiction"),
        ({"jurisdiction": "losangeles", "division": "440605126222"}, "jurisdiction"),
        ({"division": "999", "location": POINT}, "division"),
    ],
)
async def test_a_demand_without_any_place_is_refused_with_a_reason(
    client: httpx.AsyncClient, body: dict[str, Any], field: str
):
    refused = await submit(client, BARE | body, "k")
    assert refused.status_code == 422
    assert [error["field"] for error in is_a_problem(refused)["errors"]] == [field]


async def test_a_division_has_precedence_over_a_point(client: httpx.AsyncClient, pool: Pool, wide: str):
    for key, division in ((str(client.headers["X-API-Key"]), "440605126222"), (wide, ROOT)):
        answer = await submit(client, BARE | {"location": POINT, "division": division}, "k", **{"X-API-Key": key})
        assert answer.status_code == 201, answer.text
        fact = (await submissions(pool))[-1]
        assert (fact.division, fact.placed_by) == (division, PlacedBy.DIVISION)


async def test_a_point_has_precedence_over_the_districts_channel_division(
    client: httpx.AsyncClient, pool: Pool, wide: str
):
    contact = {"address": "北园中路 1 号"}
    for n, (changes, by) in enumerate(
        [({"location": POINT}, PlacedBy.POINT), ({}, PlacedBy.DIVISION), ({"contact": contact}, PlacedBy.DIVISION)]
    ):
        assert (await submit(client, BARE | changes, f"k{n}", **{"X-API-Key": wide})).status_code == 201
        fact = (await submissions(pool))[-1]
        assert (fact.division, fact.placed_by) == (ROOT, by)


@pytest.mark.parametrize(
    ("place_fields", "by"),
    [({"lat": "23.0288", "long": "113.1428"}, PlacedBy.POINT), ({"address_string": "鹤峰村口"}, PlacedBy.ADDRESS)],
)
async def test_open311_accepts_a_point_or_an_address_alone(
    client: httpx.AsyncClient, pool: Pool, key: str, wide: str, place_fields: dict[str, str], by: PlacedBy
):
    for api_key in (key, wide):
        answer = await client.post("/open311/v2/requests.json", data=FORM | place_fields | {"api_key": api_key})
        assert answer.status_code == 201, answer.text
        fact = (await submissions(pool))[-1]
        assert (fact.division, fact.placed_by, fact.category) == (ROOT, by, "street-lighting")
    number = answer.json()[0]["service_request_id"]
    response = await client.get(f"/open311/v2/requests/{number}.json", params={"jurisdiction_id": "nanhai"})
    assert response.status_code == 200, response.text


async def test_similar_demands_and_categories_are_found_with_a_point(client: httpx.AsyncClient):
    draft = {"title": "路灯不亮", "location": POINT}
    for path in ("similar", "suggestions"):
        answer = await client.post(f"/v1/demands/{path}", json=draft)
        assert answer.status_code == 200, answer.text


UNITS = {"school-transport": {"nh-education", "nh-transport"}, "education": {"nh-education"}}


@pytest.mark.parametrize("category", ["school-transport", "education", "street-lighting", None])
@pytest.mark.parametrize("by", [PlacedBy.POINT, PlacedBy.ADDRESS])
def test_a_demand_without_a_division_goes_to_triage_with_the_units_of_its_category(category: str | None, by: PlacedBy):
    fact = story.SUBMISSION.model_copy(update={"division": ROOT, "category": category, "placed_by": by})
    routing_fact = first_routing(story.demand(fact), nanhai(), story.AT)
    assert isinstance(routing_fact, f.DemandTriaged), "no rule for the whole district may decide by chance"
    assert routing_fact.reason == f"place known only by {'a point' if by is PlacedBy.POINT else 'an address'}"
    assert UNITS.get(category or "", set()) | {nanhai().coordinator} == set(routing_fact.suggestions)


def test_a_demand_about_the_whole_district_is_routed_as_before():
    fact = story.SUBMISSION.model_copy(update={"division": ROOT, "category": "education"})
    routing_fact = first_routing(story.demand(fact), nanhai(), story.AT)
    assert isinstance(routing_fact, f.DemandRouted)
    assert routing_fact.unit == "nh-education"
