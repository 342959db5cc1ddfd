"""Intake behind a transport that can spoil its answers, and a server that listens."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI

from deploy.local.ports import free_port
from services.intake.channels import keys
from shared.chassis.database.pool import open_pool
from shared.chassis.http.app import server
from shared.contracts.demand.facts import ChannelKind
from tests.built import Built
from tests.eventually import eventually

Spoil = Callable[[httpx.Request, httpx.Response], httpx.Response]
REQUEST = {
    "jurisdiction_id": "nanhai",
    "service_code": "street-lighting",
    "attribute[division]": "440605126222",
    "description": "路灯不亮",
    "lat": "23.03",
    "long": "113.14",
}


@dataclass(frozen=True, slots=True)
class Ours:
    """Our server with two requests, and the key of a channel."""

    app: FastAPI
    key: str


@pytest.fixture
async def ours(intake_built: Built, database: str) -> AsyncIterator[Ours]:
    async with await open_pool(database, "intake") as pool, intake_built.on(pool) as served:
        key = await keys.add(pool, "partner", ChannelKind.PARTNER, "Partner")
        async with client(served) as asking:
            for _ in range(2):
                answer = await asking.post(
                    "https://city.example/open311/v2/requests.xml", data=REQUEST | {"api_key": key}
                )
                assert answer.status_code == 201, answer.text
        yield Ours(served, key)


class Spoilt(httpx.AsyncBaseTransport):
    """The same answers, but for what one function changes."""

    def __init__(self, app: FastAPI, spoil: Spoil) -> None:
        self._inner = httpx.ASGITransport(app)
        self._spoil = spoil

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        await answer.aread()
        return self._spoil(request, answer)


def client(app: FastAPI, spoil: Spoil = lambda request, answer: answer) -> httpx.AsyncClient:
    """Speaks with the app in this process."""
    return httpx.AsyncClient(transport=Spoilt(app, spoil))


@pytest.fixture
async def listening(ours: Ours) -> AsyncIterator[str]:
    """The address of our server on this machine."""
    port = free_port()
    web = server(ours.app, "127.0.0.1", port)
    task = asyncio.create_task(web.serve())

    async def listens() -> bool:
        return web.started

    await eventually(listens, bool)
    yield f"http://127.0.0.1:{port}/open311/v2"
    web.should_exit = True
    await task
