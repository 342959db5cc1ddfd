"""Runs routing's deadline timers in a process, like its worker, with a fixed time."""

import asyncio
from datetime import datetime

from shared.chassis.database.pool import open_pool
from shared.chassis.work import timers
from tests.routing.deadline_harness import DeadlineHarness


async def main(database: str, at: datetime) -> None:
    """Run until killed."""
    async with await open_pool(database, "routing") as pool:
        await DeadlineHarness(pool).runner(at).run()


def run(database: str, at: str) -> None:
    """The entry point of the process."""
    timers.AT_ONCE = 5  # type: ignore[misc]  # so that several processes share the work of a test
    asyncio.run(main(database, datetime.fromisoformat(at)))
