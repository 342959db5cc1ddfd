"""Whether the present task was asked to end, also where somebody on its way has swallowed the cancellation.

An aiokafka client that is just starting, or being closed, may go on as if nothing had been said.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any


def asked_to_end() -> bool:
    """True after `cancel()`, whoever caught what it raised."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def end_if_asked() -> None:
    """Raise what `cancel()` raises where it was swallowed."""
    if asked_to_end():
        raise asyncio.CancelledError


async def pause(seconds: float) -> None:
    """Sleep as `asyncio.sleep` does, unless the task was asked to end: for loops that ask a broker again and again."""
    end_if_asked()
    await asyncio.sleep(seconds)


async def either(*works: Coroutine[Any, Any, object]) -> None:
    """Until one of these ends; the others are cancelled then. Raises what the first one raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
