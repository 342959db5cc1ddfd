"""A killed import is resumed where it ended.

`HUYING_LONG=1` imports twice as much.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from deploy.importing.progress_log import About, ProgressLog, RowsDone
from deploy.importing.rows import BadRow, RowPosition, SourceRow, UnreadableFile
from deploy.local.ports import free_port
from services.intake import app
from services.intake.channels import keys
from services.intake.settings import IntakeSettings
from shared.chassis.database.pool import Pool
from shared.chassis.http.app import web_app
from shared.contracts.demand.facts import ChannelKind
from tests.eventually import eventually
from tests.importing.orders import csv_file, order
from tests.keys import KEYS

ROWS, KILLED_AT = (6_000, 8) if os.environ.get("HUYING_LONG") else (3_000, 5)
BAD = range(100, ROWS + 1, 1_000)
ABOUT = About(file="o.csv", fingerprint="1", mapping="m", url="u")


@dataclass
class Watched:
    """Intake behind a wrapper that counts demands, and kills the importer at its Nth batch."""

    inner: ASGIApp
    posted: int = 0
    batches: int = 0
    kill_at: int = 0
    victim: list[subprocess.Popen[str]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
            return
        body = b""
        while True:
            part = await receive()
            if part["type"] == "http.disconnect":
                return
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        self.posted += len(orjson.loads(body)["demands"])
        self.batches += 1
        if self.batches == self.kill_at:
            os.kill(self.victim[-1].pid, signal.SIGKILL)
            self.victim[-1].wait()
        waiting = [{"type": "http.request", "body": body}]

        async def again() -> dict[str, object]:
            return waiting.pop() if waiting else {"type": "http.disconnect"}

        await self.inner(scope, again, send)  # type: ignore[arg-type]


@asynccontextmanager
async def served(watched: Watched, port: int) -> AsyncIterator[str]:
    server = uvicorn.Server(uvicorn.Config(watched, port=port, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await eventually(started, bool)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving


def importer(url: str, key: str, file: Path, *options: str) -> subprocess.Popen[str]:
    arguments = ["import", str(file), "--mapping", "hotline12345", "--url", url, "--key", key, "--no-wait", *options]
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.cli.main", *arguments, "--errors", "e.csv"],
        cwd=file.parent, env={**os.environ, "COLUMNS": "200"}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


@pytest.fixture
async def watched(database: str, pool: Pool) -> Watched:
    api = app.api(IntakeSettings.model_validate(KEYS | {"DATABASE_URL": database}), pool)
    return Watched(web_app("intake", api.routers))


async def test_a_killed_import_resumes_without_sending_rows_twice(watched: Watched, pool: Pool, tmp_path: Path):
    key = await keys.add(pool, "import", ChannelKind.PARTNER, "Import", ("import", "submit", "read-all"))
    file = csv_file(
        tmp_path / "o.csv", [order(n, **({"工单状态": "飞了"} if n in BAD else {})) for n in range(1, ROWS + 1)]
    )
    port = free_port()
    async with served(watched, port) as url:
        watched.kill_at = KILLED_AT
        watched.victim.append(importer(url, key, file))
        output, _ = await asyncio.to_thread(watched.victim[-1].communicate, timeout=60)
        assert watched.victim[-1].returncode == -signal.SIGKILL, output
    assert not (tmp_path / "e.csv").exists()
    log = (tmp_path / "o.csv.import-log").read_bytes().splitlines()
    settled = max(int(orjson.loads(line)["row"]) for line in log if b'"done"' in line)
    assert 0 < settled < 500 * KILLED_AT

    watched.posted, watched.kill_at = 0, 0
    async with served(watched, port) as url:
        process = importer(url, key, file)
        output, _ = await asyncio.to_thread(process.communicate, timeout=60)
    assert process.returncode == 1, output
    bad_before = sum(n <= settled for n in BAD)
    assert f"{settled:,} finished before" in output
    assert f"{len(BAD)} refused" in output
    assert watched.posted == ROWS - settled - (len(BAD) - bad_before)
    assert await pool.fetchval("SELECT count(*) FROM submission") == ROWS - len(BAD)
    lines = (tmp_path / "e.csv").read_text("utf-8-sig").splitlines()[1:]
    assert [int(line.split(",")[1]) for line in lines] == [n + 1 for n in BAD]
    assert not (tmp_path / "o.csv.import-log").exists()


def test_a_progress_log_is_resumed_only_by_the_same_import(tmp_path: Path):
    path = tmp_path / "log"
    with ProgressLog(path, ABOUT) as progress_log:
        progress_log.advance(500)
    for other in ("file", "fingerprint", "mapping", "url"):
        copy = tmp_path / other
        copy.write_bytes(path.read_bytes())
        with ProgressLog(copy, ABOUT.model_copy(update={other: "another"})) as progress_log:
            assert progress_log.done == 0
    again = tmp_path / "again"
    again.write_bytes(path.read_bytes())
    with ProgressLog(again, ABOUT, from_start=True) as progress_log:
        assert progress_log.done == 0
    with ProgressLog(path, ABOUT) as progress_log:
        assert progress_log.done == 500


def test_a_progress_log_drops_entries_after_its_last_mark_and_half_a_line(tmp_path: Path):
    path = tmp_path / "log"
    row, bad = SourceRow(RowPosition("o.csv", "", 2), {"a": "1"}), BadRow("a", "1", "because")
    with ProgressLog(path, ABOUT) as progress_log:
        progress_log.refuse(3, row, bad)
        progress_log.advance(500)
        progress_log.refuse(700, row, bad)
    with path.open("ab") as file:
        file.write(RowsDone(row=9_999).model_dump_json().encode()[:-3])
    with ProgressLog(path, ABOUT) as progress_log:
        assert (progress_log.done, progress_log.refused) == (500, 1)
        assert [refusal.row for refusal in progress_log.refusals()] == [3]
    assert path.stat().st_mode & 0o777 == 0o600


def test_two_imports_of_one_file_cannot_run_at_once(tmp_path: Path):
    with ProgressLog(tmp_path / "log", ABOUT), pytest.raises(UnreadableFile, match="正在导入"):
        ProgressLog(tmp_path / "log", ABOUT)
    with ProgressLog(tmp_path / "log", ABOUT) as progress_log:
        assert progress_log.done == 0
