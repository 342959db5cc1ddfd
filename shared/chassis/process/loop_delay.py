"""Measures the delay of this process's event loop: code that blocks the loop delays everything else."""

import asyncio
from typing import Final, NoReturn

from shared.chassis.base import metrics

EVERY: Final = 1.0


async def measure() -> NoReturn:
    """Measure every second until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + EVERY
        await asyncio.sleep(EVERY)
        metrics.LOOP_DELAY.observe(max(0.0, loop.time() - due))
