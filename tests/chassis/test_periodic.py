"""A periodic job waits for a database that is away, and ends on any other fault."""

import asyncio

import pytest
from structlog.testing import capture_logs

from shared.chassis.work import periodic
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


async def test_an_outage_is_logged_at_its_beginning_and_at_its_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(periodic, "TRY_AGAIN", 0.0)
    turns: list[int] = []
    well_again = asyncio.Event()

    async def work() -> None:
        turns.append(len(turns))
        if len(turns) <= 5:
            raise ConnectionRefusedError
        if len(turns) == 7:
            well_again.set()

    with capture_logs() as logs:
        task = asyncio.create_task(every(0.0, work, "work"))
        await asyncio.wait_for(well_again.wait(), 60)
        await ended(task)
    assert [entry["event"] for entry in logs] == ["work waits", "work goes on"], "not one line for each of five tries"


async def test_a_fault_of_ours_ends_the_work():
    async def work() -> None:
        raise KeyError("ours")

    with pytest.raises(KeyError):
        await asyncio.wait_for(every(0.01, work, "work"), 60)
