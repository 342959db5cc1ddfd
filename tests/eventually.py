"""Waits for a condition, not for time, and for nothing without end."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")


async def eventually(ask: Callable[[], Awaitable[T]], holds: Callable[[T], bool], within: float = 60) -> T:
    """The value of `ask` as soon as `holds` accepts it; fails with the last value."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while True:
        value = await ask()
        if holds(value):
            return value
        assert loop.time() < deadline, f"after {within} s still: {value!r}"
        await asyncio.sleep(0.05)


async def ended(*tasks: "asyncio.Task[Any]", within: float = 20) -> None:
    """Cancels these tasks and waits for their end; fails if one goes on, or had failed before."""
    for task in tasks:
        task.cancel()
    done, running = await asyncio.wait(tasks, timeout=within)
    assert not running, f"after {within} s still: {running}"
    for task in done:
        if not task.cancelled():
            task.result()
