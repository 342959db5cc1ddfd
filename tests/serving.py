"""Serves a web application inside of this process for as long as a test needs it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from tests.eventually import eventually


@asynccontextmanager
async def served(config: uvicorn.Config) -> AsyncIterator[str]:
    """A web server inside of this process for as long as it is needed."""
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await eventually(started, bool, within=30)
    yield f"http://127.0.0.1:{config.port}"
    server.should_exit = True
    await serving
