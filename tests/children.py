"""Processes that a test starts and kills."""

import asyncio
import multiprocessing
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Final

FORKED: Final = multiprocessing.get_context("forkserver")
# To load the code of a service takes seconds of a processor: the children of a run are forked from a process that has.
FORKED.set_forkserver_preload(
    ["pytest", "tests.feedback.killed_sender", "tests.feedback.killed_webhook_sender", "tests.routing.deadline_worker"]
)


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
    """`run` of a module of the tests in a process of its own, which must still run when it is killed at the end."""
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
