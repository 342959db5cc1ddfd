"""A body that is too large is refused before it is read, and an incomplete one never reaches a route."""

from collections.abc import Iterable
from typing import Any

import pytest
from fastapi import APIRouter
from starlette.requests import Request
from structlog.testing import capture_logs

from shared.chassis.http.app import web_app
from shared.chassis.http.body_limit import ANONYMOUS, MAX_BODY, BodyLimit, BodyLimits, LargerBodies, LimitedRouter

Sent = list[tuple[bytes, bytes]]
BULK = LargerBodies("/bulk", 16 * MAX_BODY, "X-API-Key", "hy_…")
LIMITS = BodyLimits.of([APIRouter(), LimitedRouter(BULK, credentials=["X-API-Key", "X-Code"])])


async def request(path: str, headers: Sent, messages: Iterable[dict[str, Any]]) -> tuple[list[int], list[bytes], int]:
    """The statuses of the responses, the bodies that reached the application, and the number of messages read."""
    statuses: list[int] = []
    bodies: list[bytes] = []
    messages_read = 0
    remaining = iter(messages)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        bodies.append(await Request(scope, receive).body())

    async def receive() -> dict[str, Any]:
        nonlocal messages_read
        messages_read += 1
        return next(remaining)

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await BodyLimit(app, LIMITS)({"type": "http", "method": "POST", "path": path, "headers": headers}, receive, send)
    return statuses, bodies, messages_read


def part(body: bytes, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"99")]])
async def test_an_incomplete_body_reaches_no_route_and_is_no_fault(headers: Sent):
    statuses, reached, _ = await request("/things", headers, [part(b"title=half"), {"type": "http.disconnect"}])
    assert (statuses, reached) == ([], [])


async def test_a_large_body_without_a_key_is_refused_before_it_is_read():
    path = "/bulk"
    large = [(b"content-length", str(2 * MAX_BODY).encode())]
    assert await request(path, large, [part(b"x")]) == ([401], [], 0)
    statuses, reached, read = await request(path, [], (part(b"x" * ANONYMOUS) for _ in range(9)))
    assert (statuses, reached, read) == ([401], [], 2)


async def test_the_limit_without_a_key_is_small_on_every_kind_of_path():
    """Before the limit, 0.9 MB of unknown fields to a rating were answered with 18.5 MB."""
    announced = [(b"content-length", str(ANONYMOUS + 1).encode())]
    assert await request("/things/x", announced, [part(b"x")]) == ([413], [], 0)
    for header in (b"x-api-key", b"authorization", b"x-code"):
        _, reached, _ = await request("/things", [*announced, (header, b"k")], [part(b"x", more=False)])
        assert reached == [b"x"]


async def test_a_large_body_with_a_key_and_a_small_one_without_are_accepted():
    large = [(b"x-api-key", b"k"), (b"content-length", b"2000000")]
    assert await request("/bulk", large, [part(b"x", more=False)]) == ([], [b"x"], 1)
    assert await request("/bulk", [], [part(b"ab"), part(b"c", more=False)]) == ([], [b"abc"], 2)


def test_a_router_that_declares_no_limit_has_the_small_one():
    assert BodyLimits.of([APIRouter()]).at("/bulk", {b"x-api-key": b"k"}) == (ANONYMOUS, None)
    assert BodyLimits.of([APIRouter()]).at("/bulk", {b"authorization": b"k"}) == (MAX_BODY, None)


async def test_a_body_that_ends_early_while_a_route_reads_it_is_no_fault():
    router, reached = APIRouter(), []

    @router.post("/words")
    async def keep(request: Request) -> None:
        reached.append(await request.body())

    headers = [(b"content-length", b"99")]
    scope = {"type": "http", "method": "POST", "path": "/words", "query_string": b"", "headers": headers}
    waiting = iter([part(b"half"), {"type": "http.disconnect"}])

    async def receive() -> dict[str, Any]:
        return next(waiting)

    async def send(_: Any) -> None:
        """Send nowhere."""

    with capture_logs() as logs:
        await web_app("words", [router])(scope, receive, send)
    assert (reached, logs) == ([], [])
