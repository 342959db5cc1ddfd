"""`huying channel` shows what it has changed."""

import json

import pytest

from deploy.cli.channel_listing import app
from tests.command_line import Said, commands_of
from tests.keys import KEYS


@pytest.fixture
def said(database: str, monkeypatch: pytest.MonkeyPatch) -> Said:
    monkeypatch.setenv("HUYING_VAULT_KEY", str(KEYS["vault_key"]))
    return commands_of(app, database, monkeypatch)


async def test_scopes_that_were_changed_are_shown(said: Said):
    assert (await said("add", "hall", "--kind", "partner"))[0] == 0
    for words, scopes in (
        ((), ["submit"]),
        (("scopes=submit,webhooks",), ["submit", "webhooks"]),
        (("quota_per_minute=7",), ["submit", "webhooks"]),
        ((), ["submit", "webhooks"]),
    ):
        code, shown = await said("set", "hall", *words)
        assert (code, json.loads(shown)["scopes"]) == (0, scopes), shown
    assert json.loads(shown)["quota_per_minute"] == 7
    assert "submit,webhooks" in (await said("list"))[1]


async def test_what_became_of_the_keys_is_said(said: Said):
    await said("add", "hall", "--kind", "partner")
    assert "the key before is valid for 24 more hours" in (await said("rotate", "hall", "--grace", "24"))[1]
    assert "the key before is refused from now on" in (await said("rotate", "hall"))[1]
    assert await said("revoke", "hall") == (0, "every key of hall is revoked\n")


async def test_scopes_that_are_not_known_change_nothing(said: Said):
    assert (await said("add", "hall", "--kind", "partner"))[0] == 0
    code, shown = await said("set", "hall", "scopes=submit,all")
    assert (code, "read-all" in shown) == (1, True)
    assert json.loads((await said("set", "hall"))[1])["scopes"] == ["submit"]
