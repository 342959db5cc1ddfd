"""Requests to endpoints reach allowed addresses alone, whatever a name resolves to and wherever an answer leads."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer

from services.feedback.webhooks.addresses import AddressRefused, AllowedAddresses
from services.feedback.webhooks.endpoint_client import EndpointClient, ThreadResolver
from tests.feedback.endpoints import HERE, endpoint

BODY = '{"id": "x"}'
HEADERS = {"webhook-id": "x"}


@dataclass
class Rebinding(AbstractResolver):
    """Answers with these addresses, one each time that it is asked."""

    addresses: list[str]
    asked: list[str] = field(default_factory=list)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.asked.append(host)
        address = self.addresses.pop(0)
        return [ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=6, flags=0)]

    async def close(self) -> None:
        """There is nothing to close."""


@asynccontextmanager
async def client(
    allowed: AllowedAddresses = HERE, seconds: float = 5.0, resolver: AbstractResolver | None = None
) -> AsyncIterator[EndpointClient]:
    endpoint_client = EndpointClient(allowed, seconds, resolver=resolver)
    yield endpoint_client
    await endpoint_client.close()


@asynccontextmanager
async def serving(answer: web.Response) -> AsyncIterator[tuple[str, list[str]]]:
    """A server with one answer, and the addresses that were asked of it."""
    asked: list[str] = []

    async def answered(request: web.Request) -> web.Response:
        asked.append(request.path)
        return answer

    server = TestServer(web.Application(), port=0)
    server.app.router.add_route("*", "/{path:.*}", answered)
    async with server:
        yield str(server.make_url("/")), asked


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "127.1", "0x7f000001", "[::ffff:127.0.0.1]"])
async def test_nothing_reaches_this_machine_by_any_spelling_of_its_address(host: str):
    async with endpoint() as hook, client(AllowedAddresses.of("192.0.2.0/24")) as calling:
        port = hook.url.split(":")[2].split("/")[0]
        for scheme in ("http", "https"):
            reply = await calling.post(f"{scheme}://{host}:{port}/hook", BODY, HEADERS)
            assert reply.status is None
            assert reply.cause
    assert not hook.asked


async def test_a_refused_address_is_named_in_the_log():
    async with client(AllowedAddresses()) as calling:
        reply = await calling.post("https://169.254.169.254/latest/meta-data", BODY, HEADERS)
    assert reply.cause == "169.254.169.254 is not an address that webhooks may lead to"


async def test_a_name_that_resolves_to_something_else_the_second_time_is_refused_then():
    async with endpoint() as hook:
        port = hook.url.split(":")[2].split("/")[0]
        names = Rebinding(["127.0.0.2", "127.0.0.1"])
        allowed = AllowedAddresses.of("127.0.0.2/32")
        async with client(allowed, resolver=names) as calling:
            url = f"http://partner.example:{port}/hook"
            first = await calling.post(url, BODY, HEADERS)
            assert "Connect call failed" in first.cause, "nobody listens there, but it was tried"
            for session in (calling._plain, calling._encrypted):
                session.connector.clear_dns_cache()  # type: ignore[union-attr]
            second = await calling.post(url, BODY, HEADERS)
    assert names.asked == ["partner.example"] * 2
    assert second.cause == "127.0.0.1 is not an address that webhooks may lead to"
    assert not hook.asked


async def test_a_redirect_is_not_followed():
    async with serving(web.Response()) as (inside, reached):
        answer = web.Response(status=302, headers={"Location": inside})
        async with serving(answer) as (url, _), client() as calling:
            reply = await calling.post(url, BODY, HEADERS)
    assert (reply.status, reply.is_success, reached) == (302, False, [])


async def test_what_is_not_encrypted_stays_in_networks_of_ones_own():
    async with client(AllowedAddresses.of("10.0.0.0/8")) as calling:
        reply = await calling.post("http://1.1.1.1/hook", BODY, HEADERS)
    assert reply.cause == "1.1.1.1 is not an address that webhooks may lead to"


async def test_whether_an_address_is_encrypted_is_no_matter_of_capitals(monkeypatch: pytest.MonkeyPatch):
    asked: list[bool] = []

    def refused(self: AllowedAddresses, info: tuple[Any, ...]) -> socket.socket:
        asked.append(self.public)
        raise AddressRefused("not here")

    monkeypatch.setattr(AllowedAddresses, "socket", refused)
    async with client(AllowedAddresses()) as calling:
        for scheme in ("HTTPS", "Https", "https", "HTTP", "http"):
            await calling.post(f"{scheme}://1.1.1.1/hook", BODY, HEADERS)
    assert asked == [True, True, True, False, False]


async def test_names_that_nobody_answers_for_take_few_threads_of_one_owner(monkeypatch: pytest.MonkeyPatch):
    silent, asked, answered = threading.Event(), list[str](), socket.getaddrinfo

    def asks(host: str, *rest: Any) -> Any:
        asked.append(host)
        if host.endswith(".silent.example"):
            silent.wait(20)
        return answered("127.0.0.1", *rest)

    monkeypatch.setattr(socket, "getaddrinfo", asks)
    names = ThreadResolver()
    async with (
        endpoint() as hook,
        client(seconds=0.3, resolver=names) as silent_calling,
        client(resolver=names) as calling,
    ):
        port = hook.url.split(":")[2].split("/")[0]
        try:
            for _ in range(2):
                hopeless = (
                    silent_calling.post(f"http://{n}.silent.example:{port}/hook", BODY, HEADERS, "channel one")
                    for n in range(40)
                )
                assert not any(reply.status for reply in await asyncio.gather(*hopeless))
            assert len(asked) == 4, "also those that were given up hold their threads"
            reply = await calling.post(f"http://well.example:{port}/hook", BODY, HEADERS, "channel other")
        finally:
            silent.set()
    assert reply.status == 204


async def test_an_endpoint_that_never_answers_is_given_up():
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server, client(seconds=0.2) as calling:
        port = server.sockets[0].getsockname()[1]
        reply = await calling.post(f"http://127.0.0.1:{port}/hook", BODY, HEADERS)
    assert (reply.status, reply.cause) == (None, "no answer in 0.2 s")


async def test_a_long_answer_is_not_read_to_its_end():
    async with serving(web.Response(body=b"x" * 50_000_000)) as (url, _), client() as calling:
        assert (await calling.post(url, BODY, HEADERS)).status == 200
