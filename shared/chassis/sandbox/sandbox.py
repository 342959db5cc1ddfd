"""Runs a job in a child process with limits on its time and memory, without blocking the event loop."""

import asyncio
import os
import struct
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

_LENGTH: Final = struct.Struct(">I")


class Unfinished(Exception):
    """The job did not finish within its time or memory, or it failed."""


@dataclass(slots=True)
class Sandbox:
    """A process for one job, which serves one call at a time.

    `job` is `module:function`: a function that takes and returns a list of bytes, and has no other effect. `seconds`
    is the longest time of a call (a longer one ends the process), `memory` the limit of the process in bytes.
    The process starts with the first call and ends with `close`, or when this process ends. Its environment holds
    nothing but the paths of modules, so it knows no secret.
    """

    job: str
    seconds: float
    memory: int
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _process: Process | None = None

    async def __call__(self, *request: bytes) -> list[bytes]:
        """The frames that the job returns; raises `Unfinished`, or `OSError` if no process can be started."""
        async with self._turn:
            process = await self._running()
            try:
                async with asyncio.timeout(self.seconds):
                    return await _exchange(process, request)
            except (TimeoutError, OSError, EOFError) as fault:
                await self.close()
                raise Unfinished(repr(fault)) from None
            except asyncio.CancelledError:
                # The process must end, or the next call would read the answer to this one.
                await self.close()
                raise

    async def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process and process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _running(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            command = (sys.executable, "-m", "shared.chassis.sandbox.child", self.job, str(self.memory))
            # The child must find the same modules as this process.
            environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            # stderr is dropped: an error message of the job may quote personal data, which must not be logged.
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=environment
            )
        return self._process


async def _exchange(process: Process, request: Sequence[bytes]) -> list[bytes]:
    if process.stdin is None or process.stdout is None:
        raise EOFError
    process.stdin.write(_LENGTH.pack(len(request)))
    for frame in request:
        process.stdin.write(_LENGTH.pack(len(frame)))
        process.stdin.write(frame)
    await process.stdin.drain()
    count = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))[0]
    return [await _frame(process.stdout) for _ in range(count)]


async def _frame(stream: asyncio.StreamReader) -> bytes:
    return await stream.readexactly(_LENGTH.unpack(await stream.readexactly(_LENGTH.size))[0])
