"""Whether the present task was asked to end, also where somebody on its way has swallowed the cancellation."""

import asyncio


def asked_to_end() -> bool:
    """True after `cancel()`: an aiokafka client that is just starting may go on as if nothing had been said."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
