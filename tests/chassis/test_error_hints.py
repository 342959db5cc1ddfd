"""Every refusal names what to change, even if the code that refused gives no hint."""

from typing import Annotated, Any

import httpx
import orjson
import pytest
from fastapi import APIRouter, Body

from shared.chassis.http.app import web_app
from shared.chassis.http.problem_details import problem
from shared.contracts.refusals import Code, FieldError, Refused

STANDS_AS_IT_IS = {
    Code.INVALID,
    Code.TOO_LARGE,
    Code.UNREADABLE,
    Code.ILLEGAL_TRANSITION,
    Code.WRONG_TELLER,
    Code.LINK_EXPIRED,
    Code.ERASED,
    Code.CURSOR_GONE,
}


def problem_of(refused: Refused) -> dict[str, Any]:
    (error,) = orjson.loads(bytes(problem(refused, "/here").body))["errors"]
    return dict(error)


@pytest.mark.parametrize("code", Code)
def test_every_refusal_names_a_part_of_the_request_and_its_rule(code: Code):
    error = problem_of(Refused(code, "do this", "请这样做"))
    assert error["field"]
    assert (error["detail"], error["detail_en"]) == ("请这样做", "do this")
    assert (code in STANDS_AS_IT_IS) is ("example" not in error)


def test_an_example_is_added_to_a_field_that_came_without_one():
    key = FieldError("Idempotency-Key", "请换", "change it")
    assert problem_of(Refused(Code.KEY_REUSED, "no", "不", (key,)))["example"]
    assert "example" not in problem_of(
        Refused(Code.KEY_REUSED, "no", "不", (FieldError("title", "请换", "change it"),))
    )


def test_a_refusal_for_a_time_says_when_to_try_again():
    error = problem_of(Refused(Code.QUOTA_USED_UP, "wait", "请稍候", retry_after=12))
    assert (error["field"], error["example"]) == ("Retry-After", "12")


async def test_a_path_that_is_not_found_is_refused_with_the_example_of_its_documentation():
    router = APIRouter()

    @router.get("/things/{number}")
    async def thing(number: int) -> None:
        raise Refused(Code.NOT_FOUND, f"no thing {number}", "没有")

    client = httpx.AsyncClient(transport=httpx.ASGITransport(web_app("x", [router])), base_url="http://x")
    (error,) = (await client.get("/things/7")).json()["errors"]
    assert error["field"] == "number"
    (error,) = (await client.post("/things/7")).json()["errors"]
    assert (error["field"], error["example"], error["detail_en"]) == (
        "method",
        "GET",
        "POST is not supported at this address; use GET, HEAD",
    )
    (error,) = (await client.get("/nothing")).json()["errors"]
    assert (error["field"], error["example"]) == ("path", "/docs")


async def test_a_body_that_cannot_be_parsed_is_refused_with_the_example_of_the_documentation():
    router = APIRouter()

    @router.post("/things")
    async def make(thing: Annotated[dict[str, str], Body(examples=[{"name": "bench"}])]) -> None:
        raise Refused(Code.UNREADABLE, f"no thing: {thing}")

    client = httpx.AsyncClient(transport=httpx.ASGITransport(web_app("x", [router])), base_url="http://x")
    (error,) = (await client.post("/things", json={"name": "?"})).json()["errors"]
    assert (error["field"], orjson.loads(error["example"])) == ("body", {"name": "bench"})
