"""API keys of channels: shown once, kept as a hash, checked at every request."""

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Header

from services.intake import queries
from services.intake.queries import Channel
from shared.chassis.database import Pool
from shared.contracts.facts import ChannelKind
from shared.contracts.refusals import Code, Refused

ApiKey = Annotated[str, Header(alias="X-API-Key", description="the channel's key, shown once when it was made")]
ChannelWith = Callable[[str], Callable[[ApiKey], Awaitable[Channel]]]
"""For a scope, what FastAPI calls to find the channel of a request."""


def _hashed(key: str) -> bytes:
    # 256 random bits need no slow hash.
    return hashlib.sha256(key.encode()).digest()


async def authenticate(pool: Pool, key: str, scope: str) -> Channel:
    """The channel of this key; raises `Refused` when there is none or it lacks the scope."""
    async with pool.acquire(timeout=5) as db:
        channel = await queries.channel_by_key(db, _hashed(key))
    if channel is None:
        raise Refused(
            Code.UNAUTHENTICATED,
            "send the channel's key in the header X-API-Key; make one with `huying channel add`",
            "请在请求头 X-API-Key 中提供渠道密钥；用 huying channel add 生成",
        )
    if scope not in channel.scopes:
        raise Refused(Code.FORBIDDEN, f"this key has no scope {scope!r}", f"该密钥没有 {scope!r} 权限")
    return channel


def asking(pool: Pool) -> ChannelWith:
    """The channels that this database knows, for routes to depend on."""

    def channel_with(scope: str) -> Callable[[ApiKey], Awaitable[Channel]]:
        async def found(key: ApiKey) -> Channel:
            return await authenticate(pool, key, scope)

        return found

    return channel_with


async def add(pool: Pool, id: str, kind: ChannelKind, name: str, scopes: tuple[str, ...] = ("submit",)) -> str:
    """Add a channel or give it a new key; the key is returned this once."""
    key = f"hy_{secrets.token_urlsafe(32)}"
    async with pool.acquire(timeout=5) as db:
        await queries.put_channel(db, id, kind, name, _hashed(key), scopes)
    return key
