"""Callers at the same moment share one call, and a fault of one does not affect the others."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from contextvars import ContextVar

import pytest

from shared.chassis.database import coalescing
from shared.chassis.database.coalescing import CROWD, GroupCommit
from shared.contracts.refusals import Code, Refused


class Counting:
    """Doubles numbers, counts its calls, and fails for zero."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.with_which: list[int] = []
        self.free = asyncio.Event()

    async def __call__(self, lent: int, questions: Sequence[int]) -> list[int]:
        self.calls.append(len(questions))
        self.with_which.append(lent)
        await self.free.wait()
        if 0 in questions:
            raise ZeroDivisionError
        if -1 in questions:
            raise OSError("away")
        return [2 * question for question in questions]


class Lender:
    """A pool of the numbers 1, 2, … that are returned slowly; it can be unavailable."""

    def __init__(self) -> None:
        self.lent = 0
        self.back: list[int] = []
        self.away = self.broken = False
        self.taking_back = asyncio.Event()
        self.taking_back.set()

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[int]:
        if self.away:
            raise OSError("away")
        self.lent = number = self.lent + 1
        try:
            yield number
        finally:
            await self.taking_back.wait()
            if self.broken:
                self.broken = False
                raise OSError("broken")
            self.back.append(number)


async def answers_of(shared: GroupCommit[int, int, int], *questions: int) -> list[int | BaseException]:
    return await asyncio.gather(*(shared(question) for question in questions), return_exceptions=True)


