"""Settings are read once; a wrong one stops the process with the name of its variable."""

import base64
import secrets
import subprocess
import sys

import pytest

from deploy.cli.processes import settings_of, wrong_settings
from services.feedback.settings import FeedbackSettings
from services.intake.settings import IntakeSettings
from services.reporting.settings import ReportingSettings
from services.routing.settings import RoutingSettings
from shared.chassis.base.secrecy import weakness
from shared.chassis.base.setting_checks import what_is_wrong
from shared.chassis.base.settings import ProcessSettings, read
from tests.keys import KEYS

GIVEN = {
    "DATABASE_URL": "postgresql://x",
    "HUYING_SECRET": KEYS["secret"],
    "HUYING_VAULT_KEY": KEYS["vault_key"],
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
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
@pytest.mark.parametrize(
    "value",
    [
        None,
        "short",
        "x" * 40,
        "abcABC123" * 5,
        "huying1234huying5678" * 2,
        "change-me-change-me-change-me-please",
        "your_secret_goes_here_1234567890abcd",
        "<put the output of openssl rand -base64 48 here>",
        "请替换为一个随机字符串请替换为一个随机字符串请替换为一个随机字符串",
    ],
)
def test_a_secret_that_is_missing_or_weak_is_named_with_a_way_to_make_one(
    environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kind: type[ProcessSettings],
    missing: str,
    value: str | None,
):
    if value is None:
        environment.delenv(missing)
    else:
        environment.setenv(missing, value)
    with pytest.raises(SystemExit) as stopped:
        read(kind)
    error_output = capsys.readouterr().err
    assert stopped.value.code == 78
    assert error_output.startswith(f"huying: {missing}: ")
    assert "openssl rand -base64 48" in error_output


def test_a_process_that_signs_nothing_needs_no_secret(environment: pytest.MonkeyPatch):
    environment.delenv("HUYING_SECRET")
    environment.delenv("HUYING_VAULT_KEY")
    assert read(ReportingSettings).database_url == GIVEN["DATABASE_URL"]


def test_a_missing_variable_is_named_with_its_purpose(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(SystemExit):
        read(ProcessSettings)
    assert capsys.readouterr().err == (
        "huying: DATABASE_URL: is not set (address of the database, as postgresql://USER@HOST/DATABASE)\n"
    )


def test_no_generated_secret_is_called_weak():
    for _ in range(500):
        assert weakness(base64.b64encode(secrets.token_bytes(48)).decode()) is None
        assert weakness(secrets.token_urlsafe(48)) is None
        assert weakness(secrets.token_hex(32)) is None


def test_the_previous_secret_must_be_strong_too_and_the_lasting_one_may_stay(environment: pytest.MonkeyPatch):
    environment.setenv("HUYING_LASTING_SECRET", "w" * 40)
    assert read(RoutingSettings).lasting == "w" * 40
    environment.setenv("HUYING_SECRET_PREVIOUS", "w" * 40)
    with pytest.raises(SystemExit):
        read(RoutingSettings)


def test_lasting_values_use_the_first_secret_while_another_one_signs(environment: pytest.MonkeyPatch):
    assert read(IntakeSettings).lasting == KEYS["secret"]
    environment.setenv("HUYING_SECRET", "another secret, of which nobody knows")
    environment.setenv("HUYING_SECRET_PREVIOUS", KEYS["secret"])
    assert read(IntakeSettings).lasting == KEYS["secret"]
    environment.delenv("HUYING_SECRET_PREVIOUS")
    environment.setenv("HUYING_LASTING_SECRET", KEYS["secret"])
    assert read(IntakeSettings).lasting == KEYS["secret"]


def test_all_missing_and_wrong_settings_of_all_services_are_named_at_once(environment: pytest.MonkeyPatch):
    environment.delenv("HUYING_SECRET")
    environment.setenv("HUYING_KEEP_ANSWERS_DAYS", "never")
    environment.setenv("HUYING_KEEP_NOUGHTS_DAYS", "-1")
    environment.setenv("HUYING_PORT", "eighty")
    environment.setenv("HUYING_LOG_LEVEL", "loud")
    variables = {line.partition(":")[0] for line in wrong_settings(["gateway"])}
    assert variables == {
        "HUYING_SECRET",
        "HUYING_KEEP_ANSWERS_DAYS",
        "HUYING_KEEP_NOUGHTS_DAYS",
        "HUYING_PORT",
        "HUYING_LOG_LEVEL",
        "HUYING_PUBLIC_URL",
    }


@pytest.mark.parametrize(
    ("process", "missing"),
    [
        ("gateway", {"HUYING_PUBLIC_URL"}),
        ("reporting-api", set()),
        ("routing-worker", {"KAFKA_BOOTSTRAP_SERVERS"}),
        ("feedback-worker", {"KAFKA_BOOTSTRAP_SERVERS", "HUYING_PUBLIC_URL", "HUYING_INTAKE_URL"}),
    ],
)
def test_a_default_that_fits_only_one_machine_must_be_set(
    environment: pytest.MonkeyPatch, process: str, missing: set[str]
):
    for name in ("KAFKA_BOOTSTRAP_SERVERS", "HUYING_PUBLIC_URL", "HUYING_INTAKE_URL"):
        environment.delenv(name, raising=False)
    mistakes = what_is_wrong(process, settings_of(process))
    assert {line.partition(":")[0] for line in mistakes} == missing
    for name in missing:
        environment.setenv(name, "http://huying.example.gov.cn")
    assert what_is_wrong(process, settings_of(process)) == []


def test_a_public_address_without_a_scheme_is_refused(environment: pytest.MonkeyPatch):
    environment.setenv("HUYING_PUBLIC_URL", "huying.example.gov.cn")
    (mistake,) = what_is_wrong("intake-api", settings_of("intake-api"))
    assert mistake.startswith("HUYING_PUBLIC_URL: ")


def test_packs_that_cannot_be_served_are_named_before_the_start(environment: pytest.MonkeyPatch):
    environment.setenv("HUYING_PUBLIC_URL", "https://huying.example.gov.cn")
    environment.setenv("HUYING_JURISDICTIONS", "nowhere")
    (mistake,) = wrong_settings(["gateway"])
    assert mistake.startswith("HUYING_JURISDICTIONS: nowhere cannot be served")


def test_a_process_is_not_started_without_its_public_address(environment: pytest.MonkeyPatch):
    process = subprocess.run(
        [sys.executable, "-m", "deploy.cli.main", "run", "gateway"], capture_output=True, text=True, timeout=60
    )
    assert process.returncode == 78
    assert process.stderr.startswith("huying: HUYING_PUBLIC_URL: must be set")
    assert "Traceback" not in process.stderr


def test_a_process_with_an_unknown_pack_ends_with_an_explanation(environment: pytest.MonkeyPatch):
    environment.setenv("HUYING_JURISDICTIONS", "nowhere")
    process = subprocess.run(
        [sys.executable, "-m", "deploy.cli.main", "run", "reporting-api"], capture_output=True, text=True, timeout=60
    )
    assert process.returncode == 78
    assert process.stderr.startswith("huying: HUYING_JURISDICTIONS: nowhere cannot be served:")
    assert "Traceback" not in process.stderr
