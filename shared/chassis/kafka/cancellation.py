"""Tells a task that it was cancelled, even if a library has swallowed the `CancelledError`.

An aiokafka client that is starting or closing may catch the cancellation and go on.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any


def asked_to_end() -> bool:
    """True after `cancel()` of the current task, even if its `CancelledError` was caught."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def end_if_asked() -> None:
    """Raise `CancelledError` if the current task was cancelled."""
    if asked_to_end():
        raise asyncio.CancelledError


async def pause(seconds: float) -> None:
    """Sleep, or raise `CancelledError` if the task was cancelled before: for loops that poll a broker."""
    end_if_asked()
    await asyncio.sleep(seconds)


async def run_until_first_ends(*works: Coroutine[Any, Any, object]) -> None:
    """Run all until the first one ends, then cancel the others; raises the fault of the first one."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
