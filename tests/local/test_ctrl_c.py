"""Ctrl-C ends a start wherever it stands, and the next start goes on from there."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from deploy.local.postgres import EmbeddedPostgres
from tests.conftest import reachable
from tests.eventually import eventually

WHERE = {"the data directory grows": "postgres.new", "the servers start": "postgres/postmaster.pid"}


async def up(home: Path) -> asyncio.subprocess.Process:
    """`huying up` in a group of its own, as a terminal starts it."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.cli.main", "up",
        env={**os.environ, "HUYING_STATE_DIR": str(home), "HUYING_PORT": "0"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip


async def ends(process: asyncio.subprocess.Process) -> tuple[int | None, str]:
    """Press Ctrl-C; what it says, and its exit code."""
    os.killpg(process.pid, signal.SIGINT)
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, said.decode()


async def there(path: Path) -> bool:
    return path.exists()


def left_of(home: Path) -> list[str]:
    """Command lines of processes that still work in this directory."""
    lines = [(path / "cmdline").read_bytes() for path in Path("/proc").glob("[0-9]*") if (path / "cmdline").exists()]
    return [line.decode(errors="replace") for line in lines if str(home).encode() in line]


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for what is left in Linux' /proc")
@pytest.mark.parametrize("begun", WHERE.values(), ids=WHERE.keys())
async def test_a_start_that_is_interrupted_says_so_and_leaves_nothing_in_the_way(
    tmp_path_factory: pytest.TempPathFactory, begun: str
):
    home = reachable(tmp_path_factory, "interrupted")
    process = await up(home)
    await eventually(lambda: there(home / begun), bool)
    code, said = await ends(process)
    assert (code, "huying: stopped" in said) == (0, True), said
    assert "could not" not in said
    assert "portal" not in said, "it went on to the end of the start"
    assert left_of(home) == []
    assert not (home / "postgres.new").exists()


def test_a_data_directory_that_was_not_finished_is_begun_anew(tmp_path_factory: pytest.TempPathFactory):
    home = reachable(tmp_path_factory, "killed")
    half = home / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18")  # initdb writes it long before it is done
    EmbeddedPostgres(home, 0).prepare()
    assert (home / "postgres" / "global" / "pg_control").exists()
    assert not half.exists()
