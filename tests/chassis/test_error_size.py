"""A refusal is not much longer than the request that it refuses."""

import httpx
import pytest
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from shared.chassis.http.app import web_app
from shared.contracts.refusals import Code, FieldError, Refused


class Strict(BaseModel):
    """A body that knows one field."""

    model_config = ConfigDict(extra="forbid")

    text: str


@pytest.fixture
async def client():
    router = APIRouter()

    @router.post("/strict")
    async def strict(body: Strict) -> str:
        return body.text

    @router.post("/echo")
    async def echo(body: Strict) -> str:
        wrong = tuple(FieldError(body.text, body.text, body.text) for _ in range(100))
        raise Refused(Code.INVALID, body.text, body.text, wrong)

    transport = httpx.ASGITransport(web_app("x", [router]), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as opened:
        yield opened


async def test_of_many_mistakes_twenty_are_listed_and_the_rest_is_counted(client: httpx.AsyncClient):
    answer = await client.post("/strict", json={"text": "x"} | {f"f{n}": 1 for n in range(3000)})
    problem = answer.json()
    assert answer.status_code == 422
    assert len(problem["errors"]) == 20
    assert "and 2980 more" in problem["detail_en"]
    assert "另有 2980 处" in problem["detail"]


async def test_the_name_of_an_unknown_field_is_cut(client: httpx.AsyncClient):
    answer = await client.post("/strict", json={"text": "x", "y" * 60_000: 1})
    assert answer.status_code == 422
    assert len(answer.content) < 12_000


async def test_text_of_a_client_that_a_refusal_repeats_is_cut(client: httpx.AsyncClient):
    answer = await client.post("/echo", json={"text": "z" * 60_000})
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 20
    assert len(answer.content) < 200_000


async def test_an_address_that_does_not_exist_is_not_repeated_in_full(client: httpx.AsyncClient):
    answer = await client.get("/" + "a" * 30_000)
    assert answer.status_code == 404
    assert len(answer.content) < 3_000
