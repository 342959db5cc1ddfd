"""Measures by how much the event loop of this process is late: whatever blocks it holds up everything else."""

import asyncio
from typing import Final, NoReturn

from shared.chassis.base import metrics

EVERY: Final = 1.0


async def measure() -> NoReturn:
    """Look each second until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + EVERY
        await asyncio.sleep(EVERY)
        metrics.LOOP_DELAY.observe(max(0.0, loop.time() - due))
