"""Sends requests to the endpoints of webhooks, only to allowed addresses, and returns the results."""

import asyncio
import socket
import ssl
import time
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from services.feedback.webhooks.addresses import AddressRefused, AllowedAddresses
from services.feedback.webhooks.domain import Reply

TIMEOUT: Final = 15.0
"""Seconds for a whole request. Rule: Standard Webhooks, 15 to 30 s."""
_LONGEST: Final = 65_536
"""At most so many bytes of an answer are read, so that its connection can be reused; nothing of them is kept."""
_RESOLVING: Final = 32
_RESOLVING_EACH: Final = 4
"""At most so many host names of one owner are resolved at once, so that names that do not resolve delay no other
owner."""
_CUT: Final = 300
_OWNER: Final = ContextVar("owner", default="")


class EndpointClient:
    """A client with reusable connections.

    Redirects are not followed, because they would bypass the check of addresses. Requests that are not encrypted go
    only to the allowed networks. `tls` replaces the system's TLS context.
    """

    def __init__(
        self,
        allowed: AllowedAddresses,
        timeout: float = TIMEOUT,
        tls: ssl.SSLContext | bool = True,
        resolver: AbstractResolver | None = None,
    ) -> None:
        resolver = resolver or ThreadResolver()
        self._resolver = resolver
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=min(timeout, 10.0))
        self._encrypted = _session(allowed, resolver, tls)
        self._plain = _session(allowed.only_networks, resolver, tls)

    async def post(self, url: str, body: str, headers: Mapping[str, str], owner: str = "") -> Reply:
        """Send a request for an owner's webhook and return its result; no fault of an endpoint is raised."""
        _OWNER.set(owner)
        session = self._encrypted if urlsplit(url).scheme == "https" else self._plain
        began = time.perf_counter()
        try:
            async with session.post(
                url, data=body.encode(), headers=dict(headers), allow_redirects=False, timeout=self._timeout
            ) as answer:
                await answer.content.read(_LONGEST)
                status, retry_after = answer.status, seconds_of(answer.headers.get("Retry-After", ""))
        except TimeoutError:
            return Reply(status=None, cause=f"no answer in {self._timeout.total:g} s", milliseconds=_since(began))
        except (aiohttp.ClientError, OSError, ValueError) as fault:
            return Reply(status=None, cause=_words(fault), milliseconds=_since(began))
        cause = "" if 200 <= status < 300 else f"it answered {status}"
        return Reply(status=status, cause=cause, retry_after=retry_after, milliseconds=_since(began))

    async def close(self) -> None:
        """Close all connections."""
        await self._encrypted.close()
        await self._plain.close()
        await self._resolver.close()


class ThreadResolver(AbstractResolver):
    """Resolves host names in its own threads: names that do not resolve delay nothing else of the process, and those of
    one owner take only a few threads."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_RESOLVING, "webhook-names")
        self._turns: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(_RESOLVING_EACH))

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a host name; raises `OSError`."""
        turns = self._turns[_OWNER.get()]
        await turns.acquire()
        try:
            resolved = self._threads.submit(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM)
        except RuntimeError:
            turns.release()
            raise
        asking = asyncio.wrap_future(resolved)
        # If the request is given up, its thread is still busy until the name resolves or fails.
        loop = asyncio.get_running_loop()
        resolved.add_done_callback(lambda _: loop.is_closed() or loop.call_soon_threadsafe(turns.release))
        return [_resolved(host, info) for info in await asyncio.shield(asking)]

    async def close(self) -> None:
        """End without waiting for the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _resolved(host: str, info: tuple[Any, ...]) -> ResolveResult:
    family, _, protocol, _, address = info
    return ResolveResult(
        hostname=host, host=str(address[0]), port=int(address[1]), family=family, proto=protocol,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )  # fmt: skip


def _session(
    allowed: AllowedAddresses, resolver: AbstractResolver, tls: ssl.SSLContext | bool
) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        limit=0, ssl=tls, resolver=resolver, socket_factory=allowed.socket, keepalive_timeout=30
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        headers={"User-Agent": "Huying-Webhooks", "Content-Type": "application/json", "Accept": "*/*"},
        trust_env=False,
    )


def seconds_of(retry_after: str) -> float | None:
    """The seconds that a `Retry-After` header asks to wait; None if it cannot be read. Rule: RFC 9110, 10.2.3."""
    if retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 10:
        return float(retry_after)
    try:
        at = parsedate_to_datetime(retry_after)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None  # the parser of dates raises all of these, for example for a year of twenty digits
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds())


def _since(began: float) -> int:
    return round((time.perf_counter() - began) * 1000)


def _words(fault: Exception) -> str:
    refused = getattr(fault, "os_error", fault)
    if isinstance(refused, AddressRefused):
        return str(refused)
    return f"no answer: {type(fault).__name__}: {fault}"[:_CUT]
