"""Ctrl-C ends a start at any stage, and the next start continues."""

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
    """`huying up` in its own process group, as a terminal starts it."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.cli.main", "up",
        env={**os.environ, "HUYING_STATE_DIR": str(home), "HUYING_PORT": "0"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip


async def ends(process: asyncio.subprocess.Process) -> tuple[int | None, str]:
    """Send Ctrl-C; returns the exit code and the output."""
    os.killpg(process.pid, signal.SIGINT)
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, output.decode()


async def there(path: Path) -> bool:
    return path.exists()


def left_of(home: Path) -> list[str]:
    """Command lines of processes that still use this directory."""
    lines = [(path / "cmdline").read_bytes() for path in Path("/proc").glob("[0-9]*") if (path / "cmdline").exists()]
    return [line.decode(errors="replace") for line in lines if str(home).encode() in line]


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for what is left in Linux' /proc")
@pytest.mark.parametrize("message", WHERE.values(), ids=WHERE.keys())
async def test_an_interrupted_start_says_so_and_leaves_nothing_that_blocks_the_next(
    tmp_path_factory: pytest.TempPathFactory, message: str
):
    home = reachable(tmp_path_factory, "interrupted")
    process = await up(home)
    await eventually(lambda: there(home / message), bool)
    code, output = await ends(process)
    assert (code, "huying: stopped" in output) == (0, True), output
    assert "could not" not in output
    assert "portal" not in output, "it went on to the end of the start"
    assert left_of(home) == []
    assert not (home / "postgres.new").exists()


SLOW = """
import asyncio, sys
from deploy.cli import up
from deploy.cli.up import until_ctrl_c, until_stopped
from deploy.local.state import Unusable
from deploy.local.uninterrupted import cleaned_up

async def cleaning():
    print("cleaning", flush=True)
    await asyncio.sleep(float(sys.argv[2]))
    print("clean", flush=True)

async def work():
    async with cleaned_up() as stack:
        stack.push_async_callback(cleaning)
        print("working", flush=True)
        if sys.argv[1] == "fails":
            raise Unusable("it fails")
        await until_ctrl_c()

up.SAME_PRESS = 0  # each signal is a press of its own
asyncio.run(until_stopped(work()))
"""


async def slow(how: str, seconds: float) -> asyncio.subprocess.Process:
    """A program whose cleanup takes so many seconds."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", SLOW, how, str(seconds), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )


async def line_of(process: asyncio.subprocess.Process) -> str:
    assert process.stdout
    return (await asyncio.wait_for(process.stdout.readline(), 60)).decode().strip()


async def test_the_first_ctrl_c_in_a_cleanup_does_not_cut_it_short():
    process = await slow("fails", 1)
    assert [await line_of(process) for _ in range(2)] == ["working", "cleaning"]
    process.send_signal(signal.SIGINT)
    output, errors = await asyncio.wait_for(process.communicate(), 60)
    assert ("clean" in output.decode().splitlines(), "Unusable: it fails" in errors.decode()) == (True, True)


async def test_a_second_ctrl_c_says_that_it_still_stops_and_a_third_ends_at_once():
    for presses, code, words in ((2, 0, "clean"), (3, 130, "huying: stopping at once")):
        process = await slow("waits", 3 if presses == 2 else 60)
        assert await line_of(process) == "working"
        for answer in ("stopping", "still stopping", "stopping at once")[:presses]:
            process.send_signal(signal.SIGINT)
            line = await line_of(process)
            while line == "cleaning":
                line = await line_of(process)
            assert line.startswith(f"huying: {answer}")
        rest = (await asyncio.wait_for(process.communicate(), 60))[0].decode()
        assert (process.returncode, words in f"{line}\n{rest}") == (code, True), rest


def test_an_unfinished_data_directory_is_created_again(tmp_path_factory: pytest.TempPathFactory):
    home = reachable(tmp_path_factory, "killed")
    unfinished = home / "postgres.new"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18")  # initdb writes it long before it has finished
    EmbeddedPostgres(home, 0).prepare()
    assert (home / "postgres" / "global" / "pg_control").exists()
    assert not unfinished.exists()
