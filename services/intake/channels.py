"""API keys of channels: shown once, kept as a hash, checked at every request."""

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Header, Security
from fastapi.security import APIKeyHeader

from services.intake import queries
from services.intake.queries import Channel
from shared.chassis.database import Pool
from shared.contracts.facts import ChannelKind
from shared.contracts.refusals import Code, Refused

_KEY = APIKeyHeader(
    name="X-API-Key", auto_error=False, description="the channel's key, shown once when it was made / 渠道密钥"
)
ApiKey = Annotated[str, Header(alias="X-API-Key", description="the channel's key, shown once when it was made")]


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


def channel_with(pool: Pool, scope: str) -> Callable[[str | None], Awaitable[Channel]]:
    """A dependency: the channel that asks, when it has the scope."""

    async def found(key: Annotated[str | None, Security(_KEY)]) -> Channel:
        return await authenticate(pool, key or "", scope)

    return found


def must_be(channel: Channel, kind: ChannelKind) -> None:
    """Raise `Refused` for a channel of another kind."""
    if channel.kind is not kind:
        raise Refused(
            Code.FORBIDDEN,
            f"{channel.id} is a {channel.kind} channel; use the key of one added with --kind {kind}",
            f"渠道 {channel.id} 的类型是 {channel.kind}，此接口只供 {kind} 渠道使用",
        )


async def add(pool: Pool, id: str, kind: ChannelKind, name: str, scopes: tuple[str, ...] = ("submit",)) -> str:
    """Add a channel or give it a new key; the key is returned this once."""
    key = f"hy_{secrets.token_urlsafe(32)}"
    async with pool.acquire(timeout=5) as db:
        await queries.put_channel(db, id, kind, name, _hashed(key), scopes)
    return key
