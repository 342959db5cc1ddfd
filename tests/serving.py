"""Serves web applications inside this process for tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from shared.chassis.http.app import web_app
from shared.chassis.process.components import Api
from shared.masker.masker import Masker
from tests.eventually import ended, eventually


@asynccontextmanager
async def served(config: uvicorn.Config) -> AsyncIterator[str]:
    """A web server inside this process; it is stopped afterwards."""
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await eventually(started, bool)
    yield f"http://127.0.0.1:{config.port}"
    server.should_exit = True
    await serving


@asynccontextmanager
async def running(service: str, api: Api) -> AsyncIterator[FastAPI]:
    """The web application of a service's API, with the API's tasks running."""
    tasks = [asyncio.create_task(task()) for task in api.tasks]
    # A task that is cancelled before its first step runs no cleanup code.
    await asyncio.sleep(0)
    try:
        yield web_app(service, api.routers)
    finally:
        await ended(*tasks)


def masker_of(api: Api) -> Masker:
    """The masker that an API runs and closes."""
    (masker,) = (task.__self__ for task in api.tasks if isinstance(getattr(task, "__self__", None), Masker))
    return masker
