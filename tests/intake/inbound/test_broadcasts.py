"""Live broadcasts: demands are submitted to a programme, and can be listed by programme afterwards."""

from typing import Any

import httpx
import pytest

from services.intake.vault.sealing import Vault
from shared.chassis.database.pool import Pool
from shared.contracts.demand.facts import ChannelKind
from tests.intake.inbound.conftest import channel, facts
from tests.intake.test_api import is_a_problem


@pytest.fixture
async def studio(outside: httpx.AsyncClient, pool: Pool, vault: Vault) -> httpx.AsyncClient:
    outside.headers["X-API-Key"] = await channel(pool, vault, ChannelKind.BROADCAST)
    return outside


async def opened(studio: httpx.AsyncClient, title: str = "民声热线", key: str = "p1") -> dict[str, Any]:
    answer = await studio.post("/v1/programmes", json={"title": title}, headers={"Idempotency-Key": key})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def take(studio: httpx.AsyncClient, programme: str, title: str, key: str) -> httpx.Response:
    return await studio.post(
        f"/v1/programmes/{programme}/demands", json={"title": title}, headers={"Idempotency-Key": key}
    )


async def test_a_demand_raised_in_a_broadcast_is_stored_with_its_programme(studio: httpx.AsyncClient, pool: Pool):
    programme, other_programme = await opened(studio), await opened(studio, "直播问政", "p2")
    titles = ("路灯坏了", "垃圾没人收", "井盖丢了")
    for n, title in enumerate(titles):
        answer = await take(studio, programme["id"], title, f"d{n}")
        assert answer.status_code == 201, answer.text
    await take(studio, other_programme["id"], "另一件事", "d9")
    listed, url = [], f"/v1/programmes/{programme['id']}/demands?limit=2"
    while url:
        page = await studio.get(url)
        listed += [demand["title"] for demand in page.json()["demands"]]
        url = page.links.get("next", {}).get("url", "")
    assert listed == list(titles[::-1])
    assert {fact["channel_kind"] for fact in await facts(pool)} == {"broadcast"}


async def test_a_key_of_one_programme_is_refused_in_another(studio: httpx.AsyncClient):
    programme, other_programme = await opened(studio), await opened(studio, "直播问政", "p2")
    assert (await take(studio, programme["id"], "路灯坏了", "d1")).status_code == 201
    refused = await take(studio, other_programme["id"], "路灯坏了", "d1")
    assert (refused.status_code, "idempotency-key-reused" in is_a_problem(refused)["type"]) == (422, True)
    assert (await take(studio, programme["id"], "路灯坏了", "d1")).status_code == 201


async def test_programmes_are_listed_newest_first(studio: httpx.AsyncClient):
    ids = [(await opened(studio, f"第{n}期", f"p{n}"))["id"] for n in range(3)]
    page = await studio.get("/v1/programmes", params={"limit": 2})
    assert [programme["id"] for programme in page.json()["programmes"]] == [ids[2], ids[1]]
    assert "next" not in (await studio.get("/v1/programmes", params={"limit": 3})).json(), "a full last page"
    rest = await studio.get(page.links["next"]["url"])
    assert [programme["id"] for programme in rest.json()["programmes"]] == [ids[0]]


async def test_opening_again_with_the_same_key_returns_the_same_programme(studio: httpx.AsyncClient):
    assert await opened(studio) == await opened(studio)
    refused = await studio.post("/v1/programmes", json={"title": "另一期"}, headers={"Idempotency-Key": "p1"})
    assert "idempotency-key-reused" in is_a_problem(refused)["type"]


async def test_a_closed_programme_accepts_only_repetitions(studio: httpx.AsyncClient):
    programme = (await opened(studio))["id"]
    first = await take(studio, programme, "路灯坏了", "d1")
    closed = (await studio.post(f"/v1/programmes/{programme}/close")).json()
    assert closed["closed_at"]
    assert (await studio.post(f"/v1/programmes/{programme}/close")).json() == closed
    assert (await take(studio, programme, "路灯坏了", "d1")).json() == first.json()
    refused = await take(studio, programme, "垃圾没人收", "d2")
    assert refused.status_code == 409
    is_a_problem(refused)


async def test_another_channel_cannot_use_a_programme(studio: httpx.AsyncClient, pool: Pool, vault: Vault):
    programme = (await opened(studio))["id"]
    studio.headers["X-API-Key"] = await channel(pool, vault, ChannelKind.WEB)
    assert (await take(studio, programme, "x", "d1")).status_code == 404
    assert (await studio.get(f"/v1/programmes/{programme}/demands")).status_code == 404
    assert (await studio.post(f"/v1/programmes/{programme}/close")).status_code == 404
    refused = await studio.post("/v1/programmes", json={"title": "x"}, headers={"Idempotency-Key": "p1"})
    assert refused.status_code == 403
