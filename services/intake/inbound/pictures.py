"""Fetches the picture of a message by its URL, only from allowed hosts."""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address
from ssl import SSLContext
from typing import Final
from urllib.parse import SplitResult, urlsplit

import httpx
import structlog

log = structlog.get_logger()
# WeChat waits five seconds for the reply, and in that time the picture must also be made anew.
WITHIN: Final = 3.0
_PORTS: Final = {"http": 80, "https": 443}


class _NotFetched(Exception):
    """Why a picture was not fetched. It never contains the URL, which leads to a person's message."""


@cache
def _authorities() -> SSLContext:
    """The TLS certificates, loaded only when needed: loading them takes as long as loading all routes of intake."""
    return httpx.create_ssl_context(trust_env=False)


@dataclass(frozen=True, slots=True)
class Pictures:
    """Fetches pictures. `hosts` are names or addresses, each with a port unless it is the default one; if empty,
    nothing is fetched."""

    hosts: frozenset[str]
    most: int
    within: float = WITHIN
    client: httpx.AsyncClient = field(
        default_factory=lambda: httpx.AsyncClient(
            follow_redirects=False, trust_env=False, timeout=WITHIN, verify=_authorities()
        )
    )

    @classmethod
    def of(cls, hosts: str, most: int) -> "Pictures":
        """From the setting: hosts separated by commas; a picture may have `most` bytes."""
        return cls(frozenset(host.strip().lower() for host in hosts.split(",") if host.strip()), most)

    async def fetch(self, address: str) -> bytes | None:
        """The content of a picture, at most one byte more than allowed; None if it cannot be fetched."""
        parts = _split(address)
        if parts is None or parts.netloc.lower() not in self.hosts:
            return None
        try:
            async with asyncio.timeout(self.within):
                return await self._read(parts)
        except (_NotFetched, TimeoutError, OSError, httpx.HTTPError) as fault:
            log.warning("a picture was not fetched", host=parts.netloc, cause=type(fault).__name__)
            return None

    async def _read(self, parts: SplitResult) -> bytes:
        host, port = str(parts.hostname), parts.port or _PORTS[parts.scheme]
        # The connection is made to the address that was checked, because the name may resolve to another one by now.
        there = httpx.URL(scheme=parts.scheme, host=await _public(host, port), port=port, path=parts.path or "/")
        if parts.query:
            there = there.copy_with(query=parts.query.encode())
        content = bytearray()
        async with self.client.stream(
            "GET", there, headers={"Host": parts.netloc}, extensions={"sni_hostname": host}
        ) as answer:
            if answer.status_code != 200:
                raise _NotFetched
            async for chunk in answer.aiter_bytes():
                content += chunk
                if len(content) > self.most:
                    break
        return bytes(content[: self.most + 1])


def _split(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        is_complete = parts.scheme in _PORTS and parts.hostname and (parts.port or True)
    except ValueError:
        return None
    return parts if is_complete else None


async def _public(host: str, port: int) -> str:
    """The IP address of the host. A name must not lead to a private address, but an allowed address may be private."""
    if _is_address(host):
        return host
    places = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses: Sequence[str] = [str(place[4][0]) for place in places]
    if not addresses or not all(ip_address(address.partition("%")[0]).is_global for address in addresses):
        raise _NotFetched
    return addresses[0]


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
