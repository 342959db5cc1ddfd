"""Settings are read once; what is wrong stops the process with the name of its variable."""

import pytest

from services.feedback.settings import FeedbackSettings
from services.intake.settings import IntakeSettings
from services.reporting.settings import ReportingSettings
from services.routing.settings import RoutingSettings
from shared.chassis.settings import ProcessSettings, read

GIVEN = {"DATABASE_URL": "postgresql://x", "HUYING_SECRET": "x" * 40, "HUYING_VAULT_KEY": "y" * 40}


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        (IntakeSettings, "HUYING_SECRET"),
        (IntakeSettings, "HUYING_VAULT_KEY"),
        (RoutingSettings, "HUYING_SECRET"),
        (FeedbackSettings, "HUYING_SECRET"),
    ],
)
@pytest.mark.parametrize("value", [None, "short"])
def test_a_secret_that_is_missing_or_short_is_named_with_a_way_to_make_one(
    given: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kind: type[ProcessSettings],
    missing: str,
    value: str | None,
):
    if value is None:
        given.delenv(missing)
    else:
        given.setenv(missing, value)
    with pytest.raises(SystemExit) as ended:
        read(kind)
    said = capsys.readouterr().err
    assert ended.value.code == 78
    assert said.startswith(f"huying: {missing}: ")
    assert "openssl rand -base64 48" in said


def test_what_signs_nothing_asks_for_no_secret(given: pytest.MonkeyPatch):
    given.delenv("HUYING_SECRET")
    given.delenv("HUYING_VAULT_KEY")
    assert read(ReportingSettings).database_url == GIVEN["DATABASE_URL"]


def test_a_variable_that_is_missing_is_told_with_what_it_is_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(SystemExit):
        read(ProcessSettings)
    assert capsys.readouterr().err == "huying: DATABASE_URL: Field required (postgresql://USER@HOST/DATABASE)\n"
