"""Makes idle consumers pause between fetches from the embedded broker."""

import asyncio
import contextlib
from typing import Any

from aiokafka.consumer.fetcher import Fetcher


def pace_empty_fetches(seconds: float) -> None:
    """Pause after an empty fetch that was answered at once, for every aiokafka consumer of this process.

    The embedded broker does not delay empty fetches like Apache Kafka (`fetch.max.wait.ms`), so idle consumers would
    fetch in a busy loop.
    """
    ask = Fetcher._proc_fetch_request

    async def paced(self: Fetcher, assignment: Any, node_id: int, request: Any) -> bool:
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        has_records: bool = await ask(self, assignment, node_id, request)
        if not has_records and loop.time() - asked_at < seconds / 2:
            # The fetcher cancels this task and awaits it, and does not expect a `CancelledError`.
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(seconds)
        return has_records

    Fetcher._proc_fetch_request = paced
