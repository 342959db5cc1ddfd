"""A channel submits demands: each is recorded once, every mistake is explained, and Kafka is not needed."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from services.intake import app, assembled
from services.intake.channels import keys
from services.intake.submission.checked_request import Request
from services.intake.submission.domain import SubmitDemand
from services.intake.submission.handler import SubmissionHandler
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.http.app import web_app
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.numbers import canonical
from shared.contracts.refusals import Refused
from tests.intake.conftest import settings
from tests.packs import shipped

GOOD = {"title": "校车接送点没有风雨棚", "division": "440605126222", "category": "school-transport"}


async def submit(client: httpx.AsyncClient, body: Any, key: str = "k1", **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await client.post(
        "/v1/demands", content=content, headers={"Idempotency-Key": key, "Content-Type": "application/json"} | headers
    )


async def count(pool: Pool, table: str) -> int:
    async with pool.acquire() as db:
        return int(await db.fetchval(f"SELECT count(*) FROM {table}"))


def is_a_problem(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["title"]
    assert body["title_en"]
    assert any("\u4e00" <= character <= "\u9fff" for character in body["title"])
    assert body["errors"], body
    assert all(error["field"] and error["detail"] and error["detail_en"] for error in body["errors"]), body
    return dict(body)


async def test_a_demand_is_accepted_and_numbered(client: httpx.AsyncClient, pool: Pool):
    answer = await submit(client, GOOD)
    assert answer.status_code == 201, answer.text
    receipt = answer.json()
    assert canonical(receipt["number"]) == receipt["number"]
    assert receipt["number"].startswith("NH")
    assert answer.headers["location"] == f"/v1/demands/{receipt['number']}"
    followed = (await client.get(answer.headers["location"])).json()
    assert (followed["status"], followed["title"]) == ("submitted", GOOD["title"])
    assert await count(pool, "journal") == 1


async def test_the_same_key_gets_the_same_answer(client: httpx.AsyncClient, pool: Pool):
    first, repeated = await submit(client, GOOD), await submit(client, GOOD)
    assert (first.status_code, first.json()) == (repeated.status_code, repeated.json())
    assert await count(pool, "submission") == 1


async def test_fifty_equal_requests_at_once_make_one_demand(client: httpx.AsyncClient, pool: Pool):
    answers = await asyncio.gather(*(submit(client, GOOD) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert await count(pool, "journal") == 1


async def test_spaces_around_a_key_are_ignored(client: httpx.AsyncClient, pool: Pool):
    at = {"occurred_at": "2026-11-24T08:00:00+08:00", "category": ""}
    answers = [await submit(client, GOOD | at, key) for key in ("k", "k ", "k")]
    answers.append(await submit(client, GOOD | at | {"attachments": []}, " k"))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["submitted_at"] == "2026-11-24T00:00:00Z"
    assert await count(pool, "submission") == 1
    async with pool.acquire() as db:
        assert "category" not in json.loads(await db.fetchval("SELECT payload FROM journal"))


async def test_the_same_key_for_another_body_is_refused(client: httpx.AsyncClient):
    await submit(client, GOOD)
    refused = await submit(client, GOOD | {"title": "另一件事"})
    assert refused.status_code == 422
    assert "idempotency-key-reused" in is_a_problem(refused)["type"]


async def test_a_key_of_yesterday_gets_yesterdays_answer(
    client: httpx.AsyncClient, key: str, pool: Pool, database: str
):
    receipt = (await submit(client, GOOD)).json()
    packs = shipped()
    vault = assembled.vault(settings(database))
    later_handler = SubmissionHandler(
        pool, assembled.demand_repository(packs), packs, vault, clock=lambda: now() + timedelta(hours=25)
    )
    channel = await keys.authenticate(pool, key, keys.Scope.SUBMIT)
    repeated = await later_handler.submit(channel, Request("k1", SubmitDemand.model_validate(GOOD)))
    assert (repeated.number, repeated.created) == (receipt["number"], False)
    with pytest.raises(Refused, match="this key belongs to demand"):
        await later_handler.submit(channel, Request("k1", SubmitDemand.model_validate(GOOD | {"title": "另一件事"})))


async def test_the_same_external_id_is_one_demand(client: httpx.AsyncClient, pool: Pool):
    first_answer = await submit(client, GOOD | {"external_id": "call-7"}, "k1")
    second_answer = await submit(client, GOOD | {"external_id": "call-7"}, "k2")
    assert first_answer.json()["number"] == second_answer.json()["number"]
    assert await count(pool, "submission") == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": 7}, "title"),
        ({"title": ""}, "title"),
        ({"title": None}, "title"),
        ({"title": "\u200b\u2060"}, "title"),
        ({"title": "长" * 201}, "title"),
        ({"title": "a\u0000b"}, "title"),
        ({"text": "a\u0007b"}, "text"),
        ({"division": "440699999999"}, "division"),
        ({"division": ["440605126222"]}, "division"),
        ({"category": "no-such"}, "category"),
        ({"kind": "wish"}, "kind"),
        ({"location": {"lat": 1e308, "lon": 0}}, "location.lat"),
        ({"location": {"lat": "x", "lon": 0}}, "location.lat"),
        ({"occurred_at": (datetime.now(UTC) + timedelta(days=1)).isoformat()}, "occurred_at"),
        ({"occurred_at": "2021-05-10T10:00:00"}, "occurred_at"),
        ({"occurred_at": "20261124"}, "occurred_at"),
        ({"occurred_at": 20261124}, "occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00Z"}, "occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at"),
        ({"occurred_at": "9999-12-31T23:59:59-12:00"}, "occurred_at"),
        ({"division": "440605\u0000"}, "division"),
        ({"category": "road-damage\u0000"}, "category"),
        ({"contact": {"phone": "1" * 33}}, "contact.phone"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
async def test_a_mistake_is_refused_with_its_field(client: httpx.AsyncClient, change: dict[str, Any], field: str):
    refused = await submit(client, GOOD | change)
    assert refused.status_code == 422, refused.text
    assert [error["field"] for error in is_a_problem(refused)["errors"]] == [field]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"null", b"[]", b'"x"', b"\xff\xfe", b'{"title": "\xff"}', b'{"title": "\\ud800", "division": "1"}',
        b"[" * 20_000, b'{"a":' * 5_000, b'{"title": 1e999}', b"NaN",
    ],
    ids=lambda body: repr(body[:12]),
)  # fmt: skip
async def test_an_invalid_body_is_refused_and_never_a_fault(client: httpx.AsyncClient, body: bytes):
    refused = await submit(client, body)
    assert 400 <= refused.status_code < 500, refused.text
    is_a_problem(refused)


async def test_a_body_of_five_megabytes_is_refused(client: httpx.AsyncClient):
    refused = await submit(client, GOOD | {"text": "x" * 5_000_000})
    assert refused.status_code == 413
    is_a_problem(refused)


async def test_a_body_that_hides_its_size_is_refused(client: httpx.AsyncClient):
    async def endless():
        for _ in range(500):
            yield b" " * 10_000

    refused = await client.post(
        "/v1/demands", content=endless(), headers={"Idempotency-Key": "k", "Content-Type": "application/json"}
    )
    assert refused.status_code == 413, refused.text


@pytest.mark.parametrize("headers", [{"X-API-Key": "wrong"}, {"X-API-Key": ""}])
async def test_a_wrong_key_is_refused(client: httpx.AsyncClient, headers: dict[str, str]):
    refused = await submit(client, GOOD, **headers)
    assert refused.status_code == 401
    (error,) = is_a_problem(refused)["errors"]
    assert (error["field"], error["example"][:3]) == ("X-API-Key", "hy_")


async def test_a_request_without_an_idempotency_key_is_refused(client: httpx.AsyncClient):
    refused = await client.post("/v1/demands", json=GOOD)
    assert 400 <= refused.status_code < 500
    assert "Idempotency-Key" in refused.text
    is_a_problem(refused)


async def test_a_blank_title_is_refused_with_the_required_length(client: httpx.AsyncClient):
    (error,) = is_a_problem(await submit(client, GOOD | {"title": "   "}))["errors"]
    assert error["detail"] == "至少 1 个字符"
    assert "character" in error["detail_en"]


async def test_a_date_in_another_format_is_refused_with_an_example(client: httpx.AsyncClient):
    (error,) = is_a_problem(await submit(client, GOOD | {"occurred_at": "20261124"}))["errors"]
    assert (error["field"], "ISO 8601" in error["detail"], "ISO 8601" in error["detail_en"]) == (
        "occurred_at",
        True,
        True,
    )


async def test_a_key_without_the_scope_cannot_import(client: httpx.AsyncClient):
    body = {
        "demands": [
            GOOD | {"external_id": "1", "occurred_at": "2021-05-10T02:00:00Z", "channel_kind": "web", "via": "x"}
        ]
    }
    refused = await client.post("/v1/imports", json=body)
    assert refused.status_code == 403
    (error,) = is_a_problem(refused)["errors"]
    assert (error["field"], "scopes=import,submit" in error["detail_en"]) == ("X-API-Key", True)


@pytest.mark.parametrize(
    ("title", "zh", "en"),
    [("长" * 201, "最多 200 个字符", "at most 200 characters"), (" \t", "至少 1 个字符", "at least 1 character")],
)
async def test_the_length_of_a_text_is_measured_as_it_is_stored(
    client: httpx.AsyncClient, title: str, zh: str, en: str
):
    (error,) = is_a_problem(await submit(client, GOOD | {"title": title}))["errors"]
    assert error["field"] == "title"
    assert (zh in error["detail"], en in error["detail_en"]) == (True, True), error


async def import_one(pool: Pool, client: httpx.AsyncClient, **changes: Any) -> httpx.Response:
    key = await keys.add(pool, "old", ChannelKind.PARTNER, "Old", ("import",))
    recorded = GOOD | {"external_id": "1", "occurred_at": "2021-05-10T02:00:00Z", "channel_kind": "web", "via": "x"}
    return await client.post("/v1/imports", json={"demands": [recorded | changes]}, headers={"X-API-Key": key})


async def test_an_imported_channel_with_a_control_character_is_refused(client: httpx.AsyncClient, pool: Pool):
    refused = await import_one(pool, client, via="a\0b")
    assert refused.status_code == 422, refused.text
    assert "demands.0.via" in is_a_problem(refused)["detail"]


@pytest.mark.parametrize(
    ("data", "place"),
    [({"result": "a\0b"}, "result"), ({"result": "ok", "evidence": ["photo-1", "a\0b"]}, "evidence")],
)
async def test_imported_text_with_a_control_character_is_refused_with_its_place(
    client: httpx.AsyncClient, pool: Pool, data: dict[str, Any], place: str
):
    step = {"at": "2021-05-12T02:00:00Z", "type": "demand.resolved", "data": {"by": "a"} | data}
    answer = await import_one(pool, client, history=[step])
    assert answer.status_code == 200, answer.text
    (row,) = answer.json()["rows"]
    assert not row["created"]
    assert f"history.0.data.{place}: contains the control character U+0000" in row["why"]


async def test_an_external_id_that_is_a_telephone_is_in_no_fact_and_still_identifies_repetitions(
    client: httpx.AsyncClient, pool: Pool
):
    called = GOOD | {"external_id": "20260301-13800138000"}
    first, repeated = await submit(client, called, "k1"), await submit(client, called, "k2")
    assert first.json()["number"] == repeated.json()["number"]
    await import_one(pool, client, external_id="e-13800138000", via="来电13800138000")
    async with pool.acquire() as db:
        payloads = "".join(row["payload"] for row in await db.fetch("SELECT payload FROM journal"))
    assert "13800138000" not in payloads
    assert '"20260301-［手机号］"' in payloads


async def test_personal_data_is_only_in_the_vault(client: httpx.AsyncClient, database: str):
    secret = {"name": "邹某某", "phone": "13800138000", "address": "鹤峰村三巷九号"}
    body = GOOD | {"text": "电话13912345678，身份证11010519491231002X，车牌粤E12345", "contact": secret}
    assert (await submit(client, body)).status_code == 201
    db = await asyncpg.connect(database)
    dump = ""
    for table in ("journal", "demand", "submission", "vault", "vault_key"):
        dump += "".join(str(dict(row)) for row in await db.fetch(f"SELECT * FROM intake.{table}"))
    await db.close()
    for word in (*secret.values(), "13912345678", "11010519491231002X", "粤E12345"):
        assert word not in dump
    assert "［手机号］" in dump


async def test_while_the_database_is_away_a_request_is_refused_with_a_time_to_retry(database: str):
    pool = await open_pool("postgresql://nobody:x@127.0.0.1:9/none", "intake")
    application = web_app("intake", app.api(settings(database), pool).routers)
    transport = httpx.ASGITransport(application, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://intake", headers={"X-API-Key": "k"}) as client:
        refused = await submit(client, GOOD)
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) > 0
    is_a_problem(refused)
