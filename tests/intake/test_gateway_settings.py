"""Settings of a channel's gateway are data: set by an operator, checked, with encrypted secrets."""

import asyncio

import asyncpg
import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from deploy.cli.main import app as cli
from services.intake.channels import keys
from services.intake.channels.gateway_settings import GatewayRegistry
from services.intake.vault.sealing import Vault
from shared.chassis.database.pool import Pool
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.refusals import Code, Refused
from tests.intake.conftest import settings
from tests.keys import KEYS

KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


@pytest.fixture
async def registry(pool: Pool, database: str) -> GatewayRegistry:
    await keys.add(pool, "wechat", ChannelKind.WECHAT, "WeChat")
    return GatewayRegistry(pool, Vault.of(settings(database).vault_key))


async def test_secrets_are_encrypted_and_can_be_read_again(registry: GatewayRegistry, database: str):
    await registry.put("wechat", {"wechat_token": "very-secret", "wechat_aes_key": KEY, "wechat_app_id": "wx1"})
    settings_read = (await registry.gateway("wechat")).settings
    assert settings_read.wechat_token
    assert settings_read.wechat_token.get_secret_value() == "very-secret"
    db = await asyncpg.connect(database)
    stored = str(dict(await db.fetchrow("SELECT * FROM intake.channel") or {}))
    await db.close()
    assert "very-secret" not in stored
    assert KEY not in stored
    assert "very-secret" not in str(settings_read)


async def test_a_change_keeps_the_other_settings_and_an_empty_value_removes_one(registry: GatewayRegistry):
    await registry.put("wechat", {"wechat_token": "t", "division": "440605000000"})
    await registry.put("wechat", {"conversation_minutes": "5"})
    settings_read = (await registry.gateway("wechat")).settings
    assert (settings_read.division, settings_read.conversation_minutes, settings_read.wechat_token is None) == (
        "440605000000",
        5,
        False,
    )
    await registry.put("wechat", {"wechat_token": None})
    assert (await registry.gateway("wechat")).settings.wechat_token is None


async def test_changes_at_the_same_time_are_all_kept(registry: GatewayRegistry):
    changes = {"wechat_token": "t", "division": "440605000000", "conversation_minutes": "5", "wechat_app_id": "wx1"}
    await asyncio.gather(*(registry.put("wechat", {name: value}) for name, value in changes.items()))
    settings_read = (await registry.gateway("wechat")).settings
    assert settings_read.wechat_token
    assert (settings_read.division, settings_read.conversation_minutes, settings_read.wechat_app_id) == (
        "440605000000",
        5,
        "wx1",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("wechat_aes_key", "short"), ("wechat_aes_key", "-" * 43), ("nonsense", "x"), ("conversation_minutes", "-1"),
     ("mailbox", "nobody"), ("sms_text", "a b")],
)  # fmt: skip
async def test_a_wrong_value_is_refused(registry: GatewayRegistry, name: str, value: str):
    with pytest.raises(ValidationError) as refused:
        await registry.put("wechat", {name: value})
    assert refused.value.errors()[0]["loc"][0] == name


async def test_a_mailbox_of_another_channel_is_refused(registry: GatewayRegistry, pool: Pool):
    await keys.add(pool, "mail", ChannelKind.EMAIL, "mail")
    await registry.put("mail", {"mailbox": "a@example.org"})
    with pytest.raises(Refused) as refused:
        await registry.put("wechat", {"mailbox": "A@example.org"})
    assert (refused.value.code, "a@example.org" in refused.value.en) == (Code.CONFLICT, True)


async def test_a_revoked_channel_can_return_unless_another_has_its_mailbox(registry: GatewayRegistry, pool: Pool):
    await registry.put("wechat", {"mailbox": "a@example.org"})
    await keys.revoke(pool, "wechat")
    await keys.add(pool, "mail", ChannelKind.EMAIL, "mail")
    await registry.put("mail", {"mailbox": "a@example.org"})
    with pytest.raises(Refused) as refused:
        await keys.add(pool, "wechat", ChannelKind.WECHAT, "wechat")
    assert refused.value.code is Code.CONFLICT


@pytest.mark.parametrize("id", ["Bad/Name", "a/b", "", "-a", "a b", "渠道", "a" * 64, "a\n"])
async def test_an_id_that_does_not_fit_into_an_address_is_refused(pool: Pool, id: str):
    with pytest.raises(Refused) as refused:
        await keys.add(pool, id, ChannelKind.SMS, id)
    assert refused.value.code is Code.INVALID


async def test_an_unknown_channel_is_refused(registry: GatewayRegistry):
    with pytest.raises(Refused) as refused:
        await registry.put("none", {})
    assert refused.value.code is Code.NOT_FOUND


def test_the_command_names_the_mistake(monkeypatch: pytest.MonkeyPatch, database: str):
    monkeypatch.setenv("DATABASE_URL", database)
    for name, value in KEYS.items():
        monkeypatch.setenv(f"HUYING_{name.upper()}", value)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9")
    run = CliRunner().invoke
    assert run(cli, ["channel", "add", "main", "--kind", "wechat"]).exit_code == 0
    result = run(cli, ["channel", "set", "main", "division=440605000000", "wechat_token=-"], input="hidden\n")
    assert result.exit_code == 0, result.output
    assert "440605000000" in result.output
    assert "hidden" not in result.output
    for argument in ("division=1", "wechat_aes_key=x", "nonsense=1", "mailbox"):
        refused = run(cli, ["channel", "set", "main", argument])
        assert refused.exit_code != 0
        assert argument.partition("=")[0] in refused.output
    assert run(cli, ["channel", "set", "none", "sms_key=k"]).exit_code == 1
