"""Requests that the fast path answers never reach the framework; the others reach the declared route with their
body."""

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import APIRouter
from prometheus_client import generate_latest
from pydantic import BaseModel

from shared.chassis.http.app import web_app
from shared.chassis.http.body_limit import MAX_BODY
from shared.chassis.http.fast_path import FastRequest, FastResponse, fast_path
from shared.contracts.refusals import Code, Refused


class Word(BaseModel):
    """A body."""

    text: str


async def shorter(request: FastRequest) -> FastResponse | None:
    match request.body:
        case b'{"text":"refused"}':
            raise Refused(Code.CONFLICT, "not now", "暂不")
        case b'{"text":"away"}':
            raise ConnectionRefusedError
        case b'{"text":"broken"}':
            raise ZeroDivisionError
        case b'{"text":"short"}':
            return FastResponse(201, ((b"x-said", request.headers.get(b"x-word", b"nothing")),), b"short")
    return None


async def declared(word: Word) -> str:
    return f"declared {word.text}"


@pytest.fixture
async def client() -> Any:
    router = APIRouter()
    router.add_api_route("/words", declared, methods=["POST"], route_class_override=fast_path(shorter))
    router.add_api_route("/words", lambda: "all", methods=["GET"])
    transport = httpx.ASGITransport(web_app("words", [router]), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://words") as opened:
        yield opened


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        (b'{"text":"short"}', 201, "short"),
        (b'{"text":"long"}', 200, '"declared long"'),
        (b'{"text":7}', 422, "invalid-input"),
        (b"{", 400, "unreadable-body"),
        (b'{"text":"refused"}', 409, "changed-meanwhile"),
        (b'{"text":"away"}', 503, "try-again-later"),
        (b'{"text":"broken"}', 500, "about:blank"),
        (b"x" * (MAX_BODY + 1), 413, "body-too-large"),
    ],
)
async def test_each_request_gets_the_right_answer(client: httpx.AsyncClient, body: bytes, status: int, text: str):
    async with asyncio.timeout(10):
        answer = await client.post("/words", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, text in answer.text) == (status, True), answer.text


async def test_a_body_without_a_length_is_read_once_and_seen_by_both_paths(client: httpx.AsyncClient):
    async def parts() -> Any:
        yield b'{"text":'
        yield b'"long"}'

    answer = await client.post("/words", content=parts(), headers={"Content-Type": "application/json"})
    assert answer.text == '"declared long"'


async def test_the_fast_path_reads_and_sends_headers(client: httpx.AsyncClient):
    answer = await client.post("/words", content=b'{"text":"short"}', headers={"X-Word": "briefly"})
    assert (answer.headers["x-said"], answer.headers["content-length"]) == ("briefly", "5")


async def test_a_request_with_a_repeated_header_goes_to_the_declared_route(client: httpx.AsyncClient):
    twice = [("Content-Type", "application/json"), ("X-Word", "one"), ("X-Word", "two")]
    assert (await client.post("/words", content=b'{"text":"short"}', headers=twice)).text == '"declared short"'


async def test_other_methods_of_the_path_do_not_reach_the_fast_path(client: httpx.AsyncClient):
    assert (await client.get("/words")).text == '"all"'


async def test_requests_on_the_fast_path_are_measured_under_its_path(client: httpx.AsyncClient):
    await client.post("/words", content=b'{"text":"short"}')
    exposed = generate_latest().decode()
    assert 'route="/words",service="none",status="201"' in exposed


async def test_the_document_shows_the_declared_route(client: httpx.AsyncClient):
    document = (await client.get("/openapi.json")).json()
    assert document["paths"]["/words"]["post"]["requestBody"]["content"]["application/json"]
