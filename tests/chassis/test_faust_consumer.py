"""Faust waits for a message handler only if it must, and leaves no files where it was started."""

import asyncio
import gc
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from shared.chassis.consumer.consumer import Consumer
from shared.chassis.consumer.faust_consumer import _Suspended, faust_app, run
from shared.chassis.kafka.client import Kafka
from tests.eventually import ended


async def _add(future: "asyncio.Future[int]") -> int:
    return 1 + await future


def begun(future: "asyncio.Future[int]") -> _Suspended:
    coroutine: Any = _add(future)
    return _Suspended(coroutine, coroutine.send(None))


async def test_a_begun_coroutine_goes_on_when_its_future_is_done():
    future = asyncio.get_running_loop().create_future()
    going_on = asyncio.ensure_future(begun(future))
    asyncio.get_running_loop().call_soon(future.set_result, 41)
    assert await going_on == 42


async def test_a_begun_coroutine_receives_a_failure_and_a_cancellation():
    future = asyncio.get_running_loop().create_future()
    going_on = asyncio.ensure_future(begun(future))
    asyncio.get_running_loop().call_soon(future.set_exception, KeyError("gone"))
    with pytest.raises(KeyError):
        await going_on
    cancelled = asyncio.ensure_future(begun(asyncio.get_running_loop().create_future()))
    asyncio.get_running_loop().call_soon(cancelled.cancel)
    with pytest.raises(asyncio.CancelledError):
        await cancelled


async def test_a_reader_creates_no_folders_where_it_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    nothing: Any = None
    consumer: Consumer = Consumer(nothing, ("topic",), "reader", "reporting")
    await faust_app(consumer, Kafka("127.0.0.1:9092"), "", 10).on_first_start()
    assert list(tmp_path.iterdir()) == []


def open_producers() -> set[int]:
    """The producers that are not closed; such a producer logs an error when its process ends."""
    return {id(item) for item in gc.get_objects() if isinstance(item, AIOKafkaProducer) and item._closed is False}


async def test_a_reader_that_is_cancelled_while_it_starts_leaves_no_producer_open():
    connected, before = asyncio.Event(), open_producers()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        connected.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as broker:
        address = f"127.0.0.1:{broker.sockets[0].getsockname()[1]}"
        nothing: Any = None
        consumer: Consumer = Consumer(nothing, ("topic",), "reader", "reporting")
        task = asyncio.create_task(run(faust_app(consumer, Kafka(address), "", 10), consumer))
        await connected.wait()
        assert open_producers() != before
        await ended(task)
    assert open_producers() == before
