"""Faust waits for a message handler only where it must, and leaves nothing where it was started."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from shared.chassis.consumer.consumer import Consumer
from shared.chassis.consumer.faust_consumer import _Begun, faust_app
from shared.chassis.kafka.client import Kafka


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


async def test_a_reader_makes_no_folders_where_it_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    nothing: Any = None
    consumer: Consumer = Consumer(nothing, ("topic",), "reader", "reporting")
    await faust_app(consumer, Kafka("127.0.0.1:9092"), "", 10).on_first_start()
    assert list(tmp_path.iterdir()) == []
