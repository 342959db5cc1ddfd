"""Files of a deployment are readable only by their owner, even those that earlier versions created."""

import os
import stat
import sys
from pathlib import Path

import pytest

from deploy.local.bounded_log import BoundedLog
from deploy.local.process import ManagedProcess, Program
from deploy.local.state import claim, is_open_to_others, prepare


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_umask(monkeypatch: pytest.MonkeyPatch) -> None:
    """A umask that lets everybody read and write new files."""
    before = os.umask(0)
    monkeypatch.setattr("deploy.local.state.Path.home", lambda: Path("/nowhere"))
    yield  # type: ignore[misc]
    os.umask(before)


def test_a_new_directory_and_its_logs_are_private(open_umask: None, tmp_path: Path):
    directory = prepare(tmp_path / "made" / "here")
    assert (mode(directory), mode(directory / "logs")) == (0o700, 0o700)


def test_open_files_of_an_earlier_version_are_made_private(open_umask: None, tmp_path: Path):
    directory = tmp_path / "state"
    for folder in ("logs", "attachments", "broker", "pginstall"):
        (directory / folder).mkdir(parents=True)
    for file in ("secrets.json", "channels.json", "runtime.json", "lock", "kafka.properties"):
        (directory / file).touch()
    directory.chmod(0o755)
    prepare(directory)
    open_files = {path.name for path in directory.iterdir() if is_open_to_others(path)}
    assert open_files == {"pginstall"}, "the programs of PostgreSQL are nobody's secret, and its own user runs them"
    assert not is_open_to_others(directory)


@pytest.mark.parametrize("given", [0o1777, 0o755])
def test_a_configured_shared_folder_is_not_changed(open_umask: None, tmp_path: Path, given: int):
    directory = tmp_path / "shared"
    directory.mkdir()
    (directory / "theirs").mkdir()
    directory.chmod(given)
    prepare(directory)
    assert (mode(directory), mode(directory / "theirs"), mode(directory / "logs")) == (given, 0o777, 0o700)


async def test_files_and_log_of_a_child_are_private(open_umask: None, tmp_path: Path):
    file = tmp_path / "messages.jsonl"
    child = ManagedProcess(
        Program("probe", (sys.executable, "-c", f"open({str(file)!r}, 'w'); print('x')")), tmp_path / "p.log"
    )
    (tmp_path / "p.log").touch(0o666)
    await child.start()
    assert await child.wait() == 0
    assert (mode(file), mode(tmp_path / "p.log")) == (0o600, 0o600)


def test_a_rotated_log_and_a_lock_are_private_too(open_umask: None, tmp_path: Path):
    log = BoundedLog(tmp_path / "probe.log", full=10)
    for words in (b"one two three", b"four five six"):
        log.write(words)
    log.close()
    lock = claim(tmp_path / "lock")
    assert lock
    lock.close()
    assert {path.name: mode(path) for path in tmp_path.iterdir()} == {
        "probe.log": 0o600,
        "probe.1.log": 0o600,
        "lock": 0o600,
    }
