"""Callers of the same moment share a call; a fault of one is not the others'."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.chassis import sharing
from shared.chassis.sharing import CROWD, Shared
from shared.contracts.refusals import Code, Refused


class Counting:
    """Answers with the double, counts its calls, and cannot double zero."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.free = asyncio.Event()

    async def __call__(self, questions: Sequence[int]) -> list[int]:
        self.calls.append(len(questions))
        await self.free.wait()
        if 0 in questions:
            raise ZeroDivisionError
        if -1 in questions:
            raise OSError("away")
        return [2 * question for question in questions]


async def asked(shared: Shared[int, int], *questions: int) -> list[int | BaseException]:
    return await asyncio.gather(*(shared(question) for question in questions), return_exceptions=True)


async def test_whoever_comes_during_a_call_shares_the_next():
    doubling = Counting()
    shared = Shared(doubling, most=30)
    first = asyncio.create_task(shared(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    rest = asyncio.create_task(asked(shared, *range(2, 52)))
    await asyncio.sleep(0)
    doubling.free.set()
    assert (await first, await rest) == (2, [2 * n for n in range(2, 52)])
    assert doubling.calls == [1, 30, 20]


async def test_a_fault_of_one_is_not_the_others():
    doubling = Counting()
    doubling.free.set()
    one, bad, two = await asked(Shared(doubling), 1, 0, 2)
    assert (one, two) == (2, 4)
    assert isinstance(bad, ZeroDivisionError)


async def test_a_passing_fault_is_told_to_all_at_once():
    doubling = Counting()
    doubling.free.set()
    answers = await asked(Shared(doubling), 1, -1, 2)
    assert all(isinstance(answer, OSError) for answer in answers)
    assert doubling.calls == [3]


async def test_a_caller_that_leaves_does_not_disturb_the_others():
    doubling = Counting()
    shared = Shared(doubling)
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
    shared = Shared(doubling)
    assert await shared(1) == 2
    assert await shared(2) == 4


async def test_a_second_call_goes_abreast_as_soon_as_a_crowd_waits():
    doubling = Counting()
    shared = Shared(doubling, abreast=2)
    first = asyncio.create_task(shared(1))
    await asyncio.sleep(0.01)
    crowd = [asyncio.create_task(shared(n)) for n in range(1, CROWD)]
    await asyncio.sleep(0.01)
    assert doubling.calls == [1]
    crowd.append(asyncio.create_task(shared(CROWD)))
    await asyncio.sleep(0.01)
    rest = asyncio.create_task(asked(shared, *range(1, CROWD + 1)))
    await asyncio.sleep(0.01)
    assert doubling.calls == [1, CROWD]
    doubling.free.set()
    assert await first == 2
    assert await asyncio.gather(*crowd) == await rest == [2 * n for n in range(1, CROWD + 1)]
    assert doubling.calls == [1, CROWD, CROWD]


async def test_the_last_of_two_calls_takes_up_the_few_that_wait():
    doubling = Counting()
    shared = Shared(doubling, abreast=2)
    first = asyncio.create_task(shared(1))
    await asyncio.sleep(0.01)
    crowd = asyncio.create_task(asked(shared, *range(1, CROWD + 1)))
    await asyncio.sleep(0.01)
    few = asyncio.create_task(asked(shared, 1, 2))
    await asyncio.sleep(0.01)
    doubling.free.set()
    assert await asyncio.wait_for(few, 5) == [2, 4]
    assert (await first, len(await crowd)) == (2, CROWD)
    assert doubling.calls == [1, CROWD, 2]
    assert await shared(4) == 8


async def test_whoever_asks_as_a_call_ends_is_answered():
    doubling = Counting()
    doubling.free.set()
    shared = Shared(doubling)

    async def again() -> int:
        await shared(1)
        return await shared(2)  # asked in the very step in which the first call ends

    assert await asyncio.wait_for(asyncio.gather(*(again() for _ in range(20))), 5) == [4] * 20


async def test_more_than_can_be_answered_in_time_are_refused_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sharing, "LONGEST", 2)
    doubling = Counting()
    answers = asyncio.create_task(asked(Shared(doubling, most=1), *range(1, 6)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    doubling.free.set()
    found = await asyncio.wait_for(answers, 5)
    assert found[:2] == [2, 4]
    refused = found[2:]
    assert {one.code for one in refused if isinstance(one, Refused)} == {Code.UNAVAILABLE}, refused
    assert len(refused) == 3
