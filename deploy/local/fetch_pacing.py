"""Keeps idle readers from asking the embedded broker without a pause."""

import asyncio
import contextlib
from typing import Any

from aiokafka.consumer.fetcher import Fetcher


def pace_empty_fetches(seconds: float) -> None:
    """Wait a little after an empty answer that came at once.

    The embedded broker does not hold an empty fetch back as Apache Kafka does (`fetch.max.wait.ms`),
    so that idle readers would ask without pause. Applies to every aiokafka consumer of this process.
    """
    ask = Fetcher._proc_fetch_request

    async def paced(self: Fetcher, assignment: Any, node_id: int, request: Any) -> bool:
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        has_records: bool = await ask(self, assignment, node_id, request)
        if not has_records and loop.time() - asked_at < seconds / 2:
            # The fetcher cancels this task and awaits it; a cancellation must not come back to it.
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(seconds)
        return has_records

    Fetcher._proc_fetch_request = paced
