"""A client that sends too slowly, or an endless head, is disconnected."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from shared.chassis.http import slow_senders
from shared.chassis.http.app import server, web_app
from tests.eventually import ended, eventually

HEAD = b"POST /words HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n"


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A server with short timeouts; its port."""
    monkeypatch.setattr(slow_senders, "HEAD_WITHIN", 0.3)
    monkeypatch.setattr(slow_senders, "BODY_WITHIN", 0.3)
    monkeypatch.setattr(slow_senders, "LOOK", 0.05)
    router = APIRouter()

    @router.post("/words")
    async def words(request: Request) -> int:
        return len(await request.body())

    web = server(web_app("x", [router]), "127.0.0.1", 0)
    serving = asyncio.create_task(web.serve())
    await eventually(partial(_started, web), bool)
    yield web.servers[0].sockets[0].getsockname()[1]
    web.should_exit = True
    await ended(serving)


@pytest.fixture
def patient(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow a long time for the head, even on a busy machine: these tests are about something else."""
    monkeypatch.setattr(slow_senders, "HEAD_WITHIN", 60)


async def _started(web: Any) -> bool:
    return bool(web.started)


async def _long_enough(seconds: float) -> None:
    """Longer than the timeout of a client that sends nothing."""
    passed = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, passed.set)
    await passed.wait()


async def test_a_client_that_sends_half_a_head_is_disconnected_after_a_while(port: int):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /words HTTP/1.1\r\nhost:")
    assert (await asyncio.wait_for(reader.read(), 60)).startswith(b"HTTP/1.1 408 ")
    writer.close()


async def test_a_client_that_sends_nothing_is_disconnected(port: int):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert (await asyncio.wait_for(reader.read(), 60)).startswith(b"HTTP/1.1 408 ")
    writer.close()


async def test_a_client_that_sends_half_a_body_is_disconnected(port: int):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD % 10 + b"half")
    assert (await asyncio.wait_for(reader.read(), 60)).startswith(b"HTTP/1.1 408 ")
    writer.close()


@pytest.mark.usefixtures("patient")
async def test_a_client_that_sends_an_endless_head_is_disconnected(port: int):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /words HTTP/1.1\r\nx: " + b"y" * (slow_senders.LONGEST_HEAD + 10))
    assert (await asyncio.wait_for(reader.read(), 60)).startswith(b"HTTP/1.1 431 ")
    writer.close()


@pytest.mark.usefixtures("patient")
async def test_a_client_that_keeps_sending_is_waited_for(port: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(slow_senders, "BODY_RATE", 1)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD % 60 + b"x" * 30)
    await _long_enough(0.6)
    writer.write(b"x" * 30)
    answer = await asyncio.wait_for(reader.readuntil(b"60"), 60)
    assert answer.startswith(b"HTTP/1.1 200 ")
    writer.close()


@pytest.mark.usefixtures("patient")
async def test_a_large_body_in_many_parts_is_accepted(port: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(slow_senders, "BODY_WITHIN", 60)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = b"x" * 60_000
    writer.write(HEAD % len(body))
    for n in range(0, len(body), 1000):
        writer.write(body[n : n + 1000])
        await writer.drain()
    assert (await asyncio.wait_for(reader.readuntil(b"60000"), 60)).startswith(b"HTTP/1.1 200 ")
    writer.write(HEAD % 3 + b"abc")
    assert b" 200 " in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n3"), 60), "the connection serves on"
    writer.close()


async def test_a_client_that_does_not_read_its_response_is_disconnected(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(slow_senders, "TAKE_WITHIN", 0.3)
    router, disconnected = APIRouter(), asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 100_000
                await asyncio.sleep(0)
        finally:
            disconnected.set()

    @router.get("/endless")
    async def answer() -> StreamingResponse:
        return StreamingResponse(endless())

    web = server(web_app("x", [router]), "127.0.0.1", 0)
    serving = asyncio.create_task(web.serve())
    await eventually(partial(_started, web), bool)
    port = web.servers[0].sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    writer.write(b"GET /endless HTTP/1.1\r\nhost: x\r\n\r\n")
    await asyncio.wait_for(disconnected.wait(), 60)
    del reader
    writer.close()
    web.should_exit = True
    await ended(serving)
