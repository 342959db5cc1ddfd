"""A supervisor restarts ended processes, explains when it gives up, and never shares its directory with another."""

import asyncio
import fcntl
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from deploy.doctor.processes import deployment_findings
from deploy.local.bounded_log import BoundedLog
from deploy.local.deployment import Options, deployed
from deploy.local.process import ManagedProcess, Program
from deploy.local.state import Runtime, Unusable, prepare
from deploy.local.supervisor import Supervisor
from shared.chassis.process.run import POISONED, RESTART_ME
from tests.eventually import eventually

real_time_signals = pytest.mark.skipif(not hasattr(signal, "SIGRTMIN"), reason="this system has none")


def supervisor(tmp_path: Path, code: str, **more: object) -> Supervisor:
    command: Sequence[str] = (sys.executable, "-c", code)
    return Supervisor(ManagedProcess(Program("probe", command), tmp_path / "probe.log"), **more)  # type: ignore[arg-type]


async def test_an_ended_child_is_restarted(tmp_path: Path):
    running_supervisor = supervisor(tmp_path, "import signal; signal.pause()")
    await running_supervisor.start()
    first = running_supervisor.child.pid
    os.kill(first, signal.SIGKILL)

    async def pid() -> int:
        return running_supervisor.child.pid if running_supervisor.child.alive else first

    await eventually(pid, lambda now: now != first)
    assert running_supervisor.restarts == 1
    await running_supervisor.stop()
    assert not running_supervisor.child.alive


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("import os; os.kill(os.getpid(), 9)", "it ended by SIGKILL"),
        pytest.param("import os; os.kill(os.getpid(), 40)", "it ended by signal 40", marks=real_time_signals),
        (f"raise SystemExit({RESTART_ME})", "it ended to start again: the broker was replaced"),
        ("raise SystemExit(3)", "it ended with code 3"),
    ],
)
async def test_the_reason_of_a_restart_is_explained(tmp_path: Path, end: str, words: str):
    told: list[str] = []
    running_supervisor = supervisor(tmp_path, end, restarted=lambda _, why: told.append(why))
    await running_supervisor.start()

    async def said() -> list[str]:
        return told[:1]

    assert await eventually(said, bool) == [words]
    await running_supervisor.stop()


async def test_a_child_that_ended_because_of_poison_is_not_restarted_and_the_doctor_says_so(tmp_path: Path):
    runtime = Runtime("http://here", "", "", "", {}, "", "")
    running_supervisor = supervisor(tmp_path, f"raise SystemExit({POISONED})", given_up=runtime.given_up.__setitem__)
    await running_supervisor.start()

    async def given_up() -> str | None:
        return runtime.given_up.get("probe")

    why = await eventually(given_up, lambda said: said is not None)
    assert (running_supervisor.child.alive, running_supervisor.restarts) == (False, 0)
    runtime.pids["probe"] = running_supervisor.child.pid
    assert why
    assert any("dead-letters" in str(found) for found in await deployment_findings(runtime))
    await running_supervisor.stop()


async def test_a_failed_restart_is_repeated(tmp_path: Path):
    starts = iter([None, OSError("No space left on device"), OSError("No space left on device")])

    def before() -> None:
        if fault := next(starts, None):
            raise fault

    running_supervisor = supervisor(tmp_path, "import signal; signal.pause()", before=before)
    await running_supervisor.start()
    first = running_supervisor.child.pid
    os.kill(first, signal.SIGKILL)

    async def pid() -> int:
        return running_supervisor.child.pid if running_supervisor.child.alive else first

    await eventually(pid, lambda now: now != first)
    assert running_supervisor.restarts == 3
    await running_supervisor.stop()


async def test_a_stopped_child_is_not_restarted(tmp_path: Path):
    running_supervisor = supervisor(tmp_path, "import signal; signal.pause()")
    await running_supervisor.start()
    await running_supervisor.stop()
    assert (running_supervisor.child.alive, running_supervisor.restarts) == (False, 0)


async def test_a_child_that_ends_at_once_is_reported_with_its_last_output(tmp_path: Path):
    async def never() -> None:
        await eventually(lambda: answered(), lambda said: said, within=30)

    async def answered() -> bool:
        return False

    running_supervisor = supervisor(tmp_path, "print('port 9092 is taken'); raise SystemExit(3)", after=never)
    with pytest.raises(Unusable, match="port 9092 is taken"):
        await running_supervisor.start()


async def test_a_child_that_ignores_sigterm_is_killed_after_its_timeout(tmp_path: Path):
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
    child = ManagedProcess(Program("probe", (sys.executable, "-c", code), patience=0.2), tmp_path / "probe.log")
    await child.start()

    async def said() -> str:
        return child.last_lines()

    await eventually(said, lambda words: words == "deaf")
    assert await child.stop() is False
    assert not child.alive


async def test_the_last_output_of_a_child_is_from_its_present_run(tmp_path: Path):
    for words in ("yesterday", "today"):
        child = ManagedProcess(Program("probe", (sys.executable, "-c", f"print({words!r})")), tmp_path / "probe.log")
        await child.start()
        await child.wait()
    assert child.last_lines() == "today"


async def test_a_line_of_a_megabyte_is_logged_and_shown_and_the_child_goes_on(tmp_path: Path):
    shown: list[str] = []
    child = ManagedProcess(
        Program("probe", (sys.executable, "-c", "print('x' * 1_000_000); print('after', end='')")),
        tmp_path / "probe.log",
        echo=lambda _, line: shown.append(line),
    )
    await child.start()
    assert await asyncio.wait_for(child.wait(), 60) == 0
    assert child.last_lines(1) == "after"
    assert (len("".join(shown)), shown[-1]) == (1_000_005, "after")


async def test_a_log_that_cannot_be_written_does_not_block_its_child(tmp_path: Path):
    child = ManagedProcess(Program("probe", (sys.executable, "-c", "print('x' * 1_000_000)")), tmp_path)
    await child.start()
    assert await asyncio.wait_for(child.wait(), 60) == 0


def test_a_log_has_a_size_limit_and_the_previous_one_is_kept(tmp_path: Path):
    log = BoundedLog(tmp_path / "probe.log", full=10)
    for said in (b"one\n", b"two\n", b"three\n", b"four\n"):
        log.write(said)
    log.close()
    assert {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()} == {
        "probe.1.log": "three\n",
        "probe.log": "four\n",
    }


def test_a_directory_that_cannot_be_written_is_explained(tmp_path: Path):
    taken = tmp_path / "taken"
    taken.write_text("a file")
    with pytest.raises(Unusable, match="HUYING_STATE_DIR"):
        prepare(taken / "state")


async def test_a_second_deployment_in_the_same_directory_is_refused(directory: Path, monkeypatch: pytest.MonkeyPatch):
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with pytest.raises(Unusable, match="already"):
            async with deployed(Options(directory=directory, port=0)):
                pass
