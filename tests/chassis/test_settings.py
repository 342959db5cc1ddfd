"""Settings are read once; what is wrong stops the process with the name of its variable."""

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
    assert capsys.readouterr().err == (
        "huying: DATABASE_URL: Field required (address of the database, as postgresql://USER@HOST/DATABASE)\n"
    )


def test_no_secret_that_a_machine_made_is_called_weak():
    for _ in range(500):
        assert weakness(base64.b64encode(secrets.token_bytes(48)).decode()) is None
        assert weakness(secrets.token_urlsafe(48)) is None
        assert weakness(secrets.token_hex(32)) is None


def test_the_secret_before_must_be_strong_too_and_the_lasting_one_may_be_what_it_was(given: pytest.MonkeyPatch):
    given.setenv("HUYING_LASTING_SECRET", "w" * 40)
    assert read(RoutingSettings).lasting == "w" * 40
    given.setenv("HUYING_SECRET_PREVIOUS", "w" * 40)
    with pytest.raises(SystemExit):
        read(RoutingSettings)


def test_what_must_last_hangs_on_the_first_secret_while_another_one_signs(given: pytest.MonkeyPatch):
    assert read(IntakeSettings).lasting == KEYS["secret"]
    given.setenv("HUYING_SECRET", "another secret, of which nobody knows")
    given.setenv("HUYING_SECRET_PREVIOUS", KEYS["secret"])
    assert read(IntakeSettings).lasting == KEYS["secret"]
    given.delenv("HUYING_SECRET_PREVIOUS")
    given.setenv("HUYING_LASTING_SECRET", KEYS["secret"])
    assert read(IntakeSettings).lasting == KEYS["secret"]


def test_everything_that_is_missing_or_wrong_is_told_at_once_of_all_services(given: pytest.MonkeyPatch):
    given.delenv("HUYING_SECRET")
    given.setenv("HUYING_KEEP_ANSWERS_DAYS", "never")
    given.setenv("HUYING_KEEP_NOUGHTS_DAYS", "-1")
    given.setenv("HUYING_PORT", "eighty")
    given.setenv("HUYING_LOG_LEVEL", "loud")
    told = {line.partition(":")[0] for line in wrong_settings(["gateway"])}
    assert told == {
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
def test_a_default_that_is_right_on_one_machine_only_must_be_named(
    given: pytest.MonkeyPatch, process: str, missing: set[str]
):
    for name in ("KAFKA_BOOTSTRAP_SERVERS", "HUYING_PUBLIC_URL", "HUYING_INTAKE_URL"):
        given.delenv(name, raising=False)
    wrong = what_is_wrong(process, settings_of(process))
    assert {line.partition(":")[0] for line in wrong} == missing
    for name in missing:
        given.setenv(name, "http://huying.example.gov.cn")
    assert what_is_wrong(process, settings_of(process)) == []


def test_a_public_address_without_a_scheme_is_refused(given: pytest.MonkeyPatch):
    given.setenv("HUYING_PUBLIC_URL", "huying.example.gov.cn")
    (wrong,) = what_is_wrong("intake-api", settings_of("intake-api"))
    assert wrong.startswith("HUYING_PUBLIC_URL: ")


def test_packs_that_cannot_be_served_are_told_before_the_start(given: pytest.MonkeyPatch):
    given.setenv("HUYING_PUBLIC_URL", "https://huying.example.gov.cn")
    given.setenv("HUYING_JURISDICTIONS", "nowhere")
    (wrong,) = wrong_settings(["gateway"])
    assert wrong.startswith("HUYING_JURISDICTIONS: nowhere cannot be served")


def test_a_process_is_not_started_without_its_public_address(given: pytest.MonkeyPatch):
    process = subprocess.run(
        [sys.executable, "-m", "deploy.cli.main", "run", "gateway"], capture_output=True, text=True, timeout=60
    )
    assert process.returncode == 78
    assert process.stderr.startswith("huying: HUYING_PUBLIC_URL: must be set")
    assert "Traceback" not in process.stderr


def test_a_process_whose_pack_is_unknown_ends_with_a_sentence(given: pytest.MonkeyPatch):
    given.setenv("HUYING_JURISDICTIONS", "nowhere")
    process = subprocess.run(
        [sys.executable, "-m", "deploy.cli.main", "run", "reporting-api"], capture_output=True, text=True, timeout=60
    )
    assert process.returncode == 78
    assert process.stderr.startswith("huying: HUYING_JURISDICTIONS: nowhere cannot be served:")
    assert "Traceback" not in process.stderr
