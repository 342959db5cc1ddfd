"""Runs a job in a process of its own, with an end to its time and memory: what strangers send may be made to cost."""

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
    """The job did not end in its time or memory, or it failed."""


@dataclass(slots=True)
class Sandbox:
    """One job at a time; `job` is `module:function`, which takes and gives a list of bytes and touches nothing else.

    The process has no secret of ours: its environment is empty. It starts with the first call, ends with `close`, and
    a call that takes longer than `seconds` of wall time ends it too.
    """

    job: str
    seconds: float
    memory: int
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _process: Process | None = None

    async def __call__(self, *given: bytes) -> list[bytes]:
        """What the job gives; raises `Unfinished`, and `OSError` where the machine has no room for one more process."""
        async with self._turn:
            process = await self._running()
            try:
                async with asyncio.timeout(self.seconds):
                    return await _exchange(process, given)
            except (TimeoutError, OSError, EOFError) as fault:
                await self.close()
                raise Unfinished(repr(fault)) from None
            except asyncio.CancelledError:
                # Its answer would be taken for that of the next call.
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
            command = (sys.executable, "-m", "services.intake.sandbox.child", self.job, str(self.memory))
            # The same modules as here, wherever they were found.
            where = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            # What a job complains of may quote what it works on: no log of ours should have it.
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=where
            )
        return self._process


async def _exchange(process: Process, given: Sequence[bytes]) -> list[bytes]:
    if process.stdin is None or process.stdout is None:
        raise EOFError
    process.stdin.write(_LENGTH.pack(len(given)))
    for frame in given:
        process.stdin.write(_LENGTH.pack(len(frame)))
        process.stdin.write(frame)
    await process.stdin.drain()
    count = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))[0]
    return [await _frame(process.stdout) for _ in range(count)]


async def _frame(stream: asyncio.StreamReader) -> bytes:
    return await stream.readexactly(_LENGTH.unpack(await stream.readexactly(_LENGTH.size))[0])
