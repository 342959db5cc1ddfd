"""A front end fills its menus from what the refusals point to."""

import httpx

from shared.contracts.demand.facts import RequestKind
from tests.intake.test_api import GOOD, is_a_problem, submit


async def test_a_front_end_finds_everything_that_it_can_send(client: httpx.AsyncClient):
    answer = await client.get("/v1/jurisdictions", headers={"X-API-Key": ""})
    assert answer.status_code == 200
    nanhai = answer.json()["jurisdictions"][0]
    assert (nanhai["id"], bool(nanhai["name"]), bool(nanhai["name_en"])) == ("nanhai", True, True)
    assert GOOD["division"] in {one["code"] for one in nanhai["divisions"]}
    assert GOOD["category"] in {one["code"] for one in nanhai["categories"]}
    assert {one["code"] for one in nanhai["kinds"]} == set(RequestKind)
    assert (await client.get("/v1/jurisdictions/nanhai")).json() == nanhai


async def test_a_parent_comes_before_what_belongs_to_it(client: httpx.AsyncClient):
    for place in (await client.get("/v1/jurisdictions")).json()["jurisdictions"]:
        for rows in (place["divisions"], place["categories"]):
            seen: set[str | None] = {None}
            for row in rows:
                assert row["parent"] in seen, row
                seen.add(row["code"])


async def test_a_menu_that_is_known_is_not_sent_again(client: httpx.AsyncClient):
    for path in ("/v1/jurisdictions", "/v1/jurisdictions/nanhai"):
        first = await client.get(path)
        assert "public" in first.headers["cache-control"]
        for known in (first.headers["etag"], f'"x", W/{first.headers["etag"]}', "*"):
            again = await client.get(path, headers={"If-None-Match": known})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == first.headers["etag"]
        assert (await client.get(path, headers={"If-None-Match": '"other"'})).status_code == 200


async def test_an_unknown_jurisdiction_is_refused_with_those_there_are(client: httpx.AsyncClient):
    refused = await client.get("/v1/jurisdictions/atlantis")
    assert refused.status_code == 404
    assert "nanhai" in is_a_problem(refused)["errors"][0]["detail_en"]


async def test_an_unknown_division_points_to_the_menu(client: httpx.AsyncClient):
    (error,) = is_a_problem(await submit(client, GOOD | {"division": "1"}))["errors"]
    assert "/v1/jurisdictions" in error["detail"]
    assert "/v1/jurisdictions" in error["detail_en"]
