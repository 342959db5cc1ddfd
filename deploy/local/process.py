"""Runs a child process: starts it, copies its output to a log file, and stops it."""

import asyncio
import contextlib
import ctypes
import os
import pwd
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from deploy.local.bounded_log import BoundedLog

CHUNK: Final = 65_536
_PR_SET_PDEATHSIG: Final = 1


def as_user(user: int | None) -> dict[str, Any]:
    """The arguments for a subprocess that runs as `user`; empty if it runs as the current user."""
    return {} if user is None else {"user": user, "group": pwd.getpwuid(user).pw_gid, "extra_groups": []}


def die_with_parent() -> None:
    """Let the kernel end this child when its parent is killed (Linux only)."""
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    except (OSError, AttributeError):
        return


@dataclass(frozen=True, slots=True)
class Program:
    """A program to start; `user` is set if it must not run as root. `patience`: seconds for it to stop."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    user: int | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 20.0


@dataclass(slots=True)
class ManagedProcess:
    """One running program; its output goes to a log file and, line by line, to `echo`."""

    program: Program
    log_path: Path
    echo: Callable[[str, str], None] | None = None
    process: asyncio.subprocess.Process | None = None
    _pump: "asyncio.Task[None] | None" = None
    _log_began: int = 0

    async def start(self) -> None:
        """Start the program in a session of its own, so that Ctrl-C reaches only the supervisor."""
        self._log_began = self.log_path.stat().st_size if self.log_path.exists() else 0
        self.process = await asyncio.create_subprocess_exec(
            *self.program.command,
            env={**os.environ, **self.program.env},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            umask=0o077,  # other users must not read the files that it writes
            cwd="/",
            preexec_fn=die_with_parent,
            **as_user(self.program.user),
        )
        self._pump = asyncio.create_task(self._copy())

    async def _copy(self) -> None:
        """Copy the output until its end: a child would block on a full pipe."""
        process = self.process
        assert process
        assert process.stdout
        log, line = BoundedLog(self.log_path), b""
        while data := await process.stdout.read(CHUNK):
            log.write(data)
            *lines, line = (line + data).split(b"\n")
            if len(line) > CHUNK:
                lines, line = [*lines, line], b""
            self._show(lines)
        self._show([line] if line else [])
        log.close()

    def _show(self, lines: Sequence[bytes]) -> None:
        if self.echo is None:
            return
        with contextlib.suppress(OSError):  # the terminal may be gone
            for line in lines:
                self.echo(self.program.name, line.decode(errors="replace").rstrip())

    @property
    def pid(self) -> int:
        """The process id; 0 before the start."""
        return self.process.pid if self.process else 0

    @property
    def alive(self) -> bool:
        """Whether it has not ended yet."""
        return self.process is not None and self.process.returncode is None

    async def wait(self) -> int:
        """Wait until it has ended and its last output is in the log; returns the exit code."""
        assert self.process
        code = await self.process.wait()
        if self._pump:
            await self._pump
        return code

    async def stop(self, patience: float | None = None) -> bool:
        """Send the stop signal, wait at most `patience` seconds (default: those of the program), then kill it; returns
        False if it had to be killed."""
        if not self.alive or not self.process:
            return True
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(self.program.stop_signal)
        try:
            async with asyncio.timeout(self.program.patience if patience is None else patience):
                await self.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):  # it may have ended while its output is still being copied
                self.process.kill()
            await self.wait()
            return False
        return True

    def last_lines(self, count: int = 8) -> str:
        """The last lines of its log since it was started."""
        if not self.log_path.exists():
            return ""
        data = self.log_path.read_bytes()
        if len(data) >= self._log_began:  # else the log was rotated since
            data = data[self._log_began :]
        return "\n".join(data.decode("utf-8", "replace").splitlines()[-count:])
