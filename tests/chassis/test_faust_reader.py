"""A Faust message handler that must wait is waited for, and one that need not is not made a task."""

import asyncio
from typing import Any

import pytest

from shared.chassis.faust_reader import _Begun


async def _add(waiting: "asyncio.Future[int]") -> int:
    return 1 + await waiting


def begun(waiting: "asyncio.Future[int]") -> _Begun:
    coroutine: Any = _add(waiting)
    return _Begun(coroutine, coroutine.send(None))


async def test_a_coroutine_that_was_begun_goes_on_when_what_it_awaits_is_there():
    waiting = asyncio.get_running_loop().create_future()
    going_on = asyncio.ensure_future(begun(waiting))
    asyncio.get_running_loop().call_soon(waiting.set_result, 41)
    assert await going_on == 42


async def test_a_coroutine_that_was_begun_hears_of_a_failure_and_of_a_cancellation():
    waiting = asyncio.get_running_loop().create_future()
    going_on = asyncio.ensure_future(begun(waiting))
    asyncio.get_running_loop().call_soon(waiting.set_exception, KeyError("gone"))
    with pytest.raises(KeyError):
        await going_on
    cancelled = asyncio.ensure_future(begun(asyncio.get_running_loop().create_future()))
    asyncio.get_running_loop().call_soon(cancelled.cancel)
    with pytest.raises(asyncio.CancelledError):
        await cancelled
