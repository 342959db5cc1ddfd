"""A mistyped setting is named with the one that was meant, and nothing else is taken for one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.cli.settings_table import rows
from deploy.doctor import machine
from deploy.local.unknown_settings import SETTINGS, unknown_settings
from shared.chassis.base.findings import Severity
from tests.local.test_settings_table import OF_OTHERS, OF_THE_TESTS


def test_the_names_that_are_known_are_those_of_the_table():
    assert {row.variable for row in rows()} == SETTINGS


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("HUYING_PROT", "HUYING_PORT"),
        ("huying_prot", "HUYING_PORT"),
        ("HUYING_SECRET_PREVOIUS", "HUYING_SECRET_PREVIOUS"),
        ("HUYNG_STATE_DIR", "HUYING_STATE_DIR"),
        ("KAFKA_BOOTSTRAP_SERVER", "KAFKA_BOOTSTRAP_SERVERS"),
        ("KAFKA_SSL_CA_FILE", "KAFKA_SSL_CAFILE"),
        ("HUYING_ZZZ", None),
    ],
)
def test_a_name_that_is_not_known_is_told_with_the_nearest_one(variable: str, meant: str | None):
    (unknown,) = unknown_settings({variable: "1"})
    assert (unknown.variable, unknown.meant) == (variable, meant)


def test_names_that_are_settings_or_belong_to_others_are_not_told():
    kubernetes = {
        "HUYING_SERVICE_HOST": "10.0.0.1",
        "HUYING_GATEWAY_SERVICE_PORT_HTTP": "8080",
        "HUYING_GATEWAY_PORT": "tcp://10.0.0.1:8080",
        "HUYING_GATEWAY_PORT_8080_TCP_ADDR": "10.0.0.1",
    }
    of_compose = {"HUYING_IMAGE": "huying:1", "HUYING_PUBLISH": "127.0.0.1:8080"}
    of_others = {
        "PATH": "/bin",
        "DATABASE_URI": "x",
        "KAFKA_HEAP_OPTS": "-Xmx1g",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
    }
    of_others |= {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x", "HOME": "/root", "KAFKA_SSL_KEY_PASSWORD": "x"}
    known = dict.fromkeys([*SETTINGS, *(name.lower() for name in SETTINGS), *OF_THE_TESTS, *OF_OTHERS], "1")
    assert unknown_settings(known | kubernetes | of_compose | of_others) == []


@pytest.mark.parametrize("command", [("settings", "reporting-relay"), ("run", "reporting-relay")])
def test_a_command_warns_of_it_and_goes_on(tmp_path: Path, command: tuple[str, ...]):
    env = {
        "HUYING_PROT": "1",
        "HUYING_RELAY_SHARDS": "0",
        "HUYING_STATE_DIR": str(tmp_path),
        "DATABASE_URL": "postgresql://x",
    }
    ended = subprocess.run(
        (sys.executable, "-m", "deploy.cli.main", *command),
        env=os.environ | env,
        capture_output=True,
        text=True,
        check=False,
    )
    warned, wrong, *_ = ended.stderr.splitlines()
    assert warned == "huying: warning: HUYING_PROT is not a setting; is HUYING_PORT meant?"
    assert wrong.startswith("huying: HUYING_RELAY_SHARDS: ")
    assert ended.returncode == 78


def test_a_whole_start_warns_of_it_once(tmp_path: Path):
    (tmp_path / "no-folder").touch()
    env = os.environ | {"HUYING_PROT": "1", "HUYING_STATE_DIR": str(tmp_path / "no-folder")}
    for command in ("up", "demo"):
        ended = subprocess.run(
            (sys.executable, "-m", "deploy.cli.main", command), env=env, capture_output=True, text=True, check=False
        )
        assert ended.stderr.count("HUYING_PROT") == 1, ended.stderr
        assert ended.returncode == 1


def test_the_doctor_finds_it():
    (finding,) = machine.settings({"HUYING_PROT": "1", "HUYING_PORT": "1"})
    assert finding.severity is Severity.WARNING
    assert str(finding).startswith("setting HUYING_PROT: is not a setting; is HUYING_PORT meant?")
    assert "HUYING_PORT" in finding.in_chinese()
