"""Waits for a condition, not for time, and for nothing without end."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")


async def eventually(ask: Callable[[], Awaitable[T]], holds: Callable[[T], bool], within: float = 60) -> T:
    """What `ask` says as soon as it holds; fails with what it said last."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while True:
        said = await ask()
        if holds(said):
            return said
        assert loop.time() < deadline, f"after {within} s still: {said!r}"
        await asyncio.sleep(0.05)


async def ended(*tasks: "asyncio.Task[Any]", within: float = 20) -> None:
    """Returns when these have ended, as they are told to; fails when one goes on, or had failed before."""
    for task in tasks:
        task.cancel()
    done, going_on = await asyncio.wait(tasks, timeout=within)
    assert not going_on, f"after {within} s still: {going_on}"
    for task in done:
        if not task.cancelled():
            task.result()
