"""Notes of citizens after submission: recorded once, with personal data masked; demands followed with number and
code."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.intake.channels import keys
from services.intake.channels.channel import Channel
from services.intake.settings import IntakeSettings
from services.intake.submission.secret_code import SecretCodes
from services.intake.tracking import queries
from services.intake.tracking.lookup import WITHIN, WRONG_CODES, DemandLookup
from services.intake.vault.sealing import Vault
from shared.chassis.database.pool import Pool
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.refusals import Refused
from tests.intake.conftest import settings
from tests.intake.test_api import GOOD, count, is_a_problem, submit
from tests.keys import KEYS

WORDS = {"supplements": {"text": "早上七点最挤"}, "urges": {"reason": "已经等了两周"}, "supports": {},
         "withdrawal": {"reason": "已经有人装好了"}}  # fmt: skip
NOTES = {"supplements": "supplemented", "urges": "urged", "supports": "supported", "withdrawal": "withdrawal-requested"}


async def taken(client: httpx.AsyncClient, key: str = "k1", **changes: Any) -> dict[str, Any]:
    answer = await submit(client, GOOD | changes, key)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def say(client: httpx.AsyncClient, number: str, note: str, body: Any = None, key: str = "s1", **headers: str):
    return await client.post(
        f"/v1/demands/{number}/{note}",
        json=WORDS[note] if body is None else body,
        headers={"Idempotency-Key": key} | headers,
    )


async def sight(client: httpx.AsyncClient, number: str, external_id: str, key: str, **fields: Any) -> httpx.Response:
    return await client.post(
        f"/v1/demands/{number}/sightings", json={"external_id": external_id} | fields, headers={"X-API-Key": key}
    )


async def another(pool: Pool, name: str = "hotline", kind: ChannelKind = ChannelKind.HOTLINE) -> str:
    return await keys.add(pool, name, kind, name)


async def notes(pool: Pool) -> list[tuple[str, str]]:
    async with pool.acquire() as db:
        rows = await db.fetch("SELECT type, payload FROM journal WHERE sequence IS NULL ORDER BY position")
    return [(row["type"], row["payload"]) for row in rows]


async def opened(pool: Pool, reference: str, secret: str) -> str:
    async with pool.acquire() as db:
        row = await db.fetchrow(
            "SELECT vault_key.id, wrapped, sealed FROM vault JOIN vault_key USING (demand_id) WHERE vault.id = $1",
            reference,
        )
    assert row
    return Vault.of(secret).unwrap(row["id"], row["wrapped"]).open(UUID(str(reference)), row["sealed"]).decode()


async def stands_at(pool: Pool, number: str, status: str) -> None:
    async with pool.acquire() as db:
        await db.execute(
            "UPDATE demand SET state = state || jsonb_build_object('status', $2::text) WHERE state ->> 'number' = $1",
            number,
            status,
        )


@pytest.mark.parametrize("note", WORDS)
async def test_a_citizen_can_add_notes_after_submission(client: httpx.AsyncClient, pool: Pool, note: str):
    number = (await taken(client))["number"]
    answer = await say(client, number, note)
    assert answer.status_code in (201, 202), answer.text
    assert answer.json()["number"] == number
    ((fact_type, _),) = await notes(pool)
    assert fact_type == f"demand.{NOTES[note]}.v1"


@pytest.mark.parametrize("note", WORDS)
async def test_a_repeated_note_is_recorded_once(client: httpx.AsyncClient, pool: Pool, note: str):
    number = (await taken(client))["number"]
    answers = await asyncio.gather(*(say(client, number, note) for _ in range(10)))
    assert len({(answer.status_code, answer.text) for answer in answers}) == 1
    assert len(await notes(pool)) == 1


async def test_a_key_used_for_another_text_or_demand_is_refused(client: httpx.AsyncClient):
    first_number, second_number = (await taken(client))["number"], (await taken(client, "k2"))["number"]
    await say(client, first_number, "urges")
    for number, note, body in (
        (first_number, "urges", {"reason": "x"}),
        (first_number, "supplements", None),
        (second_number, "urges", None),
    ):
        refused = await say(client, number, note, body)
        assert "idempotency-key-reused" in is_a_problem(refused)["type"]


async def test_a_supplement_with_personal_numbers_is_masked_and_its_original_encrypted(
    client: httpx.AsyncClient, pool: Pool, database: str
):
    number = (await taken(client))["number"]
    words = "请打13912345678，粤E12345停在那里"
    await say(client, number, "supplements", {"text": words})
    await say(client, number, "urges", {"reason": words}, "s2")
    await say(client, number, "withdrawal", {"reason": words}, "s3")
    for _, payload in await notes(pool):
        assert "13912345678" not in payload
        assert "［手机号］" in payload
        reference = payload.rpartition('"original":"')[2][:36]
        assert await opened(pool, reference, settings(database).vault_key) == words


async def test_a_supplement_that_becomes_longer_by_masking_is_shortened_and_its_original_encrypted(
    client: httpx.AsyncClient, pool: Pool, database: str
):
    number, long = (await taken(client))["number"], "姓名：王芳。" * 666
    answer = await say(client, number, "supplements", {"text": long})
    assert answer.status_code == 201, answer.text
    payload = json.loads((await notes(pool))[-1][1])
    assert len(payload["text"]) == 4000
    assert await opened(pool, payload["original"], settings(database).vault_key) == long


async def test_a_supporters_contact_is_only_in_the_vault(client: httpx.AsyncClient, pool: Pool, database: str):
    number = (await taken(client))["number"]
    await say(client, number, "supports", {"contact": {"phone": "13800138000"}})
    ((_, payload),) = await notes(pool)
    assert "13800138000" not in payload
    reference = payload.rpartition('"contact":"')[2][:36]
    assert "13800138000" in await opened(pool, reference, settings(database).vault_key)


async def test_an_ended_demand_accepts_no_notes(client: httpx.AsyncClient, pool: Pool):
    number = (await taken(client))["number"]
    await stands_at(pool, number, "closed")
    for note in WORDS:
        refused = await say(client, number, note)
        assert refused.status_code == 409
        is_a_problem(refused)


async def test_an_answered_demand_is_not_withdrawn_but_may_be_supplemented(client: httpx.AsyncClient, pool: Pool):
    number = (await taken(client))["number"]
    await stands_at(pool, number, "resolved")
    assert (await say(client, number, "withdrawal")).status_code == 409
    assert (await say(client, number, "supplements", key="s2")).status_code == 201


async def test_another_channel_can_add_notes_only_with_the_code(client: httpx.AsyncClient, pool: Pool):
    receipt = await taken(client)
    key = await another(pool)
    for note in ("supplements", "urges", "withdrawal"):
        refused = await say(client, receipt["number"], note, **{"X-API-Key": key})
        assert refused.status_code == 404
        answer = await say(client, receipt["number"], note, key=note,
                          **{"X-API-Key": key, "X-Demand-Code": receipt["code"]})  # fmt: skip
        assert answer.status_code in (201, 202), answer.text


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": "长" * 4001}, {"text": "a\u0000"}, {"words": "x"}])
async def test_a_supplement_without_text_is_refused_with_a_reason(client: httpx.AsyncClient, body: Any):
    number = (await taken(client))["number"]
    refused = await say(client, number, "supplements", body)
    assert refused.status_code == 422
    assert is_a_problem(refused)["errors"]


async def test_a_citizen_follows_with_number_and_code_and_no_key(client: httpx.AsyncClient):
    receipt = await taken(client)
    assert (await taken(client))["code"] == receipt["code"]
    client.headers.pop("X-API-Key")
    typed = receipt["code"].lower().replace("0", "o").replace("1", "i")
    for query, headers in (({"code": receipt["code"]}, {}), ({"code": typed}, {}), ({}, {"X-Demand-Code": typed})):
        followed = await client.get(f"/v1/demands/{receipt['number']}", params=query, headers=headers)
        assert followed.status_code == 200, followed.text
        assert followed.json()["status"] == "submitted"
        assert "no-store" in followed.headers["cache-control"]
    refused = await client.get(f"/v1/demands/{receipt['number']}")
    assert refused.status_code == 401
    assert "X-Demand-Code" in is_a_problem(refused)["detail"]


async def test_a_wrong_code_is_answered_like_an_unknown_number(client: httpx.AsyncClient, pool: Pool):
    first_receipt, second_receipt = await taken(client), await taken(client, "k2")
    async with pool.acquire() as db:
        await db.execute("DELETE FROM demand WHERE id = $1", UUID(second_receipt["id"]))
    wrong = await client.get(f"/v1/demands/{first_receipt['number']}", params={"code": second_receipt["code"]})
    unknown = await client.get(f"/v1/demands/{second_receipt['number']}", params={"code": second_receipt["code"]})
    assert wrong.status_code == unknown.status_code == 404
    assert wrong.text.replace(first_receipt["number"], "N") == unknown.text.replace(second_receipt["number"], "N")
    assert wrong.headers.keys() == unknown.headers.keys()


async def test_guessing_codes_is_slowed_down_and_locks_nobody_out(client: httpx.AsyncClient, pool: Pool, database: str):
    receipt, moment, waits = await taken(client), [datetime.now(UTC)], list[float]()

    async def pause(seconds: float) -> None:
        waits.append(seconds)

    following = DemandLookup(pool, SecretCodes(settings(database).secret), lambda: moment[0], pause)
    for n in range(WRONG_CODES + 5):
        assert len(waits) == max(0, n - WRONG_CODES)
        with pytest.raises(Refused):
            await following.by_code(receipt["number"], "wrong")
    assert (await following.by_code(receipt["number"], receipt["code"])).number == receipt["number"]
    assert waits == [1, 2, 4, 4, 4, 4]
    moment[0] += WITHIN + timedelta(seconds=1)
    with pytest.raises(Refused):
        await following.by_code(receipt["number"], "wrong")
    await following.by_code(receipt["number"], receipt["code"])
    assert len(waits) == 6, "the count has begun anew"


def test_a_code_is_short_and_useless_with_another_secret():
    demand = UUID(int=7)
    code = SecretCodes("a" * 40).of(demand)
    assert len(code) == 8
    assert not set(code) & set("ILOU")
    assert SecretCodes("a" * 40).fits(demand, f" {code[:4]}-{code[4:].lower()} ")
    assert not SecretCodes("b" * 40).fits(demand, code)
    assert not SecretCodes("a" * 40).fits(demand, "编号")


async def test_a_channel_lists_its_own_demands_page_by_page(client: httpx.AsyncClient, pool: Pool):
    numbers = [(await taken(client, f"k{n}"))["number"] for n in range(5)]
    key = await another(pool)
    await submit(client, GOOD, "other", **{"X-API-Key": key})
    listed, url = [], "/v1/demands?limit=2"
    while url:
        page = await client.get(url)
        assert page.status_code == 200, page.text
        listed += [demand["number"] for demand in page.json()["demands"]]
        url = page.links.get("next", {}).get("url", "")
        assert bool(url) == ("next" in page.json())
    assert listed == numbers[::-1]


async def test_a_full_last_page_says_that_it_is_the_last(client: httpx.AsyncClient):
    for n in range(4):
        await taken(client, f"k{n}")
    first = (await client.get("/v1/demands", params={"limit": 2})).json()
    last = await client.get("/v1/demands", params={"limit": 2, "after": first["next"]})
    assert (len(last.json()["demands"]), "next" in last.json(), "link" in last.headers) == (2, False, False)
    assert "next" not in (await client.get("/v1/demands", params={"external_id": "none"})).json()


async def test_a_new_demand_does_not_shift_the_pages(client: httpx.AsyncClient):
    numbers = [(await taken(client, f"k{n}"))["number"] for n in range(4)]
    first = (await client.get("/v1/demands", params={"limit": 2})).json()
    await taken(client, "late")
    second = (await client.get("/v1/demands", params={"limit": 2, "after": first["next"]})).json()
    assert [d["number"] for d in second["demands"]] == numbers[1::-1]


@pytest.mark.parametrize("cursor", ["x", "编号", "AAAA", "x" * 30])
async def test_a_forged_cursor_is_refused_with_a_reason(client: httpx.AsyncClient, cursor: str):
    refused = await client.get("/v1/demands", params={"after": cursor})
    assert refused.status_code == 422
    assert is_a_problem(refused)["errors"][0]["field"] == "after"


async def test_a_list_is_read_from_its_index(pool: Pool):
    async with pool.acquire() as db:
        await db.execute("""
            WITH fresh AS (
                INSERT INTO submission (id, channel, idempotency_key, fingerprint, number, submitted_at)
                SELECT gen_random_uuid(), 'web', n, '', n, now() FROM generate_series(1, 3000) AS n RETURNING id
            )
            INSERT INTO demand (id, version, state) SELECT id, 1, '{}' FROM fresh
        """)
        await db.execute("INSERT INTO sighting SELECT 'web', number, id, submitted_at FROM submission")
        await db.execute("ANALYZE submission, sighting, demand")
        plan = await db.fetch(f"EXPLAIN {queries.LISTED}", "web", UUID(int=2**127), 50)
    text = "\n".join(row[0] for row in plan)
    assert "submission_of_channel" in text
    assert "sighting_of_channel" in text
    assert "Seq Scan on submission" not in text
    assert "Seq Scan on sighting" not in text


async def test_a_sighting_gives_a_demand_a_second_reference(client: httpx.AsyncClient, pool: Pool):
    number = (await taken(client, external_id="form-1"))["number"]
    key = await another(pool)
    first = await sight(client, number, "call-9", key, contact={"phone": "13800138000"})
    repeated = await sight(client, number, "call-9", key, contact={"phone": "13800138000"})
    assert first.status_code == 201, first.text
    assert first.json() == repeated.json()
    later = await submit(client, GOOD, "later", **{"X-API-Key": key})
    assert later.json()["number"] != number
    same = await submit(client, GOOD | {"external_id": "call-9", "title": "同一件事"}, "k1", **{"X-API-Key": key})
    assert same.status_code == 201, same.text
    assert (same.json()["number"], same.json()["code"]) == (number, ""), "the code is for the channel that took it in"
    assert [fact_type for fact_type, _ in await notes(pool)] == ["demand.supported.v1"]


async def test_another_channel_can_access_a_confidential_report_only_with_its_code(
    client: httpx.AsyncClient, pool: Pool
):
    report = await taken(client, kind="report")
    other = {"X-API-Key": await another(pool)}
    url = f"/v1/demands/{report['number']}"
    for note, body in (("sightings", {"external_id": "call-9"}), ("supports", {})):
        headers = other | {"Idempotency-Key": note}
        refused = await client.post(f"{url}/{note}", json=body, headers=headers)
        assert refused.status_code == 404
        assert "X-Demand-Code" in is_a_problem(refused)["detail"]
        assert (await client.get(url, headers=other)).status_code == 404
        answer = await client.post(f"{url}/{note}", json=body, headers=headers | {"X-Demand-Code": report["code"]})
        assert answer.status_code == 201, answer.text
        async with pool.acquire() as db:
            await db.execute("DELETE FROM sighting")


async def test_a_reference_used_again_for_another_demand_is_refused(client: httpx.AsyncClient, pool: Pool):
    first = await taken(client, "a", external_id="call-1")
    other = GOOD | {"title": "李村路灯不亮", "external_id": "call-1"}
    refused = await submit(client, other, "b")
    assert (refused.status_code, is_a_problem(refused)["errors"][0]["field"]) == (409, "external_id")
    assert first["number"] in refused.text
    assert (await submit(client, other | {"external_id": "call-1-2"}, "b")).status_code == 201
    assert await count(pool, "submission") == 2


async def test_a_reference_belongs_to_one_demand_only(client: httpx.AsyncClient, pool: Pool):
    first_number, second_number = (await taken(client))["number"], (await taken(client, "k2"))["number"]
    key = await another(pool)
    await submit(client, GOOD | {"external_id": "call-1"}, **{"X-API-Key": key})
    await sight(client, first_number, "call-2", key)
    for number, reference in ((first_number, "call-1"), (second_number, "call-2")):
        refused = await sight(client, number, reference, key)
        assert refused.status_code == 409
        assert reference in is_a_problem(refused)["detail"]
    own = await taken(client, "k3", external_id="call-3")
    refused = await sight(client, own["number"], "call-3", client.headers["X-API-Key"])
    assert refused.status_code == 409, "a channel supports no demand by the reference under which it submitted it"


async def test_a_concurrent_sighting_and_submission_with_one_reference_are_one_demand(
    client: httpx.AsyncClient, pool: Pool
):
    number = (await taken(client))["number"]
    key = await another(pool)
    for n in range(10):
        reference = {"external_id": f"call-{n}"}
        numbers, submitted = await asyncio.gather(
            sight(client, number, f"call-{n}", key),
            submit(client, GOOD | reference, f"both-{n}", **{"X-API-Key": key}),
        )
        assert submitted.status_code == 201
        assert (numbers.status_code == 201) == (submitted.json()["number"] == number)
    assert await count(pool, "sighting") + await count(pool, "submission") == 11


async def test_following_as_a_channel_needs_no_code(pool: Pool, client: httpx.AsyncClient, database: str):
    number = (await taken(client))["number"]
    following = DemandLookup(pool, SecretCodes(IntakeSettings.model_validate(KEYS | {"DATABASE_URL": database}).secret))
    stranger = Channel("sms", ChannelKind.SMS, frozenset({"submit"}))
    reader = Channel("audit", ChannelKind.PARTNER, frozenset({"submit", "read-all"}))
    assert (await following.readable(reader, number)).number == number
    with pytest.raises(Refused):
        await following.readable(stranger, number)
    with pytest.raises(Refused):
        await following.own(reader, number)


async def test_a_channel_can_follow_a_demand_of_its_sighting_by_its_own_reference(
    client: httpx.AsyncClient, pool: Pool
):
    number = (await taken(client))["number"]
    hotline = {"X-API-Key": await another(pool)}
    assert (await client.get(f"/v1/demands/{number}", headers=hotline)).status_code == 404
    own = (await submit(client, GOOD, "call-8", **hotline)).json()["number"]
    for call in ("call-9", "call-10"):
        assert (await sight(client, number, call, hotline["X-API-Key"])).status_code == 201
    assert (await client.get(f"/v1/demands/{number}", headers=hotline)).status_code == 200
    listed = (await client.get("/v1/demands", headers=hotline)).json()["demands"]
    assert [demand["number"] for demand in listed] == [own, number]
    body = (await client.get("/v1/demands", params={"limit": 1}, headers=hotline)).json()
    two = (await client.get("/v1/demands", params={"limit": 1, "after": body["next"]}, headers=hotline)).json()
    assert [demand["number"] for demand in body["demands"] + two["demands"]] == [own, number]
    for reference, found in (("call-9", [number]), ("call-x", [])):
        answer = await client.get("/v1/demands", params={"external_id": reference}, headers=hotline)
        assert [demand["number"] for demand in answer.json()["demands"]] == found


@pytest.mark.parametrize(
    ("note", "body", "other"),
    [
        ("supplements", {"text": "请打13800138000"}, {"text": "请打13900139000"}),
        ("urges", {"reason": "请打13800138000"}, {"reason": "请打13900139000"}),
        ("supports", {"contact": {"phone": "13800138000"}}, {"contact": {"phone": "13900139000"}}),
    ],
)
async def test_a_key_is_refused_for_other_personal_data_even_if_masked_alike(
    client: httpx.AsyncClient, note: str, body: Any, other: Any
):
    number = (await taken(client))["number"]
    first = await say(client, number, note, body)
    assert (first.status_code, (await say(client, number, note, body)).json()) == (201, first.json())
    refused = await say(client, number, note, other)
    assert refused.status_code == 422, refused.text
    assert is_a_problem(refused)["errors"][0]["field"] == "Idempotency-Key"


async def test_a_channel_with_a_sighting_can_add_notes_only_with_the_code(client: httpx.AsyncClient, pool: Pool):
    receipt = await taken(client)
    hotline = {"X-API-Key": await another(pool)}
    await sight(client, receipt["number"], "call-9", hotline["X-API-Key"])
    for note in ("supplements", "urges", "withdrawal"):
        refused = await say(client, receipt["number"], note, key=note, **hotline)
        assert refused.status_code == 404
        assert "X-Demand-Code" in is_a_problem(refused)["detail"]
        answer = await say(client, receipt["number"], note, key=note, **hotline, **{"X-Demand-Code": receipt["code"]})
        assert answer.status_code in (201, 202)
