"""Where a local deployment keeps its data, and what it tells other commands about itself."""

import fcntl
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Final

MIN_FREE: Final = 1_000_000_000


class Unusable(RuntimeError):
    """The environment cannot be worked with; the message says what to do."""


def state_dir() -> Path:
    """`HUYING_STATE_DIR`, else /var/lib/huying for root and the XDG state directory for everybody else."""
    named = os.environ.get("HUYING_STATE_DIR")
    if named:
        return Path(named).expanduser().resolve()
    if os.geteuid() == 0:
        return Path("/var/lib/huying")
    return Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / "huying"


def prepare(directory: Path) -> Path:
    """Make the directory; raises `Unusable` where it cannot hold a database."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "logs").mkdir(exist_ok=True)
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


def claim(lock: Path) -> IO[str] | None:
    """Hold a lock until the file is closed or this process ends; None when another one holds it."""
    file = lock.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


@dataclass(slots=True)
class Runtime:
    """What runs, for `huying import`, `huying doctor` and the tests."""

    url: str
    database_url: str
    kafka_bootstrap_servers: str
    broker: str
    pids: dict[str, int]
    log_dir: str
    started_at: str
    ready: dict[str, str] = field(default_factory=dict)
    relay_shards: int = 1
    given_up: dict[str, str] = field(default_factory=dict)

    def write(self, directory: Path) -> None:
        """Replace the file at once, so that no reader sees half of it."""
        write_private(directory / "runtime.json", asdict(self))

    @classmethod
    def read(cls, directory: Path) -> "Runtime | None":
        """What runs in this directory; None when nothing does."""
        try:
            return cls(**json.loads((directory / "runtime.json").read_text("utf-8")))
        except FileNotFoundError:
            return None


def write_private(path: Path, told: Mapping[str, Any]) -> None:
    """JSON that only its owner may read; written whole or not at all."""
    fresh = path.with_suffix(".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        json.dump(told, out, ensure_ascii=False, indent=2)
    fresh.replace(path)
