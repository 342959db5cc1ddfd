"""A periodic job waits for a database that is away, and ends on any other fault."""

import asyncio

import pytest

from shared.chassis.work.periodic import every
from tests.eventually import ended


async def test_a_database_that_is_away_is_waited_for():
    turns: list[int] = []
    second_run = asyncio.Event()

    async def work() -> None:
        turns.append(len(turns))
        if len(turns) == 1:
            raise ConnectionRefusedError
        second_run.set()

    task = asyncio.create_task(every(0.01, work, "work"))
    await asyncio.wait_for(second_run.wait(), 60)
    await ended(task)
    assert turns[:2] == [0, 1]


async def test_a_fault_of_ours_ends_the_work():
    async def work() -> None:
        raise KeyError("ours")

    with pytest.raises(KeyError):
        await asyncio.wait_for(every(0.01, work, "work"), 60)
