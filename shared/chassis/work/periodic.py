"""Does something again and again beside what a process is for; a database that is away is waited for."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from shared.chassis.database.pool import PASSING

log = structlog.get_logger()


async def every(
    seconds: float, work: Callable[[], Awaitable[object]], what: str, passing: tuple[type[Exception], ...] = PASSING
) -> None:
    """Work, wait `seconds`, until cancelled; a fault that is `passing` is logged under `what` and tried again then."""
    while True:
        try:
            await work()
        except passing as fault:
            log.warning(f"{what} waits", cause=repr(fault))
        await asyncio.sleep(seconds)
