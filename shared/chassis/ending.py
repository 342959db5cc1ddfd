"""Whether the present task was asked to end, also where somebody on its way has swallowed the cancellation.

An aiokafka client that is just starting, or being closed, may go on as if nothing had been said.
"""

import asyncio


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
