"""Text of others is printed so that a terminal shows it and does not obey it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
import structlog
from rich.console import Console
from typer.testing import CliRunner

from deploy.cli import dead_letters, doctor
from deploy.cli.tables import print_rows
from deploy.importing.progress_log import RefusedRow
from deploy.importing.report import Reasons
from shared.chassis.base import logs
from shared.chassis.base.findings import Words, broken
from shared.chassis.consumer.dead_letters import DeadLetter, WaitingLetter
from shared.chassis.consumer.record import Record
from shared.contracts.text import printable

AT = datetime(2026, 11, 30, tzinfo=UTC)
EVIL = "\x1b]0;owned\x07\x9b31m\u202eevil\r"
HARMLESS = "\\u001b]0;owned\\u0007\\u009b31m\\u202eevil"


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS"):
        monkeypatch.setenv(name, "x")


def test_characters_that_a_terminal_obeys_are_written_as_in_json():
    assert printable(EVIL) == f"{HARMLESS}\\u000d"
    assert printable("中文\n\tété 👩‍👩‍👧 \ud800") == "中文\n\tété 👩‍👩‍👧 \\ud800"
    document = {"cause": EVIL, "b": ["\u0085"]}
    assert json.loads(printable(json.dumps(document, ensure_ascii=False))) == document


def test_a_row_of_a_table_stays_on_its_line(capsys: pytest.CaptureFixture[str]):
    print_rows([("id", "cause"), ("1", f"a\nb {EVIL}")])
    assert capsys.readouterr().out.splitlines() == ["id  cause", f"1   a b {HARMLESS}\\u000d"]


def test_a_dead_letter_is_listed_and_shown(servers: None, monkeypatch: pytest.MonkeyPatch):
    async def waiting(behind: Mapping[str, int], most: int) -> list[tuple[str, WaitingLetter]]:
        return [("intake", WaitingLetter(1, "t/0/1", EVIL, AT))]

    async def one(service: str, id: int) -> DeadLetter:
        record = Record("t", 0, 1, b"k", ((EVIL, EVIL.encode()),), EVIL.encode())
        return DeadLetter(1, "c", record, EVIL, AT)

    monkeypatch.setattr(dead_letters, "_waiting", waiting)
    monkeypatch.setattr(dead_letters, "_one", one)
    for words, count in ((["list"], 1), (["show", "intake", "1"], 4)):
        output = CliRunner().invoke(dead_letters.app, words).output
        assert output.count(HARMLESS) == count, output
        assert not set(output) & set(EVIL) - set("]0;owned31mevil")


@pytest.mark.parametrize("id", ["9223372036854775808", "9" * 30, "-1", "x", "0x1"])
def test_an_id_that_no_table_can_have_is_refused_in_words(servers: None, id: str):
    listed = CliRunner().invoke(dead_letters.app, ["list", "--after", f"intake/{id}"])
    assert (listed.exit_code, "SERVICE/ID" in listed.output) == (2, True)
    for command in ("show", "redrive"):
        result = CliRunner().invoke(dead_letters.app, [command, "intake", "--", id])
        assert (result.exit_code, "Invalid value" in result.output) == (2, True)


def test_a_finding_of_the_doctor_is_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    async def findings(_: object) -> list[object]:
        return [broken(Words(EVIL, EVIL), Words(EVIL, EVIL), Words(EVIL, EVIL))]

    monkeypatch.setattr(doctor, "_findings", findings)
    monkeypatch.setattr(doctor, "_machine", list)
    for as_json in (False, True):
        with pytest.raises(BaseException, match="2"):
            doctor.doctor(as_json=as_json)
        assert "\x1b" not in (output := capsys.readouterr().out)
        assert "\\u001b" in output


def test_the_reasons_of_an_import_are_printed():
    reasons = Reasons()
    list(reasons.counted([RefusedRow(row=1, file="f", sheet="", line=1, column=EVIL, value="", reason=EVIL, cells={})]))
    console = Console(width=200, markup=False)
    with console.capture() as captured:
        console.print(reasons.table())
    assert captured.get().count(HARMLESS) == 2


def test_a_line_of_the_log_is_written_for_a_terminal(capsys: pytest.CaptureFixture[str]):
    before = structlog.get_config()
    try:
        logs.set_up("x", "console", "info")
        structlog.get_logger().info(EVIL, cause=EVIL)
    finally:
        structlog.configure(**before)
    assert capsys.readouterr().out.count(HARMLESS) == 2
