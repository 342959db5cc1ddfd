"""Processes that a test starts and kills."""

import asyncio
import multiprocessing
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Final

FORKED: Final = multiprocessing.get_context("forkserver")
# Importing a service takes seconds, so children are forked from a process that has already imported it.
FORKED.set_forkserver_preload(
    [
        "pytest", "shared.chassis.process.run", "tests.feedback.killed_sender", "tests.feedback.killed_webhook_sender",
        "tests.routing.deadline_worker",
    ]
)  # fmt: skip
PATIENCE: Final = 300
"""Seconds; a process may start slowly on a busy machine."""


@asynccontextmanager
async def killed_at_the_end(*command: str) -> AsyncIterator[None]:
    """A process that must still run when it is killed at the end."""
    process = await asyncio.create_subprocess_exec(*command)
    try:
        yield
        assert process.returncode is None, "it ended by itself"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def forked(module: str, *arguments: str) -> AsyncIterator[None]:
    """Calls `run` of a test module in a process of its own, which must still run when it is killed at the end."""
    process = FORKED.Process(target=_run, args=(module, *arguments), daemon=True)
    await asyncio.to_thread(process.start)
    try:
        yield
        assert process.exitcode is None, "it ended by itself"
    finally:
        process.kill()
        await asyncio.to_thread(process.join)


def _run(module: str, *arguments: str) -> None:
    import_module(module).run(*arguments)


def ended_by_itself(program: str, path: Path) -> int:
    """The exit code of a process that runs this program and writes its output to a file."""
    process = FORKED.Process(target=_run_program, args=(program, path), daemon=True)
    process.start()
    process.join(PATIENCE)
    if process.exitcode is None:
        process.kill()
    assert process.exitcode is not None, "it goes on"
    return process.exitcode


def _run_program(program: str, path: Path) -> None:
    with path.open("wb") as file:
        for output in (1, 2):
            os.dup2(file.fileno(), output)
    exec(program, {"__name__": "__main__"})
