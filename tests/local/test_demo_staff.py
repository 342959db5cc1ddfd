"""Demo staff can sign in only if one command has started everything."""

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local.deployment import Options, demo_staff


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Options:
    for name in ("HUYING_OIDC_ISSUER", "HUYING_DEMO_STAFF"):
        monkeypatch.delenv(name, raising=False)
    return Options(tmp_path)


def test_the_embedded_default_has_demo_staff_unless_turned_off(options: Options):
    assert demo_staff(options, {}) == "true"
    assert demo_staff(options, {"HUYING_DEMO_STAFF": "false"}) == "false"


def test_with_own_servers_or_an_issuer_there_is_never_demo_staff(options: Options, monkeypatch: pytest.MonkeyPatch):
    environment = {"HUYING_DEMO_STAFF": "true"}
    assert demo_staff(replace(options, database_url="postgresql://127.0.0.1/huying"), environment) == "false"
    assert demo_staff(replace(options, bootstrap="kafka:9092"), environment) == "false"
    assert demo_staff(options, environment | {"HUYING_OIDC_ISSUER": "https://issuer.example"}) == "false"
    monkeypatch.setenv("HUYING_OIDC_ISSUER", "https://issuer.example")
    assert demo_staff(options, environment) == "false"
