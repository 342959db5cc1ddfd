"""Requests to endpoints reach only allowed addresses, despite name resolution and redirects."""

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
    """A resolver that returns another of these addresses at each call."""

    addresses: list[str]
    asked: list[str] = field(default_factory=list)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.asked.append(host)
        address = self.addresses.pop(0)
        return [ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=6, flags=0)]

    async def close(self) -> None:
        """Nothing is open."""


@asynccontextmanager
async def client(
    allowed: AllowedAddresses = HERE, seconds: float = 5.0, resolver: AbstractResolver | None = None
) -> AsyncIterator[EndpointClient]:
    endpoint_client = EndpointClient(allowed, seconds, resolver=resolver)
    yield endpoint_client
    await endpoint_client.close()


@asynccontextmanager
async def serving(answer: web.Response) -> AsyncIterator[tuple[str, list[str]]]:
    """A server with one response, and the paths that were requested."""
    paths: list[str] = []

    async def answered(request: web.Request) -> web.Response:
        paths.append(request.path)
        return answer

    server = TestServer(web.Application(), port=0)
    server.app.router.add_route("*", "/{path:.*}", answered)
    async with server:
        yield str(server.make_url("/")), paths


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "127.1", "0x7f000001", "[::ffff:127.0.0.1]"])
async def test_no_spelling_of_a_local_address_reaches_this_machine(host: str):
    async with endpoint() as hook, client(AllowedAddresses.of("192.0.2.0/24")) as endpoint_client:
        port = hook.url.split(":")[2].split("/")[0]
        for scheme in ("http", "https"):
            reply = await endpoint_client.post(f"{scheme}://{host}:{port}/hook", BODY, HEADERS)
            assert reply.status is None
            assert reply.cause
    assert not hook.asked


async def test_a_refused_address_is_named_in_the_log():
    async with client(AllowedAddresses()) as endpoint_client:
        reply = await endpoint_client.post("https://169.254.169.254/latest/meta-data", BODY, HEADERS)
    assert reply.cause == "169.254.169.254 is not an address that webhooks may call"


async def test_a_name_that_later_resolves_to_a_forbidden_address_is_refused():
    async with endpoint() as hook:
        port = hook.url.split(":")[2].split("/")[0]
        names = Rebinding(["127.0.0.2", "127.0.0.1"])
        allowed = AllowedAddresses.of("127.0.0.2/32")
        async with client(allowed, resolver=names) as endpoint_client:
            url = f"http://partner.example:{port}/hook"
            first = await endpoint_client.post(url, BODY, HEADERS)
            assert "Connect call failed" in first.cause, "nobody listens there, but it was tried"
            for session in (endpoint_client._plain, endpoint_client._encrypted):
                session.connector.clear_dns_cache()  # type: ignore[union-attr]
            second = await endpoint_client.post(url, BODY, HEADERS)
    assert names.asked == ["partner.example"] * 2
    assert second.cause == "127.0.0.1 is not an address that webhooks may call"
    assert not hook.asked


async def test_a_redirect_is_not_followed():
    async with serving(web.Response()) as (inside, reached):
        answer = web.Response(status=302, headers={"Location": inside})
        async with serving(answer) as (url, _), client() as endpoint_client:
            reply = await endpoint_client.post(url, BODY, HEADERS)
    assert (reply.status, reply.is_success, reached) == (302, False, [])


async def test_unencrypted_requests_go_only_to_allowed_networks():
    async with client(AllowedAddresses.of("10.0.0.0/8")) as endpoint_client:
        reply = await endpoint_client.post("http://1.1.1.1/hook", BODY, HEADERS)
    assert reply.cause == "1.1.1.1 is not an address that webhooks may call"


async def test_the_scheme_of_an_address_is_read_in_any_case(monkeypatch: pytest.MonkeyPatch):
    verified: list[bool] = []

    def refused(self: AllowedAddresses, info: tuple[Any, ...]) -> socket.socket:
        verified.append(self.public)
        raise AddressRefused("not here")

    monkeypatch.setattr(AllowedAddresses, "socket", refused)
    async with client(AllowedAddresses()) as endpoint_client:
        for scheme in ("HTTPS", "Https", "https", "HTTP", "http"):
            await endpoint_client.post(f"{scheme}://1.1.1.1/hook", BODY, HEADERS)
    assert verified == [True, True, True, False, False]


async def test_slow_name_lookups_of_one_owner_use_few_threads(monkeypatch: pytest.MonkeyPatch):
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
        client(resolver=names) as endpoint_client,
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
            reply = await endpoint_client.post(f"http://well.example:{port}/hook", BODY, HEADERS, "channel other")
        finally:
            silent.set()
    assert reply.status == 204


async def test_an_endpoint_that_never_answers_is_given_up():
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server, client(seconds=0.2) as endpoint_client:
        port = server.sockets[0].getsockname()[1]
        reply = await endpoint_client.post(f"http://127.0.0.1:{port}/hook", BODY, HEADERS)
    assert (reply.status, reply.cause) == (None, "no answer in 0.2 s")


async def test_a_long_response_is_not_read_to_its_end():
    async with serving(web.Response(body=b"x" * 50_000_000)) as (url, _), client() as endpoint_client:
        assert (await endpoint_client.post(url, BODY, HEADERS)).status == 200
