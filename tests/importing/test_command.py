"""`huying import` reports its result and what to do, with an exit code and a message."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import importing
from deploy.cli.main import app
from deploy.importing.job import run
from deploy.importing.rows import Table
from deploy.local.ports import free_port
from tests.importing.orders import csv_file, hotline, order


@pytest.fixture(autouse=True)
def _nothing_runs_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUYING_STATE_DIR", str(tmp_path / "state"))


def huying(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["import", *map(str, arguments)])


def test_a_valid_file_ends_with_code_zero(tmp_path: Path):
    result = huying(csv_file(tmp_path / "o.csv", [order(1)], "gb18030"), "--mapping", "hotline12345", "--dry-run")
    assert result.exit_code == 0
    assert "GB18030（据列名判断" in result.output
    assert "1 can be taken, 0 refused; nothing was imported" in result.output
    assert "only the file was checked" in result.output.replace("\n", " ")


def test_a_refused_row_ends_with_code_one_and_says_where_to_correct_it(tmp_path: Path):
    file = csv_file(tmp_path / "o.csv", [order(1), order(2, 工单状态="飞了")])
    result = huying(file, "--mapping", "hotline12345", "--dry-run")
    assert result.exit_code == 1
    assert "o.csv.errors.xlsx" in result.output
    assert "correct them there and import it with the same mapping" in result.output
    assert "工单状态" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("absent.csv", "--mapping", "hotline12345", "--dry-run"), "there is no file absent.csv"),
        (("o.csv", "--mapping", "absent"), "known mappings: hotline12345, myla311"),
        (("o.csv", "--mapping", "myla311", "--dry-run"), "is it the right mapping?"),
        (("o.csv", "--mapping", "own.yaml"), "own.yaml:1: "),
    ],
)
def test_an_impossible_import_ends_with_code_two_and_a_reason(arguments: tuple[str, ...], message: str, tmp_path: Path):
    csv_file(tmp_path / "o.csv", [order(1)])
    (tmp_path / "own.yaml").write_text("times: 7\n")
    result = huying(*arguments)
    assert result.exit_code == 2
    assert message in result.output


class RefusesTheKey(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.send_error(401)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The address of a deployment that refuses our key."""
    with HTTPServer(("127.0.0.1", 0), RefusesTheKey) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_refused_key_ends_with_code_two_and_a_reason(elsewhere: str, tmp_path: Path):
    file = csv_file(tmp_path / "o.csv", [order(1)])
    result = huying(file, "--mapping", "hotline12345", "--url", elsewhere, "--key", "wrong", "--no-wait")
    assert result.exit_code == 2
    assert "huying: HTTP 401" in result.output


def test_a_deployment_that_does_not_respond_is_named(tmp_path: Path):
    nowhere = f"http://127.0.0.1:{free_port()}"
    file = csv_file(tmp_path / "o.csv", [order(1)])
    result = huying(file, "--mapping", "hotline12345", "--url", nowhere, "--key", "any")
    assert result.exit_code == 2
    assert f"{nowhere}/v1/jurisdictions/nanhai 没有回应 / does not answer" in result.output


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_an_interrupted_import_ends_with_code_two_and_a_message(
    more: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    async def served(*_: object) -> None:
        """Pretends that it is served."""

    monkeypatch.setattr(importing, "run", stopped)
    monkeypatch.setattr(importing, "must_be_served", served)
    file = csv_file(tmp_path / "o.csv", [order(1)])
    result = huying(file, "--mapping", "hotline12345", "--url", "http://any", "--key", "any", "--no-wait", *more)
    assert result.exit_code == 2
    assert ("nothing was imported" if more else "run the same command again") in result.output


def test_a_terminal_without_chinese_shows_the_english_half(tmp_path: Path):
    file = csv_file(tmp_path / "o.csv", [order(1, 工单状态="飞了")])
    process = subprocess.run(
        [sys.executable, "-m", "deploy.cli.main", "import", file.name, "--mapping", "hotline12345", "--dry-run"],
        cwd=tmp_path, env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (process.returncode, process.stderr) == (1, "")
    assert "1 rows were refused" in process.stdout


async def test_a_dry_run_can_be_stopped_before_its_end(tmp_path: Path):
    @contextmanager
    def stopping(table: Table, before: int) -> Iterator[Callable[[int], None]]:
        yield lambda rows: heard.append(rows) or (trial.cancel() and None)

    heard: list[int] = []
    file = csv_file(tmp_path / "o.csv", map(order, range(1_500)))
    trial = asyncio.create_task(run(hotline(file), None, stopping))
    with pytest.raises(asyncio.CancelledError):
        await trial
    assert heard == [500]
