"""Security headers of every response, and what a response never repeats."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import APIRouter, Response

from shared.chassis.http.app import web_app


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    router = APIRouter()

    @router.get("/framed")
    async def framed() -> Response:
        return Response("x", headers={"Referrer-Policy": "no-referrer"})

    @router.get("/broken")
    async def broken() -> None:
        raise ZeroDivisionError

    transport = httpx.ASGITransport(web_app("x", [router]), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as opened:
        yield opened


@pytest.mark.parametrize("path", ["/framed", "/broken", "/nowhere", "/docs", "/openapi.json", "/livez"])
async def test_no_response_lets_a_browser_guess_its_content_type(client: httpx.AsyncClient, path: str):
    answer = await client.get(path)
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
    assert len(answer.headers.get_list("referrer-policy")) == 1
    assert "strict-transport-security" not in answer.headers


@pytest.mark.parametrize("path", ["/framed", "/broken", "/nowhere"])
async def test_behind_tls_every_response_requires_tls(client: httpx.AsyncClient, path: str):
    for url, headers in ((f"https://x{path}", {}), (path, {"X-Forwarded-Proto": "https"})):
        answer = await client.get(url, headers=headers)
        assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_no_response_repeats_the_host_of_the_request(client: httpx.AsyncClient):
    for path in ("/framed/", "/framed", "/docs/", "/docs", "/openapi.json", "/nowhere"):
        answer = await client.get(path, headers={"Host": "evil.example"})
        assert "evil.example" not in answer.text
        assert "evil.example" not in str(answer.headers)


async def test_the_manual_runs_no_script_and_no_style_of_its_own_page(client: httpx.AsyncClient):
    page = await client.get("/docs")
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert page.text.count("<script") == page.text.count("<script src=")
    assert "<style" not in page.text
    for asset in ("manual.js", "manual.css", "swagger-ui-bundle.js", "swagger-ui.css"):
        assert (await client.get(f"/docs/{asset}")).status_code == 200
