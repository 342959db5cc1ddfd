"""Waits until imported demands are visible in the figures."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from time import monotonic
from typing import Final

import httpx

from services.intake.submission.domain import RecordedDemand

EVERY: Final = 0.25


def expected_status(demand: RecordedDemand) -> str:
    """The status of a demand in the figures after all its recorded steps; empty if it has none."""
    if not demand.history:
        return ""
    last = demand.history[-1]
    name = last.type.removeprefix("demand.")
    return f"closed/{last.data['outcome']}" if name == "closed" else name


async def totals(client: httpx.AsyncClient, jurisdiction: str) -> Counter[str]:
    """The current number of demands by status."""
    answer = await client.get("/v1/figures/completion", params={"jurisdiction": jurisdiction, "by": "channel"})
    answer.raise_for_status()
    return Counter(answer.json()["total"]["statuses"])


async def wait_for(
    client: httpx.AsyncClient, jurisdiction: str, before: Counter[str], expected: Mapping[str, int], within: float
) -> bool:
    """Wait until the figures have grown by the imported demands; returns False if the time is over before."""
    deadline = monotonic() + within
    while monotonic() < deadline:
        now = await totals(client, jurisdiction)
        if all(now[status] - before[status] >= count for status, count in expected.items()):
            return True
        await asyncio.sleep(EVERY)
    return False
