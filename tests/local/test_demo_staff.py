"""Made-up people sign in where one command has started everything, and nowhere else."""

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local.deployment import Options, demo_staff


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Options:
    for name in ("HUYING_OIDC_ISSUER", "HUYING_DEMO_STAFF"):
        monkeypatch.delenv(name, raising=False)
    return Options(tmp_path)


def test_the_embedded_default_has_them_unless_it_is_told_otherwise(options: Options):
    assert demo_staff(options, {}) == "true"
    assert demo_staff(options, {"HUYING_DEMO_STAFF": "false"}) == "false"


def test_servers_of_ones_own_or_an_issuer_leave_them_out_whatever_is_asked(
    options: Options, monkeypatch: pytest.MonkeyPatch
):
    asked = {"HUYING_DEMO_STAFF": "true"}
    assert demo_staff(replace(options, database_url="postgresql://127.0.0.1/huying"), asked) == "false"
    assert demo_staff(replace(options, bootstrap="kafka:9092"), asked) == "false"
    assert demo_staff(options, asked | {"HUYING_OIDC_ISSUER": "https://issuer.example"}) == "false"
    monkeypatch.setenv("HUYING_OIDC_ISSUER", "https://issuer.example")
    assert demo_staff(options, asked) == "false"