async def test_callers_that_come_during_a_call_share_the_next():
    doubling = Counting()
    shared = GroupCommit(Lender(), doubling, most=30)
    first = asyncio.create_task(shared(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    rest = asyncio.create_task(answers_of(shared, *range(2, 52)))
    await asyncio.sleep(0)
    doubling.free.set()
    assert (await first, await rest) == (2, [2 * n for n in range(2, 52)])
    assert doubling.calls == [1, 30, 20]


async def test_a_fault_of_one_caller_does_not_affect_the_others():
    doubling = Counting()
    doubling.free.set()
    one, bad, two = await answers_of(GroupCommit(Lender(), doubling), 1, 0, 2)
    assert (one, two) == (2, 4)
    assert isinstance(bad, ZeroDivisionError)


async def test_a_passing_fault_reaches_all_callers_at_once():
    doubling = Counting()
    doubling.free.set()
    answers = await answers_of(GroupCommit(Lender(), doubling), 1, -1, 2)
    assert all(isinstance(answer, OSError) for answer in answers)
    assert doubling.calls == [3]


async def test_a_caller_that_leaves_does_not_disturb_the_others():
    doubling = Counting()
    shared = GroupCommit(Lender(), doubling)
    leaving, staying = asyncio.create_task(shared(1)), asyncio.create_task(shared(2))
    await asyncio.sleep(0)
    leaving.cancel()
    doubling.free.set()
    assert await staying == 4
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_after_a_pause_it_answers_again():
    doubling = Counting()
    doubling.free.set()
    shared = GroupCommit(Lender(), doubling)
    assert await shared(1) == 2
    assert await shared(2) == 4


async def test_a_second_call_runs_in_parallel_as_soon_as_many_wait():
    doubling = Counting()
    shared = GroupCommit(Lender(), doubling, abreast=2)
    first = asyncio.create_task(shared(1))
    await asyncio.sleep(0.01)
    crowd = [asyncio.create_task(shared(n)) for n in range(1, CROWD)]
    await asyncio.sleep(0.01)
    assert doubling.calls == [1]
    crowd.append(asyncio.create_task(shared(CROWD)))
    await asyncio.sleep(0.01)
    rest = asyncio.create_task(answers_of(shared, *range(1, CROWD + 1)))
    await asyncio.sleep(0.01)
    assert doubling.calls == [1, CROWD]
    doubling.free.set()
    assert await first == 2
    assert await asyncio.gather(*crowd) == await rest == [2 * n for n in range(1, CROWD + 1)]
    assert doubling.calls == [1, CROWD, CROWD]


async def test_the_last_of_two_parallel_calls_takes_the_few_that_wait():
    doubling = Counting()
    shared = GroupCommit(Lender(), doubling, abreast=2)
    first = asyncio.create_task(shared(1))
    await asyncio.sleep(0.01)
    crowd = asyncio.create_task(answers_of(shared, *range(1, CROWD + 1)))
    await asyncio.sleep(0.01)
    few = asyncio.create_task(answers_of(shared, 1, 2))
    await asyncio.sleep(0.01)
    doubling.free.set()
    assert await asyncio.wait_for(few, 60) == [2, 4]
    assert (await first, len(await crowd)) == (2, CROWD)
    assert doubling.calls == [1, CROWD, 2]
    assert await shared(4) == 8


async def test_a_caller_that_comes_as_a_call_ends_is_answered():
    doubling = Counting()
    doubling.free.set()
    shared = GroupCommit(Lender(), doubling)

    async def again() -> int:
        await shared(1)
        return await shared(2)  # called in the step of the event loop in which the first call ends

    assert await asyncio.wait_for(asyncio.gather(*(again() for _ in range(20))), 60) == [4] * 20


async def test_more_callers_than_can_be_answered_in_time_are_refused_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(coalescing, "LONGEST", 2)
    doubling = Counting()
    answers = asyncio.create_task(answers_of(GroupCommit(Lender(), doubling, most=1), *range(1, 6)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    doubling.free.set()
    results = await asyncio.wait_for(answers, 60)
    assert results[:2] == [2, 4]
    refused = results[2:]
    assert {error.code for error in refused if isinstance(error, Refused)} == {Code.UNAVAILABLE}, refused
    assert len(refused) == 3


async def test_answers_do_not_wait_until_the_loan_is_returned():
    doubling, lender = Counting(), Lender()
    doubling.free.set()
    lender.taking_back.clear()
    shared = GroupCommit(lender, doubling)
    assert await asyncio.wait_for(shared(1), 60) == 2
    assert await asyncio.wait_for(shared(2), 60) == 4
    assert lender.back == []
    lender.taking_back.set()
    await asyncio.sleep(0.01)
    assert lender.back == [1, 2]


async def test_an_error_while_returning_a_loan_reaches_no_caller():
    doubling, lender = Counting(), Lender()
    doubling.free.set()
    lender.taking_back.clear()
    shared = GroupCommit(lender, doubling, most=1)
    assert await shared(1) == 2
    doubling.free.clear()
    later = asyncio.create_task(answers_of(shared, 2, 3))
    await asyncio.sleep(0.01)
    lender.broken = True
    lender.taking_back.set()
    await asyncio.sleep(0.01)
    doubling.free.set()
    assert await asyncio.wait_for(later, 60) == [4, 6]


async def test_one_loan_serves_as_long_as_callers_wait():
    doubling, lender = Counting(), Lender()
    shared = GroupCommit(lender, doubling, most=1)
    answers = asyncio.create_task(answers_of(shared, 1, 2, 3))
    await asyncio.sleep(0.01)
    doubling.free.set()
    assert await answers == [2, 4, 6]
    assert doubling.with_which == [1, 1, 1]


async def test_after_a_passing_fault_the_waiting_callers_get_another_loan():
    doubling, lender = Counting(), Lender()
    shared = GroupCommit(lender, doubling, most=1)
    answers = asyncio.create_task(answers_of(shared, -1, 2))
    await asyncio.sleep(0.01)
    doubling.free.set()
    bad, good = await asyncio.wait_for(answers, 60)
    assert isinstance(bad, OSError)
    assert (good, doubling.with_which) == (4, [1, 2])


async def test_without_a_loan_all_waiting_callers_get_the_error_and_the_next_is_answered():
    doubling, lender = Counting(), Lender()
    doubling.free.set()
    lender.away = True
    shared = GroupCommit(lender, doubling, most=2)
    answers = await asyncio.wait_for(answers_of(shared, 1, 2, 3), 60)
    assert [str(answer) for answer in answers] == ["away"] * 3
    lender.away = False
    assert await asyncio.wait_for(shared(1), 60) == 2


async def test_the_context_of_the_first_caller_does_not_reach_the_others():
    working_on = ContextVar("working on", default="nothing")

    async def handle(_: None, questions: Sequence[int]) -> list[str]:
        return [working_on.get() for _ in questions]

    shared: GroupCommit[None, int, str] = GroupCommit(nullcontext, handle)
    working_on.set("the first demand")
    assert await shared(1) == "nothing"
