"""The directory of a local deployment, and `runtime.json`, which describes the deployment to other commands."""

import fcntl
import json
import os
import shutil
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

MIN_FREE: Final = 1_000_000_000


class Unusable(RuntimeError):
    """The environment does not allow a local deployment; the message says what to do."""


def state_dir() -> Path:
    """`HUYING_STATE_DIR`, else /var/lib/huying for root and the XDG state directory for everybody else."""
    setting = os.environ.get("HUYING_STATE_DIR")
    if setting:
        return Path(setting).expanduser().resolve()
    if os.geteuid() == 0:
        return Path("/var/lib/huying")
    return Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / "huying"


def prepare(directory: Path) -> Path:
    """Make the directory; raises `Unusable` if it is not writable or has too little free space."""
    try:
        if not directory.exists():
            directory.mkdir(parents=True)
            directory.chmod(0o700)
        (directory / "logs").mkdir(0o700, exist_ok=True)
        _close_to_others(directory)
    except OSError as fault:
        raise Unusable(
            f"{directory} cannot be written ({fault.strerror}): set HUYING_STATE_DIR to a folder of your own"
        ) from None
    free = shutil.disk_usage(directory).free
    if free < MIN_FREE:
        raise Unusable(
            f"{directory} has {free // 1_000_000} MB left; 1,000 MB are needed:"
            " free some, or set HUYING_STATE_DIR to a folder with more room"
        )
    return directory


_LOOKED_INTO_BY_OTHERS: Final = {"pginstall", "postgres"}
"""Folders that the user of PostgreSQL must enter if root starts the deployment."""


def _close_to_others(directory: Path) -> None:
    """Take the permissions of other users from our files, as earlier versions made some of them readable.

    The same for the directory itself, unless HUYING_STATE_DIR is the home directory or a shared one.
    """
    own_files = [path for path in directory.iterdir() if path.name not in _LOOKED_INTO_BY_OTHERS and _is_ours(path)]
    for path in own_files:
        _take_from_others(path)
    if (directory / "secrets.json").exists() and directory != Path.home() and _is_ours(directory):
        _take_from_others(directory, keep=0o011)


_NAMES: Final = ("logs", "broker", "kafka", "attachments", "cache", "channels.json", "secrets.json", "runtime.json")
_ENDINGS: Final = (".lock", ".password", ".clean", ".properties", ".log")


def _is_ours(path: Path) -> bool:
    status = path.lstat()
    known = path.name in _NAMES or path.name == "lock" or path.suffix in _ENDINGS or (path / "secrets.json").exists()
    return known and status.st_uid == os.geteuid() and not stat.S_ISLNK(status.st_mode) and not status.st_mode & 0o1000


def _take_from_others(path: Path, keep: int = 0) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    closed = mode & (0o700 | keep)
    if closed != mode:
        path.chmod(closed)


def is_open_to_others(path: Path) -> bool:
    """Whether anybody but its owner may read or change it."""
    return path.exists() and bool(path.stat().st_mode & 0o066)


def claim(lock: Path) -> IO[str] | None:
    """Hold a lock until the file is closed or this process ends; None when another one holds it."""
    file = open(lock, "a+", opener=partial(os.open, mode=0o600))  # noqa: SIM115
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


@dataclass(slots=True)
class Runtime:
    """The content of `runtime.json`: the running deployment, for other commands and the tests."""

    url: str
    database_url: str
    kafka_bootstrap_servers: str
    broker: str
    pids: dict[str, int]
    log_dir: str
    started_at: str
    deployment: str = ""
    health: dict[str, str] = field(default_factory=dict)
    """The base URL of `/livez` and `/readyz` for each process that has them."""
    relay_shards: int = 1
    given_up: dict[str, str] = field(default_factory=dict)
    restarts: dict[str, list[str]] = field(default_factory=dict)
    """For each restarted process: the time of the last restart, the number of restarts, and the last reason."""

    def write(self, directory: Path) -> None:
        """Replace the file at once, so that no reader sees half of it."""
        write_private(directory / "runtime.json", asdict(self))

    @classmethod
    def read(cls, directory: Path) -> "Runtime | None":
        """The content of the directory's `runtime.json`, None if it has none. The file of a killed supervisor stays:
        see `is_supervised`."""
        noted = read_json(directory / "runtime.json")
        if noted is None:
            return None
        known = {part.name for part in fields(cls)}
        try:
            return cls(**{name: value for name, value in noted.items() if name in known})
        except TypeError:
            raise Unusable(f"{directory}/runtime.json is of another version: `make up` again") from None

    @classmethod
    def running(cls, directory: Path) -> "Runtime | None":
        """The deployment that runs in this directory; None if none does."""
        return cls.read(directory) if is_supervised(directory) else None


def is_supervised(directory: Path) -> bool:
    """Whether a supervisor holds this directory now."""
    try:
        with (directory / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in one of our JSON files, None if the file does not exist. Raises `Unusable` if it is unreadable."""
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as fault:
        raise Unusable(f"{path} cannot be read ({fault}): mend it, or take it away to have it made anew") from None


def write_private(path: Path, values: Mapping[str, Any]) -> None:
    """JSON that only its owner may read; written whole or not at all."""
    fresh = path.with_suffix(".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        json.dump(values, out, ensure_ascii=False, indent=2)
    fresh.replace(path)
