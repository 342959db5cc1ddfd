"""A front end gets its menus from the routes that refusals refer to."""

import httpx

from shared.contracts.demand.facts import RequestKind
from tests.intake.test_api import GOOD, is_a_problem, submit


async def test_the_menus_have_every_value_that_can_be_sent(client: httpx.AsyncClient):
    answer = await client.get("/v1/jurisdictions", headers={"X-API-Key": ""})
    assert answer.status_code == 200
    nanhai = answer.json()["jurisdictions"][0]
    assert (nanhai["id"], bool(nanhai["name"]), bool(nanhai["name_en"])) == ("nanhai", True, True)
    assert GOOD["division"] in {entry["code"] for entry in nanhai["divisions"]}
    assert GOOD["category"] in {entry["code"] for entry in nanhai["categories"]}
    assert {entry["code"] for entry in nanhai["kinds"]} == set(RequestKind)
    assert (await client.get("/v1/jurisdictions/nanhai")).json() == nanhai


async def test_parents_come_before_their_children(client: httpx.AsyncClient):
    for division in (await client.get("/v1/jurisdictions")).json()["jurisdictions"]:
        for rows in (division["divisions"], division["categories"]):
            ids: set[str | None] = {None}
            for row in rows:
                assert row["parent"] in ids, row
                ids.add(row["code"])


async def test_an_unchanged_menu_is_not_sent_again(client: httpx.AsyncClient):
    for path in ("/v1/jurisdictions", "/v1/jurisdictions/nanhai"):
        first = await client.get(path)
        assert "public" in first.headers["cache-control"]
        for etag in (first.headers["etag"], f'"x", W/{first.headers["etag"]}', "*"):
            unchanged = await client.get(path, headers={"If-None-Match": etag})
            assert (unchanged.status_code, unchanged.content) == (304, b"")
            assert unchanged.headers["etag"] == first.headers["etag"]
        assert (await client.get(path, headers={"If-None-Match": '"other"'})).status_code == 200


async def test_an_unknown_jurisdiction_is_refused_with_the_existing_ones(client: httpx.AsyncClient):
    refused = await client.get("/v1/jurisdictions/atlantis")
    assert refused.status_code == 404
    assert "nanhai" in is_a_problem(refused)["errors"][0]["detail_en"]


async def test_the_refusal_of_an_unknown_division_refers_to_the_menu(client: httpx.AsyncClient):
    (error,) = is_a_problem(await submit(client, GOOD | {"division": "1"}))["errors"]
    assert "/v1/jurisdictions" in error["detail"]
    assert "/v1/jurisdictions" in error["detail_en"]
