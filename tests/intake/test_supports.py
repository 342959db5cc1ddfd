"""A person supports a demand once, in any spelling of their number and on any channel."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.intake import app
from services.intake.notes import supporters
from services.intake.personal_data.handler import erase
from services.intake.vault.contact import Contact
from services.intake.vault.persons import ways
from shared.chassis.database.pool import Pool
from tests.intake.conftest import settings
from tests.intake.test_api import GOOD, is_a_problem, submit
from tests.intake.test_notes import another, notes, say, sight, taken

PHONE = {"phone": "13800138000"}


async def support(client: httpx.AsyncClient, number: str, key: str, contact: Any = None, **headers: str):
    body = {"contact": contact} if contact else {}
    return await say(client, number, "supports", body, key, **headers)


async def recorded_supports(pool: Pool) -> int:
    return [name for name, _ in await notes(pool)].count("demand.supported.v1")


SAME = (
    [
        {"phone": "13800138000"}, {"phone": "+86 138-0013-8000"}, {"phone": "0086 13800138000"},
        {"phone": "１３８００１３８０００"}, {"phone": "(86) 138 0013 8000"}, {"phone": "一三八〇〇一三八〇〇〇"},
        {"phone": "013800138000"}, {"phone": "13900139000 / 13800138000"},
        {"phone": "13800138000", "email": "chen@example.org"},
    ],
    [{"phone": "0757-86220000"}, {"phone": "+86 757 8622 0000"}, {"phone": "（0757）86220000"}],
    [
        {"email": "chen@example.org"}, {"email": " Chen@Example.ORG "}, {"email": "陈 <chen@example.org>"},
        {"email": "ｃｈｅｎ＠ｅｘａｍｐｌｅ．ｏｒｇ"},
    ],
    [{"wechat": "o-A1b2C3d4E5f6"}, {"wechat": " o-A1b2C3d4E5f6 "}],
)  # fmt: skip


@pytest.mark.parametrize("same", SAME)
async def test_one_person_is_one_support_with_any_key_channel_and_spelling(
    client: httpx.AsyncClient, pool: Pool, same: list[dict[str, str]]
):
    number, hotline = (await taken(client))["number"], await another(pool)
    first = await support(client, number, "k-first", same[0])
    assert first.status_code == 201, first.text
    for n, contact in enumerate(same):
        for key in (str(client.headers["X-API-Key"]), hotline):
            repeated = await support(client, number, f"k{n}", contact, **{"X-API-Key": key})
            assert (repeated.status_code, repeated.json()) == (201, first.json())
    response = await sight(client, number, "call-1", hotline, contact=same[-1])
    assert (response.status_code, response.json()) == (201, first.json())
    assert await recorded_supports(pool) == 1


async def test_different_people_are_different_supports(client: httpx.AsyncClient, pool: Pool):
    number = (await taken(client))["number"]
    people = [
        PHONE,
        {"phone": "13800138001"},
        {"email": "a@b.cn"},
        {"wechat": "o-A"},
        {"wechat": "o-a"},
        {"phone": "86220000"},
    ]
    answers = [await support(client, number, f"k{n}", contact) for n, contact in enumerate(people)]
    assert len({answer.json()["id"] for answer in answers}) == len(people)
    assert await recorded_supports(pool) == len(people)


async def test_a_person_may_support_several_demands(client: httpx.AsyncClient, pool: Pool):
    for key in ("k1", "k2"):
        number = (await taken(client, key))["number"]
        assert (await support(client, number, f"s-{key}", PHONE)).json()["number"] == number
    assert await recorded_supports(pool) == 2


async def test_a_person_with_more_contacts_later_is_recognised_as_the_first_support(
    client: httpx.AsyncClient, pool: Pool
):
    number = (await taken(client))["number"]
    first = await support(client, number, "k1", PHONE)
    await support(client, number, "k2", PHONE | {"email": "chen@example.org"})
    third = await support(client, number, "k3", {"email": "chen@example.org"})
    assert third.json() == first.json()
    assert await recorded_supports(pool) == 1


async def test_twelve_concurrent_supports_of_one_person_are_one(client: httpx.AsyncClient, pool: Pool):
    number = (await taken(client))["number"]
    answers = await asyncio.gather(*(support(client, number, f"k{n}", PHONE) for n in range(12)))
    assert {(answer.status_code, answer.text) for answer in answers} == {(201, answers[0].text)}
    assert await recorded_supports(pool) == 1


async def test_the_person_who_raised_a_demand_cannot_support_it_and_is_not_revealed(
    client: httpx.AsyncClient, pool: Pool
):
    number = (await taken(client, contact=PHONE | {"name": "陈"}))["number"]
    hotline = await another(pool)
    other = await support(client, number, "k0", {"phone": "13900139000"}, **{"X-API-Key": hotline})
    own_answer = await support(client, number, "k1", {"phone": "+86 138 0013 8000"}, **{"X-API-Key": hotline})
    repeated = await support(client, number, "k2", PHONE)
    assert own_answer.status_code == other.status_code == 201
    assert own_answer.json().keys() == other.json().keys()
    assert own_answer.json() == repeated.json()
    assert datetime.fromisoformat(own_answer.json()["at"]) >= datetime.fromisoformat(other.json()["at"])
    response = await sight(client, number, "call-1", hotline, contact=PHONE)
    assert response.status_code == 201
    answer = await client.get("/v1/demands", params={"external_id": "call-1"}, headers={"X-API-Key": hotline})
    assert [demand["number"] for demand in answer.json()["demands"]] == [number]
    assert await recorded_supports(pool) == 1


async def test_a_repeated_support_gets_the_first_answer_although_the_demand_has_ended(
    client: httpx.AsyncClient, pool: Pool
):
    number = (await taken(client))["number"]
    first = await support(client, number, "k1", PHONE)
    async with pool.acquire() as db:
        await db.execute("""UPDATE demand SET state = state || '{"status": "closed"}'""")
    assert (await support(client, number, "k2", PHONE)).json() == first.json()
    assert (await support(client, number, "k3", {"phone": "13900139000"})).status_code == 409


async def test_anonymous_supports_are_limited_per_channel_and_hour(
    client: httpx.AsyncClient, pool: Pool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(supporters, "NAMELESS", 3)
    number, elsewhere = (await taken(client))["number"], (await taken(client, "k2"))["number"]
    hotline = {"X-API-Key": await another(pool)}
    for n, contact in enumerate((None, {"name": "陈"}, {"address": "北园中路 1 号"})):
        assert (await support(client, number, f"k{n}", contact)).status_code == 201
    refused = await support(client, number, "k4")
    assert refused.status_code == 429
    assert is_a_problem(refused)["errors"][0]["field"] == "contact"
    assert int(refused.headers["Retry-After"]) > 0
    assert (await sight(client, number, "call-1", str(client.headers["X-API-Key"]))).status_code == 429
    assert (await support(client, number, "k0")).status_code == 201, "a repetition is no further support"
    assert (await support(client, number, "k5", PHONE)).status_code == 201
    assert (await support(client, elsewhere, "k6")).status_code == 201
    assert (await support(client, number, "k7", **hotline)).status_code == 201
    async with pool.acquire() as db:
        await db.execute("UPDATE nameless_support SET since = since - interval '61 minutes'")
    assert (await support(client, number, "k4")).status_code == 201


async def test_contacts_are_encrypted_and_an_erasure_removes_them(client: httpx.AsyncClient, pool: Pool, database: str):
    receipt = await taken(client)
    await support(client, receipt["number"], "k1", PHONE | {"email": "chen@example.org"})
    async with pool.acquire() as db, db.transaction():
        rows = await db.fetch("SELECT person FROM supporter")
        assert len(rows) == 2
        assert not any(b"138" in row["person"] or b"chen" in row["person"] for row in rows)
        await erase(db, UUID(receipt["id"]), datetime.now(UTC), "test", "asked")
        assert await db.fetchval("SELECT count(*) FROM supporter") == 0
    assert (await support(client, receipt["number"], "k2", PHONE)).status_code == 201
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM supporter") == 0


async def test_counts_of_supports_are_pruned_when_their_hour_is_over(
    client: httpx.AsyncClient, pool: Pool, database: str
):
    number = (await taken(client))["number"]
    await support(client, number, "k1")
    pruning = app.pruning(settings(database), pool)
    await pruning.prune()
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM nameless_support") == 1
        await db.execute("UPDATE nameless_support SET since = since - interval '61 minutes'")
        await pruning.prune()
        assert await db.fetchval("SELECT count(*) FROM nameless_support") == 0
    assert timedelta(hours=1) == supporters.WITHIN


async def test_a_contact_of_a_submission_is_stored_only_in_the_vault(client: httpx.AsyncClient, pool: Pool):
    await submit(client, GOOD | {"contact": PHONE}, "k")
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM supporter") == 0


def test_a_name_or_an_address_does_not_identify_a_supporter():
    assert not list(ways(Contact(name="陈", address="北园中路 1 号")))
    assert list(ways(Contact(phone="转 0"))) == []
