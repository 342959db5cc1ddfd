"""Repeats background work at an interval, also after faults that pass."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

import structlog

from shared.chassis.database.pool import PASSING

log = structlog.get_logger()
TRY_AGAIN: Final = 0.5
"""Seconds after which work that failed is tried again at the earliest."""
LOG_AGAIN: Final = 30.0
"""Seconds after which a fault that lasts is logged again."""


async def every(
    seconds: float, work: Callable[[], Awaitable[object]], name: str, passing: tuple[type[Exception], ...] = PASSING
) -> None:
    """Call `work`, wait `seconds`, and repeat until cancelled. A fault of the classes `passing` is only logged: at
    once, then every `LOG_AGAIN` seconds, and when the work goes on."""
    failing_since = logged_at = 0.0
    while True:
        try:
            await work()
        except passing as fault:
            failing_since = failing_since or monotonic()
            if not logged_at or monotonic() - logged_at >= LOG_AGAIN:
                log.warning(f"{name} waits", cause=repr(fault))
                logged_at = monotonic()
            await asyncio.sleep(max(seconds, TRY_AGAIN))
        else:
            if failing_since:
                log.info(f"{name} goes on", seconds=round(monotonic() - failing_since, 1))
            failing_since = logged_at = 0.0
            await asyncio.sleep(seconds)
