"""Repeats background work at an interval, also after faults that pass."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from shared.chassis.database.pool import PASSING

log = structlog.get_logger()


async def every(
    seconds: float, work: Callable[[], Awaitable[object]], name: str, passing: tuple[type[Exception], ...] = PASSING
) -> None:
    """Call `work`, wait `seconds`, and repeat until cancelled; a fault of the classes `passing` is only logged."""
    while True:
        try:
            await work()
        except passing as fault:
            log.warning(f"{name} waits", cause=repr(fault))
        await asyncio.sleep(seconds)
