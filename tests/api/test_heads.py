"""Monitors and link checkers ask by HEAD: they get what GET would tell, without the body."""

import asyncio
import re

import httpx
import pytest

from deploy.cli.services import SERVICE_NAMES
from deploy.local.ports import free_port
from shared.chassis.http.app import server
from tests.api.fronts import front
from tests.eventually import eventually

PAGES = ("/board", "/docs", "/livez", "/rate/x", "/nothing")


@pytest.mark.parametrize("name", SERVICE_NAMES)
async def test_head_is_answered_as_get_without_a_body(database: str, name: str):
    async with front(name, database) as served:
        paths = [path for path, operations in served.web.openapi()["paths"].items() if "get" in operations]
        for path in [*PAGES, *paths]:
            address = re.sub(r"{\w+}", "NH21-001335-9", path)
            told, headed = [await served.client.request(how, address, headers=served.opens) for how in ("GET", "HEAD")]
            assert (headed.status_code, headed.content) == (told.status_code, b""), address
            assert headed.headers["content-type"] == told.headers["content-type"], address


async def test_the_connection_stays_good_after_head(database: str):
    async with front("reporting", database) as served:
        port = free_port()
        web = server(served.web, "127.0.0.1", port)
        serving = asyncio.create_task(web.serve())

        async def started() -> bool:
            return web.started

        await eventually(started, bool)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as browser:
            headed = await browser.head("/board")
            assert int(headed.headers["content-length"]) > 0
            assert (await browser.get("/livez")).text == "ok"
        web.should_exit = True
        await serving
