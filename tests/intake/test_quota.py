"""A channel's key: rotated with a grace time, revoked at once, with one quota over all API processes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from typer.testing import CliRunner

from deploy.cli.main import app as cli
from services.intake import app
from services.intake.channels import keys
from services.intake.channels.gateway_settings import GatewayRegistry
from services.intake.channels.key_queries import KeyUsage
from services.intake.vault.sealing import Vault
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.http.app import web_app
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.refusals import Code, Refused
from tests.intake.conftest import settings
from tests.intake.test_api import GOOD, count, is_a_problem, submit
from tests.keys import KEYS

AT = datetime(2026, 11, 24, 8, 0, 20, tzinfo=UTC)


@pytest.fixture
async def key(pool: Pool) -> str:
    return await keys.add(pool, "app", ChannelKind.WEB, "App")


async def limit(pool: Pool, database: str, channel: str, quota: int) -> None:
    await GatewayRegistry(pool, Vault.of(settings(database).vault_key)).put(channel, {"quota_per_minute": str(quota)})


async def ask(pool: Pool, key: str, at: datetime = AT) -> str:
    return (await keys.authenticate(pool, key, "submit", lambda: at)).id


async def refusal(pool: Pool, key: str, at: datetime = AT) -> Refused:
    with pytest.raises(Refused) as refused:
        await ask(pool, key, at)
    return refused.value


async def not_over_a_minute() -> None:
    """Wait for the next minute if this one is about to end, since each minute is counted separately."""
    if (seconds_left := 60 - datetime.now(UTC).second) < 15:
        await asyncio.sleep(seconds_left)


@asynccontextmanager
async def counting_apart(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[str]]:
    """The keys that were counted by a separate statement; not at the end of a minute, when all are."""
    await not_over_a_minute()
    counted: list[str] = []
    count = keys.KeyCache.count

    async def record(self: keys.KeyCache, key: str, at: datetime) -> KeyUsage | None:
        counted.append(key)
        return await count(self, key, at)

    monkeypatch.setattr(keys.KeyCache, "count", record)
    yield counted


async def used(pool: Pool) -> int:
    async with pool.acquire() as db:
        return int(await db.fetchval("SELECT sum(requests) FROM channel_usage"))


async def test_a_response_shows_the_remaining_quota(client: httpx.AsyncClient, pool: Pool, database: str):
    await limit(pool, database, "web", 5)
    await not_over_a_minute()
    accepted, refused = await submit(client, GOOD), await submit(client, {}, "k2")
    assert (accepted.status_code, refused.status_code) == (201, 422)
    assert accepted.headers["ratelimit-policy"] == '"channel";q=5;w=60'
    assert accepted.headers["ratelimit"].startswith('"channel";r=4;t=')
    assert refused.headers["ratelimit"].startswith('"channel";r=3;t=')


async def test_a_channel_over_its_quota_is_told_when_to_retry(client: httpx.AsyncClient, pool: Pool, database: str):
    await limit(pool, database, "web", 1)
    await not_over_a_minute()
    refused = [await submit(client, GOOD) for _ in range(3)][-1]
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    problem = is_a_problem(refused)
    assert "quota-used-up" in problem["type"]
    assert "每分钟限 1 次" in problem["detail"]
    assert "1 requests a minute" in problem["detail_en"]
    assert refused.headers["ratelimit"].startswith('"channel";r=0;t=')


async def test_a_cached_key_is_counted_by_the_writing_statement(
    client: httpx.AsyncClient, pool: Pool, database: str, monkeypatch: pytest.MonkeyPatch
):
    await limit(pool, database, "web", 100)
    async with counting_apart(monkeypatch) as counted:
        await submit(client, GOOD)
        answers = await asyncio.gather(*(submit(client, GOOD, f"k{n}") for n in range(2, 21)))
    left = sorted(answer.headers["ratelimit"].partition(";t")[0] for answer in answers)
    assert left == sorted(f'"channel";r={100 - n}' for n in range(2, 21))
    assert len(counted) == 1
    assert await used(pool) == 20


async def test_a_quota_can_be_used_up_to_the_last_request(
    client: httpx.AsyncClient, pool: Pool, database: str, monkeypatch: pytest.MonkeyPatch
):
    await limit(pool, database, "web", 7)
    async with counting_apart(monkeypatch):
        await submit(client, GOOD)
        answers = await asyncio.gather(*(submit(client, GOOD, f"k{n}") for n in range(2, 21)))
    assert sorted(answer.status_code for answer in answers) == [201] * 6 + [429] * 13
    assert await count(pool, "submission") == 7


@pytest.mark.parametrize(
    ("change", "status", "submitted"),
    [
        ("UPDATE channel SET revoked_at = now()", 401, 1),
        ("UPDATE channel SET key_hash = 'another'", 401, 1),
        ("UPDATE channel SET scopes = '{import}'", 403, 1),
        ("UPDATE channel SET settings = settings || '{\"quota_per_minute\": 1}'", 429, 1),
        ("UPDATE channel SET key_hash = 'another', old_key_hash = key_hash, old_key_until = now()", 401, 1),
        ("UPDATE channel SET key_hash = 'another', old_key_hash = key_hash, old_key_until = now() + '1h'", 201, 2),
    ],
)
async def test_a_change_of_a_channel_counts_from_its_next_request_on(
    client: httpx.AsyncClient, pool: Pool, change: str, status: int, submitted: int
):
    await not_over_a_minute()
    assert (await submit(client, GOOD)).status_code == 201
    async with pool.acquire() as db:
        await db.execute(change)
    assert (await submit(client, GOOD, "k2")).status_code == status
    assert await count(pool, "submission") == submitted


async def test_a_channels_new_division_counts_from_its_next_request_on(
    client: httpx.AsyncClient, pool: Pool, database: str
):
    registry = GatewayRegistry(pool, Vault.of(settings(database).vault_key))
    placeless = {name: value for name, value in GOOD.items() if name != "division"}
    for n, division in enumerate(("440605126222", "440605011001")):
        await registry.put("web", {"division": division})
        number = (await submit(client, placeless, f"k{n}")).json()["number"]
        assert (await client.get(f"/v1/demands/{number}")).json()["division"] == division


async def test_two_keys_of_one_channel_are_both_counted(
    client: httpx.AsyncClient, pool: Pool, monkeypatch: pytest.MonkeyPatch
):
    fresh = {"X-API-Key": await keys.rotate(pool, "web", timedelta(hours=1))}
    async with counting_apart(monkeypatch) as counted:
        await submit(client, GOOD, "k0")
        await submit(client, GOOD, "k1", **fresh)
        turns = ((f"k{n}", fresh if n % 2 else {}) for n in range(2, 12))
        answers = await asyncio.gather(*(submit(client, GOOD, name, **key) for name, key in turns))
    assert {answer.status_code for answer in answers} == {201}
    assert (len(counted), await used(pool), await count(pool, "submission")) == (2, 12, 12)
    async with pool.acquire() as db:
        await db.execute("UPDATE channel SET old_key_until = now()")
    turns = ((f"k{n}", fresh if n % 2 else {}) for n in range(12, 22))
    answers = await asyncio.gather(*(submit(client, GOOD, name, **key) for name, key in turns))
    assert [answer.status_code for answer in answers] == [401, 201] * 5


async def test_a_quota_is_shared_by_all_api_processes(pool: Pool, database: str, key: str):
    await limit(pool, database, "app", 20)
    async with await open_pool(database, "intake") as other:
        requests = [ask(one, key) for one in (pool, other) for _ in range(20)]
        answers = await asyncio.gather(*requests, return_exceptions=True)
    assert answers.count("app") == 20
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert {one.code for one in refused} == {Code.QUOTA_USED_UP}
    assert {one.retry_after for one in refused} == {40}


async def test_a_new_minute_brings_a_new_quota(pool: Pool, database: str, key: str):
    await limit(pool, database, "app", 1)
    await ask(pool, key)
    assert (await refusal(pool, key)).code is Code.QUOTA_USED_UP
    assert await ask(pool, key, AT + timedelta(seconds=40)) == "app"


async def test_a_key_is_cached_only_for_its_minute(pool: Pool, key: str):
    other, cache = await keys.add(pool, "other", ChannelKind.WEB, "Other"), keys.key_cache(pool)
    await ask(pool, key)
    cached = [cache.recent(key, "submit", AT + timedelta(seconds=n)) for n in (39, 40)]
    assert [seen and seen.channel.id for seen in cached] == ["app", None]
    await ask(pool, other, AT + timedelta(seconds=40))
    assert cache.recent(key, "submit", AT + timedelta(seconds=41)) is None


async def test_an_import_of_many_rows_counts_as_one_request(pool: Pool, database: str):
    key = await keys.add(pool, "old", ChannelKind.PARTNER, "Old", ("import",))
    one = GOOD | {"occurred_at": "2021-05-10T02:00:00Z", "channel_kind": "web", "via": "x"}
    application = web_app("intake", app.api(settings(database), pool).routers)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://i") as importer:
        body = {"demands": [one | {"external_id": str(n)} for n in range(50)]}
        answer = await importer.post("/v1/imports", json=body, headers={"X-API-Key": key})
    assert answer.status_code == 200, answer.text
    assert answer.headers["ratelimit"].startswith('"channel";r=599;')


async def test_a_rotated_key_is_valid_only_for_its_grace_time(pool: Pool, key: str):
    fresh = await keys.rotate(pool, "app", timedelta(hours=2), lambda: AT)
    assert [await ask(pool, one, AT + timedelta(minutes=119)) for one in (key, fresh)] == ["app", "app"]
    assert (await refusal(pool, key, AT + timedelta(hours=2))).code is Code.UNAUTHENTICATED
    assert await ask(pool, fresh, AT + timedelta(hours=2)) == "app"


async def test_a_key_rotated_without_grace_is_invalid_at_once(pool: Pool, key: str):
    fresh = await keys.rotate(pool, "app", timedelta(), lambda: AT)
    assert (await refusal(pool, key)).code is Code.UNAUTHENTICATED
    assert await ask(pool, fresh) == "app"


async def test_a_revoked_channel_is_refused_at_its_next_request(client: httpx.AsyncClient, pool: Pool):
    assert (await submit(client, GOOD)).status_code == 201
    await keys.rotate(pool, "web", timedelta(hours=1))
    await keys.revoke(pool, "web")
    assert (await submit(client, GOOD)).status_code == 401


async def test_a_recreated_channel_does_not_restore_an_old_key(pool: Pool, key: str):
    await keys.rotate(pool, "app", timedelta(hours=9), lambda: AT)
    await keys.revoke(pool, "app", lambda: AT)
    await keys.add(pool, "app", ChannelKind.WEB, "App")
    assert (await refusal(pool, key)).code is Code.UNAUTHENTICATED


async def test_counts_are_removed_after_some_days(pool: Pool, key: str):
    await ask(pool, key)
    await ask(pool, key, AT + timedelta(days=9))
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM channel_usage") == 1


def test_an_operator_manages_keys_by_command(monkeypatch: pytest.MonkeyPatch, database: str):
    monkeypatch.setenv("DATABASE_URL", database)
    for name, value in KEYS.items():
        monkeypatch.setenv(f"HUYING_{name.upper()}", value)
    run = CliRunner().invoke
    first = run(cli, ["channel", "add", "main", "--kind", "web"])
    second = run(cli, ["channel", "rotate", "main", "--grace", "24"])
    assert first.output.startswith("hy_")
    assert second.stdout.startswith("hy_")
    assert first.output != second.stdout
    again = run(cli, ["channel", "add", "main", "--kind", "sms"])
    assert again.exit_code == 1
    assert "rotate main" in again.output
    assert run(cli, ["channel", "set", "main", "quota_per_minute=7", "scopes=submit,read-all"]).exit_code == 0
    for argument in ("quota_per_minute=0", "scopes=rule", "scopes="):
        refused = run(cli, ["channel", "set", "main", argument])
        assert refused.exit_code == 1
        assert argument.partition("=")[0] in refused.output
    output = run(cli, ["channel", "list"]).output
    for word in ("main", "submit,read-all", " 7 ", "two keys until", "this min"):
        assert word in output
    assert "quota_per_minute" in run(cli, ["channel", "show", "main"]).output
    assert run(cli, ["channel", "revoke", "main"]).exit_code == 0
    assert "main" not in run(cli, ["channel", "list"]).output
    assert "revoked" in run(cli, ["channel", "list", "--all"]).output
    for command in (["revoke", "main"], ["rotate", "main"], ["show", "main"]):
        assert run(cli, ["channel", *command]).exit_code == 1
