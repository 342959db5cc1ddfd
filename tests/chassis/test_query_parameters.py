"""An unknown query parameter is refused by name, and never ignored."""

from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, Query

from shared.chassis.http.app import web_app
from shared.chassis.http.fast_path import FastRequest, FastResponse, fast_path
from shared.chassis.http.query_parameters import ForeignQuery


async def language(lang: str = "zh") -> str:
    return lang


async def quick(request: FastRequest) -> FastResponse | None:
    return FastResponse(200, (), b"quick")


async def declared() -> str:
    return "declared"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    api, pages, foreign = APIRouter(), APIRouter(include_in_schema=False), APIRouter(route_class=ForeignQuery)

    @api.get("/cases")
    async def cases(
        spoken: Annotated[str, Depends(language)],
        after: Annotated[str, Query(alias="next")] = "",
    ) -> str:
        return f"{spoken} {after}"

    @api.get("/plain")
    async def plain() -> str:
        return "plain"

    @pages.get("/page")
    async def page(month: str = "") -> str:
        return month

    @foreign.get("/callback")
    async def callback() -> str:
        return "taken"

    api.add_api_route("/quick", declared, methods=["POST"], route_class_override=fast_path(quick))
    web = web_app("x", [api, pages, foreign])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(web), base_url="http://x") as opened:
        yield opened


async def test_parameters_of_a_route_and_its_dependencies_are_accepted(client: httpx.AsyncClient):
    assert (await client.get("/cases?lang=en&next=n")).json() == "en n"


async def test_an_unknown_parameter_is_refused_with_the_known_ones(client: httpx.AsyncClient):
    answer = await client.get("/cases?overdue=true")
    problem = answer.json()
    assert answer.status_code == 422
    assert problem["errors"][0]["field"] == "overdue"
    assert all(name in problem["detail_en"] for name in ("overdue", "lang", "next"))
    assert "overdue" in problem["detail"]
    assert (await client.get("/plain?x=1")).json()["detail_en"] == "this address has no parameters"


async def test_a_route_with_a_fast_path_refuses_them_too(client: httpx.AsyncClient):
    assert (await client.post("/quick")).text == "quick"
    assert (await client.post("/quick?dry_run=true")).status_code == 422


async def test_a_page_ignores_what_messengers_add_to_its_address(client: httpx.AsyncClient):
    shared = "from=singlemessage&isappinstalled=0&month=2021-05"
    assert (await client.get(f"/page?{shared}")).json() == "2021-05"
    assert (await client.get("/page?moth=2021-05")).status_code == 422
    assert (await client.get("/cases?from=2021-05-01")).status_code == 422, "only pages are passed on in messengers"


async def test_the_callback_of_another_system_may_have_any_parameters(client: httpx.AsyncClient):
    assert (await client.get("/callback?signature=x&whatever=y")).json() == "taken"


async def test_probes_and_documents_ignore_unknown_parameters(client: httpx.AsyncClient):
    assert (await client.get("/livez?t=1")).status_code == 200
    assert (await client.get("/docs?x=1")).status_code == 200
