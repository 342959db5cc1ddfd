"""Staff tokens are valid for hours, and can be revoked at every service that accepts them."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import Result
from typer.testing import CliRunner

from deploy.cli.staff import BELIEVE_STAFF
from deploy.cli.staff import app as staff
from services.intake import app as intake
from services.intake.settings import IntakeSettings
from services.routing import app as routing
from services.routing.settings import RoutingSettings
from shared.chassis.base.clock import now
from shared.chassis.base.tokens import Tokens
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.http.app import web_app
from shared.contracts.refusals import Code, Refused
from shared.identity import revocations
from shared.identity.person import Person
from shared.identity.staff_tokens import StaffTokens, identity
from tests.keys import KEYS

HOUR = 3600
CHEN, WANG = Person("陈", "nh-tax"), Person("王", "nh-tax")
TOKENS = StaffTokens(Tokens(KEYS["secret"], 12 * HOUR))


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database, "routing") as opened:
        yield opened


async def refusal(pool: Pool, token: str, tokens: StaffTokens = TOKENS) -> Refused:
    with pytest.raises(Refused) as refused:
        await tokens.read(pool, token)
    return refused.value


def aged(monkeypatch: pytest.MonkeyPatch, seconds: float, person: Person, hours: float | None = None) -> str:
    """A token that was issued this many seconds ago."""
    then = datetime.now(UTC) - timedelta(seconds=seconds)
    with monkeypatch.context() as patch:
        patch.setattr("itsdangerous.timed.time.time", then.timestamp)
        patch.setattr("shared.identity.staff_tokens.now", lambda: then)
        return TOKENS.write(person, hours)[0]


async def test_a_token_names_its_bearer(pool: Pool):
    person = Person("陈", "nh-coordinator", frozenset({"personal-data"}))
    assert await TOKENS.read(pool, TOKENS.write(person)[0]) == person


async def test_a_token_expires_within_the_day(pool: Pool, monkeypatch: pytest.MonkeyPatch):
    assert await TOKENS.read(pool, aged(monkeypatch, 11.9 * HOUR, CHEN)) == CHEN
    refused = await refusal(pool, aged(monkeypatch, 12.1 * HOUR, CHEN))
    assert (refused.code, "expired" in refused.en) == (Code.UNAUTHENTICATED, True)


async def test_a_token_of_the_previous_version_without_an_end_expires_by_its_date(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
):
    claims = {"name": "陈", "unit": "nh-tax"}
    assert await TOKENS.read(pool, TOKENS.tokens.write("staff", claims)) == CHEN
    then = time.time() - 13 * HOUR
    with monkeypatch.context() as patch:
        patch.setattr("itsdangerous.timed.time.time", lambda: then)
        token = TOKENS.tokens.write("staff", claims)
    assert (await refusal(pool, token)).code is Code.UNAUTHENTICATED


async def test_a_token_that_was_issued_for_two_hours_is_valid_for_two(pool: Pool, monkeypatch: pytest.MonkeyPatch):
    assert await TOKENS.read(pool, aged(monkeypatch, 1.9 * HOUR, CHEN, hours=2)) == CHEN
    assert (await refusal(pool, aged(monkeypatch, 2.1 * HOUR, CHEN, hours=2))).code is Code.UNAUTHENTICATED


def test_no_token_is_issued_for_longer_than_the_setting():
    _, expiry = TOKENS.write(CHEN, hours=400)
    assert timedelta(hours=11.9) < expiry - now() <= timedelta(hours=12)


async def test_a_revoked_token_is_refused_in_every_encoding_of_its_signature(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
):
    token, other = aged(monkeypatch, 60, CHEN), aged(monkeypatch, 50, CHEN)
    async with pool.acquire() as db:
        for _ in range(2):
            await revocations.revoke_token(db, identity(token), now())
    refused = await refusal(pool, token)
    assert (refused.code, "revoked" in refused.en) == (Code.UNAUTHENTICATED, True)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spelled = [token[:-1] + alphabet[alphabet.index(token[-1]) ^ bits] for bits in (1, 2, 3)]
    for same in spelled:
        with pytest.raises(Refused):
            await TOKENS.read(pool, same)
    assert any(TOKENS.examine(same) == CHEN for same in spelled), "the signature can be spelled in another way"
    assert await TOKENS.read(pool, other) == CHEN


async def test_the_tokens_of_a_person_are_revoked_and_a_new_one_is_valid(pool: Pool, monkeypatch: pytest.MonkeyPatch):
    async with pool.acquire() as db:
        await revocations.revoke_bearers(db, "nh-tax", "陈", now() - timedelta(seconds=30))
    await refusal(pool, aged(monkeypatch, 60, CHEN))
    assert await TOKENS.read(pool, aged(monkeypatch, 60, WANG)) == WANG
    assert await TOKENS.read(pool, aged(monkeypatch, 60, Person("陈", "nh-water"))) == Person("陈", "nh-water")
    assert await TOKENS.read(pool, aged(monkeypatch, 10, CHEN)) == CHEN


async def test_the_tokens_of_a_unit_are_revoked_for_all_bearers(pool: Pool, monkeypatch: pytest.MonkeyPatch):
    async with pool.acquire() as db:
        await revocations.revoke_bearers(db, "nh-tax", None, now() - timedelta(seconds=30))
    for person in (CHEN, WANG):
        await refusal(pool, aged(monkeypatch, 60, person))
        assert await TOKENS.read(pool, aged(monkeypatch, 10, person)) == person


@pytest.fixture(params=["routing", "intake"])
async def front(request: pytest.FixtureRequest, database: str) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """A service that accepts staff tokens, and a path that requires one."""
    settings = KEYS | {"DATABASE_URL": database}
    async with await open_pool(database, request.param) as pool:
        if request.param == "routing":
            api, path = routing.api(RoutingSettings.model_validate(settings), pool), "/v1/cases/NH21-000001-W/contact"
        else:
            api, path = intake.api(IntakeSettings.model_validate(settings), pool), "/v1/demands/NH21-001335-K/contact"
        transport = httpx.ASGITransport(web_app(request.param, api.routers))
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            yield client, path


async def status(client: httpx.AsyncClient, path: str, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
    return (await client.post(path, headers=headers, json={"why": "回访核实情况", "note": "x"})).status_code


async def test_the_command_revokes_at_every_service_that_accepts_staff_tokens(
    front: tuple[httpx.AsyncClient, str], database: str, monkeypatch: pytest.MonkeyPatch
):
    client, path = front
    token = aged(monkeypatch, 60, CHEN)
    assert await status(client, path, token) in (404, 422)
    assert (await asyncio.to_thread(in_process, database, "revoke", token)).exit_code == 0
    assert await status(client, path, token) == 401
    other = aged(monkeypatch, 50, CHEN)
    assert await status(client, path, other) in (404, 422)
    result = await asyncio.to_thread(in_process, database, "revoke", "--unit", "nh-tax", "--name", "陈")
    assert result.exit_code == 0
    assert await status(client, path, other) == 401


def test_every_service_that_accepts_staff_tokens_gets_revocations():
    assert set(BELIEVE_STAFF) == {"intake", "routing", "feedback", "reporting"}


def environment(database: str) -> dict[str, str]:
    env = {f"HUYING_{name.upper()}": value for name, value in KEYS.items()}
    return env | {"DATABASE_URL": database, "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "TZ": "Asia/Shanghai"}


def in_process(database: str, *arguments: str) -> Result:
    """Runs `huying staff` with these arguments in this process, which is faster than a new one."""
    return CliRunner().invoke(staff, arguments, env=environment(database))


def huying(database: str, *arguments: str) -> Any:
    command = [sys.executable, "-m", "deploy.cli.main", *arguments]
    return subprocess.run(command, env=environment(database), capture_output=True, text=True, timeout=60)


def test_the_command_prints_only_the_token_and_says_when_it_expires(database: str):
    result = huying(database, "staff", "token", "--unit", "nh-tax", "--hours", "3")
    assert TOKENS.examine(result.stdout.strip()) == Person("staff", "nh-tax")
    assert result.stderr.startswith(f"valid until {(now() + timedelta(hours=11)).strftime('%Y-%m-%d %H:')[:11]}")
    assert in_process(database, "token", "--unit", "nh-tax", "--hours", "13").exit_code == 2


def test_a_command_names_only_the_settings_that_it_needs_and_does_not_have(tmp_path: Path):
    needed = {"HUYING_STATE_DIR": str(tmp_path), "DATABASE_URL": None, "KAFKA_BOOTSTRAP_SERVERS": None}
    secret = {"HUYING_SECRET": KEYS["secret"]}
    nothing = CliRunner().invoke(staff, ["token", "--unit", "nh-tax"], env=needed | secret)
    assert nothing.stderr.endswith("`make up`, or set DATABASE_URL\n")
    no_broker = needed | secret | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    assert CliRunner().invoke(staff, ["token", "--unit", "nh-tax"], env=no_broker).exit_code == 0, "it needs no broker"


@pytest.mark.parametrize("arguments", [[], ["--name", "陈"], ["x.y.z", "--unit", "nh-tax"], ["x.y.z"]])
def test_a_revocation_without_a_target_is_refused_with_a_reason(arguments: list[str], database: str):
    result = in_process(database, "revoke", *arguments)
    assert result.exit_code in (1, 2)
    assert isinstance(result.exception, SystemExit), "it is told in words"
