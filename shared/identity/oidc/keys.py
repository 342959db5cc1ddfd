"""Fetches the issuer's metadata and keys when they are needed, and caches them for minutes.

A cool-down limits the fetches, because anybody can send tokens with unknown key ids.
"""

import asyncio
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet
from pydantic import BaseModel

from shared.contracts.refusals import Code, Refused

log = structlog.get_logger()
FRESH: Final = 300.0
"""Seconds for which keys are used without a new fetch: a withdrawn key is accepted no longer than this."""
OLDEST: Final = 3600.0
"""Seconds for which keys are used while the issuer cannot be reached."""
COOL_DOWN: Final = 30.0
"""The fewest seconds between two fetches."""
UNUSABLE: Final = (httpx.HTTPError, httpx.InvalidURL, JoseError, ValueError, KeyError, TypeError)
"""The faults of an issuer that is away or answers nonsense."""
TIMEOUT: Final = httpx.Timeout(5, connect=2)


class Metadata(BaseModel):
    """The metadata of an issuer. Rule: OpenID Connect Discovery 1.0, section 3."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic"]


def issuer_client() -> httpx.AsyncClient:
    """An HTTP client for the issuer. It trusts the system's certificate authorities: offices have their own."""
    return httpx.AsyncClient(verify=ssl.create_default_context(), timeout=TIMEOUT, trust_env=False)


@dataclass(slots=True, eq=False)
class IssuerKeys:
    """The keys of one issuer, shared by all parts of this process that check its tokens."""

    issuer: str
    client: httpx.AsyncClient = field(default_factory=issuer_client)
    clock: Callable[[], float] = time.monotonic
    _metadata: Metadata | None = None
    _keys: KeySet = field(default_factory=lambda: KeySet([]))
    _fetched_at: float = float("-inf")
    _tried_at: float = float("-inf")
    _fetching: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def metadata(self) -> Metadata:
        """The metadata of the issuer; raises `Refused` if it cannot be reached."""
        await self._ensure(lambda: self._metadata is not None)
        if self._metadata is None:
            raise _away()
        return self._metadata

    async def find(self, kid: str | None, alg: str) -> Key:
        """The key with this id for this algorithm; raises `Refused`."""
        await self._ensure(lambda: self._key(kid, alg) is not None)
        if self._age > OLDEST:
            raise _away()
        key = self._key(kid, alg)
        if key is None:
            en = "the token is signed with a key that the sign-in service does not publish; sign in again"
            raise Refused(Code.UNAUTHENTICATED, en, "凭证的签名密钥不是登录服务公布的密钥，请重新登录")
        return key

    @property
    def _age(self) -> float:
        return self.clock() - self._fetched_at

    def _key(self, kid: str | None, alg: str) -> Key | None:
        try:
            return self._keys.get_by_kid(kid, {"alg": alg, "use": "sig"})
        except JoseError:
            return None

    async def _ensure(self, is_cached: Callable[[], bool]) -> None:
        """Fetch if the cache is too old or does not hold the value, and the cool-down is over."""
        if is_cached() and (self._age <= FRESH or (self._fetching.locked() and self._age <= OLDEST)):
            return
        async with self._fetching:
            is_enough = is_cached() and self._age <= FRESH
            if not is_enough and self.clock() - self._tried_at >= COOL_DOWN:
                await self._fetch()

    async def _fetch(self) -> None:
        try:
            metadata = Metadata.model_validate(await self._get(f"{self.issuer}/.well-known/openid-configuration"))
            if metadata.issuer != self.issuer:
                raise ValueError(f"its metadata name another issuer: {metadata.issuer!r}")
            self._keys = KeySet.import_key_set(await self._get(metadata.jwks_uri))
            self._metadata, self._fetched_at = metadata, self.clock()
        except UNUSABLE as fault:
            log.warning("the issuer's keys could not be fetched", cause=repr(fault))
        finally:
            self._tried_at = self.clock()

    async def _get(self, url: str) -> Any:
        response = await self.client.get(url)
        response.raise_for_status()
        return response.json()


def _away() -> Refused:
    en = "the sign-in service cannot be reached; nothing was changed: try again soon"
    return Refused(Code.UNAVAILABLE, en, "暂时无法连接登录服务，操作未执行，请稍后重试")
