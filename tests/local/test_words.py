"""A command that cannot reach a server says which, and what to look at, instead of a stack."""

import json
import logging
import sys
from pathlib import Path

import pytest

from deploy.cli.main import main
from deploy.cli.up import banner
from deploy.doctor.processes import restarts
from deploy.local.deployment import Options, Running
from deploy.local.ports import free_port
from deploy.local.state import Runtime
from deploy.scenarios.desk import WaitingDemand
from tests.keys import KEYS


def ended(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    """The exit code of a command."""
    monkeypatch.setattr(sys, "argv", ["huying", *arguments])
    with pytest.raises(SystemExit) as ending:
        main()
    return ending.value.code


@pytest.mark.parametrize(("wanted", "said"), [(8080, False), (8081, True), (0, False)])
def test_the_banner_says_when_the_port_was_taken(wanted: int, said: bool, tmp_path: Path):
    runtime = Runtime("http://127.0.0.1:8080", "", "", "embedded", {}, "", "")
    shown = banner(Running(Options(tmp_path, port=wanted), runtime, "", {})).renderable
    assert ("is taken by another program" in str(shown)) is said


@pytest.mark.parametrize("has_them", [True, False])
def test_the_banner_says_where_staff_sign_in_and_whether_made_up_people_do(has_them: bool, tmp_path: Path):
    runtime = Runtime("http://127.0.0.1:8080", "", "", "embedded", {}, "", "")
    running = Running(Options(tmp_path), runtime, "", {}, has_demo_staff=has_them)
    shown = str(banner(running).renderable)
    assert "http://127.0.0.1:8080/desk" in shown
    assert ("made-up people" in shown) is has_them


def test_the_banner_of_the_demo_says_how_one_demand_is_tried_by_hand(tmp_path: Path):
    runtime = Runtime("http://127.0.0.1:8080", "", "", "embedded", {}, "", "")
    running = Running(Options(tmp_path), runtime, "", {}, has_demo_staff=True, has_inbox=True)
    shown = str(banner(running, WaitingDemand("NH26-000010-X", "AB12CD34", "陈晓岚")).renderable)
    for words in ("/follow", "NH26-000010-X", "AB12CD34", "sign in as 陈晓岚", "http://127.0.0.1:8080/inbox"):
        assert words in shown
    assert "Try it by hand" not in str(banner(running).renderable)


@pytest.mark.parametrize("command", ["up", "demo"])
def test_the_port_of_the_environment_is_obeyed_or_refused_by_name(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("HUYING_PORT", "70000")
    assert (ended(monkeypatch, command), "HUYING_PORT" in capsys.readouterr().err) == (2, True)


@pytest.mark.parametrize("has_inbox", [True, False])
def test_the_banner_says_which_page_to_open_next_and_where_the_messages_appear(has_inbox: bool, tmp_path: Path):
    runtime = Runtime("http://127.0.0.1:8080", "", "", "embedded", {}, "", "")
    shown = str(banner(Running(Options(tmp_path), runtime, "", {}, has_inbox=has_inbox)).renderable)
    (line,) = [line for line in shown.splitlines() if "先打开" in line]
    assert "http://127.0.0.1:8080/raise" in line
    assert ("http://127.0.0.1:8080/inbox" in line) is has_inbox
    assert "先打开" not in str(
        banner(Running(Options(tmp_path), runtime, "", {}), WaitingDemand("N", "C", "陈")).renderable
    )


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment that names servers which are not there."""
    monkeypatch.setenv("HUYING_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", f"postgresql://nobody@127.0.0.1:{free_port()}/none")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", f"127.0.0.1:{free_port()}")
    for name, value in KEYS.items():
        monkeypatch.setenv(f"HUYING_{name.upper()}", value)


@pytest.mark.parametrize(
    ("command", "variable"),
    [
        ("migrate", "DATABASE_URL"),
        ("dead-letters list", "DATABASE_URL"),
        ("vault rotate", "DATABASE_URL"),
        ("erase NH26-000001-4 --why asked", "DATABASE_URL"),
        ("suggest evaluate", "DATABASE_URL"),
        ("attachments sweep", "DATABASE_URL"),
        ("events tail", "KAFKA_BOOTSTRAP_SERVERS"),
    ],
)
def test_a_server_that_is_away_is_named_by_its_variable(
    command: str, variable: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    assert ended(monkeypatch, *command.split()) == 2
    said = capsys.readouterr().err
    assert f"whether {variable} is right" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("command", ["dead-letters list", "suggest evaluate", "migrate", "channel list"])
def test_a_command_that_only_reads_a_database_asks_for_no_secret(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for name in KEYS:
        monkeypatch.delenv(f"HUYING_{name.upper()}")
    ended(monkeypatch, *command.split())
    assert "HUYING_SECRET" not in capsys.readouterr().err


@pytest.mark.parametrize("moment", ["yesterday", "2026-11-30T09:30:00"])
def test_a_moment_that_is_none_or_lacks_its_offset_changes_nothing(
    moment: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    assert ended(monkeypatch, "after-restore", "--worked-until", moment) == 2
    assert "+08:00" in " ".join(capsys.readouterr().err.split())


def test_an_address_that_is_none_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("DATABASE_URL", "nonsense")
    assert ended(monkeypatch, "migrate") == 2
    assert "whether DATABASE_URL is right" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["dead-letters list", "suggest evaluate", "events tail", "vault rotate"])
def test_where_nothing_runs_a_command_says_how_to_start_it(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for variable in ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS"):
        monkeypatch.delenv(variable)
    assert ended(monkeypatch, *command.split()) == 2
    assert "start it with `make up`" in capsys.readouterr().err


def test_the_doctor_looks_at_the_servers_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    assert ended(monkeypatch, "doctor") == 2
    said = " ".join(capsys.readouterr().out.split())
    for what, variable in (("database", "DATABASE_URL"), ("broker at", "KAFKA_BOOTSTRAP_SERVERS")):
        assert f"broken {what}" in said
        assert f"whether {variable} is right" in said
    assert "not checked processes" in said, "they register in the database"
    assert logging.getLogger("aiokafka").handlers, (
        "without one Python prints the client's own lines between the findings"
    )


def test_a_process_that_was_restarted_once_is_said_to_be(tmp_path: Path):
    runtime = Runtime(
        "", "", "", "embedded", {}, "", "", restarts={"broker": ["12:00", "1", "gone"], "gateway": ["1", "2", "x"]}
    )
    once, twice = (str(finding) for finding in restarts(runtime))
    assert ("once, last at 12:00: gone" in once, "2 times, last at 1: x" in twice) == (True, True)


def test_the_doctor_does_not_say_ok_where_nothing_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for variable in ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS"):
        monkeypatch.delenv(variable)
    assert ended(monkeypatch, "doctor") == 1
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    for what in ("database", "broker", "processes"):
        assert any(line.startswith(f"not checked {what}: ") for line in lines), lines
    assert not any(line.startswith(("ok database", "ok broker", "ok process")) for line in lines)


def test_the_doctor_speaks_chinese_and_to_scripts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    assert ended(monkeypatch, "doctor", "--lang", "zh") == 2
    assert "请确认它在运行、DATABASE_URL 正确" in capsys.readouterr().out
    assert ended(monkeypatch, "doctor", "--json") == 2
    document = json.loads(capsys.readouterr().out)
    assert document["exit_code"] == 2
    worst, last = document["findings"][0], document["findings"][-1]
    assert (worst["severity"], last["severity"]) == ("broken", "ok")
    assert {"database", "broker"} <= {finding["check"] for finding in document["findings"]}
    assert worst["what"].keys() == {"en", "zh"}


def test_the_doctor_asks_a_process_where_it_is_told_to(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    nobody = f"http://127.0.0.1:{free_port()}"
    assert ended(monkeypatch, "doctor", "--health", nobody) == 2
    assert f"{nobody}/livez does not answer" in capsys.readouterr().out


def test_the_version_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    assert ended(monkeypatch, "--version") == 0
    assert capsys.readouterr().out.startswith("huying 0.")
