"""Reuses sandbox processes for many tests: starting one takes half a second of imports, and it keeps no state.

A process that was ended during a call, or has ended, is not used again.
"""

import asyncio
from asyncio.subprocess import Process
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import pytest

from shared.chassis.sandbox.sandbox import Sandbox

JOBS: Final = ("shared.masking.job:mask_all", "services.intake.inbound.mail.reader:read")
_close: Final = Sandbox.close
_running: Final = Sandbox._running


@dataclass(slots=True)
class KeptProcesses:
    """The idle processes, by job and memory limit."""

    loop: asyncio.AbstractEventLoop
    on: bool = True
    _idle: dict[tuple[str, int], list[Process]] = field(default_factory=lambda: defaultdict(list))

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Sandboxes take their process from here and return it."""

        async def close(sandbox: Sandbox) -> None:
            if self._keeps(sandbox):
                assert sandbox._process
                self._idle[sandbox.job, sandbox.memory].append(sandbox._process)
                sandbox._process = None
            await _close(sandbox)

        async def running(sandbox: Sandbox) -> Process:
            if self._here() and (sandbox._process is None or sandbox._process.returncode is not None):
                sandbox._process = self._taken(sandbox)
            return await _running(sandbox)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Sandbox, "close", close)
            patch.setattr(Sandbox, "_running", running)
            yield

    async def end(self) -> None:
        """End all processes."""
        for process in (process for idle in self._idle.values() for process in idle if process.returncode is None):
            process.kill()
            await process.wait()

    @contextmanager
    def off(self) -> Iterator[None]:
        """While this is open, sandboxes start and end their own processes."""
        self.on = False
        yield
        self.on = True

    def _here(self) -> bool:
        return self.on and asyncio.get_running_loop() is self.loop

    def _keeps(self, sandbox: Sandbox) -> bool:
        process = sandbox._process
        is_idle = process is not None and process.returncode is None and not sandbox._turn.locked()
        return self._here() and is_idle and sandbox.job in JOBS

    def _taken(self, sandbox: Sandbox) -> Process | None:
        idle = self._idle[sandbox.job, sandbox.memory]
        while idle:
            if (process := idle.pop()).returncode is None:
                return process
        return None
