"""Manages the API keys of channels: each is shown once, stored as a hash, and checked at every request."""

import hashlib
import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache, partial
from typing import Annotated, Final

from asyncpg import UniqueViolationError
from fastapi import Header, Security
from fastapi.security import APIKeyHeader

from services.intake.channels import key_queries
from services.intake.channels.channel import Channel
from services.intake.channels.key_queries import KeyUsage, RecentKey
from services.intake.channels.quota import KEPT, WINDOW, QuotaUse, minute_of
from shared.chassis.base.clock import now
from shared.chassis.database.coalescing import GroupCommit
from shared.chassis.database.pool import Connection, Pool
from shared.chassis.http import response_headers
from shared.chassis.tracing import spans
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.examples import API_KEY
from shared.contracts.refusals import Code, FieldError, Refused

# It is a part of the addresses of gateways.
_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)
KEY_PREFIX = "hy_"
_KEY = APIKeyHeader(
    name="X-API-Key", auto_error=False, description="the channel's key, shown once when it was made / 渠道密钥"
)
ApiKey = Annotated[str, Header(alias="X-API-Key", description="the channel's key, shown once when it was made")]


class Scope(StrEnum):
    """The scopes of keys: what a channel may do."""

    SUBMIT = "submit"
    IMPORT = "import"
    READ_ALL = "read-all"
    WEBHOOKS = "webhooks"


def _hashed(key: str) -> bytes:
    # A key has 256 random bits, so a slow hash is not needed.
    return hashlib.sha256(key.encode()).digest()


async def authenticate(pool: Pool, key: str, scope: str, clock: Callable[[], datetime] = now) -> Channel:
    """The channel of this key, with the request counted; raises `Refused` if there is none, its quota is used up, or it
    lacks the scope."""
    at = clock()
    asking = await key_cache(pool).count(key, at)
    if asking is None:
        en = "send the channel's key in the header X-API-Key; make one with `huying channel add`"
        zh = "请在请求头 X-API-Key 中提供渠道密钥；用 huying channel add 生成"
        raise Refused(Code.UNAUTHENTICATED, en, zh, (FieldError("X-API-Key", zh, en, API_KEY),))
    spans.accept()
    channel = asking.channel
    allowance = _told(asking, at)
    allowance.check()
    if scope not in channel.scopes:
        raise _lacking(channel, scope)
    return channel


async def holder(db: Connection, key: str, scope: str, at: datetime) -> Channel | None:
    """The channel of a key that is valid for the scope, without counting a request; None otherwise."""
    channel = await key_queries.holder(db, _hashed(key), at)
    return channel if channel and scope in channel.scopes else None


def _told(asking: KeyUsage, at: datetime) -> QuotaUse:
    allowance = QuotaUse.at(at, asking.channel.id, asking.quota, asking.used)
    response_headers.add(allowance.headers())
    return allowance


def _lacking(channel: Channel, scope: str) -> Refused:
    scopes = ",".join(sorted({*channel.scopes, scope}))
    more = f"huying channel set {channel.id} scopes={scopes}"
    en = f"this key has no scope '{scope}'; its operator can add it with `{more}`"
    zh = f"该密钥没有 '{scope}' 权限；需要时请联系运维人员（{more}）"
    return Refused(Code.FORBIDDEN, en, zh, (FieldError("X-API-Key", zh, en, API_KEY),))


class KeyCache:
    """Counts requests by their keys, and caches for the rest of the minute which channel a key belongs to."""

    def __init__(self, pool: Pool) -> None:
        # Requests of the same moment are counted together: a channel's count is one row, so separate commits would
        # wait.
        self._counted = GroupCommit(partial(pool.acquire, timeout=5), self._count)
        self._until = datetime.min.replace(tzinfo=UTC)
        self._known: dict[bytes, KeyUsage] = {}

    async def count(self, key: str, at: datetime) -> KeyUsage | None:
        """Count a request and return its channel; None if the key is not valid."""
        return await self._counted((_hashed(key), at))

    def recent(self, key: str, scope: str, at: datetime) -> RecentKey | None:
        """The channel of a key that was counted in this minute and has requests left; None otherwise."""
        hashed = _hashed(key)
        cached = self._known.get(hashed) if at < self._until else None
        if cached is None or scope not in cached.channel.scopes or not cached.may_go_on:
            return None
        spans.accept()
        return RecentKey(hashed, cached.channel)

    def charge(self, key: RecentKey, usage: KeyUsage, at: datetime) -> None:
        """Set the quota headers for the channel, after another statement has counted its request."""
        self._remember(key.key_hash, usage, at)
        _told(usage, at)

    async def _count(self, db: Connection, requests: Sequence[tuple[bytes, datetime]]) -> list[KeyUsage | None]:
        at = requests[-1][1]
        askings = await key_queries.count(db, [hashed for hashed, _ in requests], at)
        for channel in {usage.channel.id for usage in askings if usage and usage.used == 1}:
            await key_queries.forget_usage(db, channel, at - KEPT)
        for (hashed, _), asking in zip(requests, askings, strict=True):
            if asking:
                self._remember(hashed, asking, at)
        return askings

    def _remember(self, hashed: bytes, asking: KeyUsage, at: datetime) -> None:
        if at >= self._until:
            self._until, self._known = minute_of(at) + WINDOW, {}
        self._known[hashed] = asking


@lru_cache(maxsize=8)
def key_cache(pool: Pool) -> KeyCache:
    """The key cache of a process, one for each pool."""
    return KeyCache(pool)


ChannelKey = Annotated[str | None, Security(_KEY)]


def channel_with(pool: Pool, scope: str) -> Callable[[str | None], Awaitable[Channel]]:
    """A FastAPI dependency that gives the asking channel, which must have the scope."""

    async def found(key: ChannelKey) -> Channel:
        return await authenticate(pool, key or "", scope)

    return found


def must_be(channel: Channel, kind: ChannelKind) -> None:
    """Raise `Refused` if the channel is of another kind."""
    if channel.kind is not kind:
        en = f"{channel.id} is a {channel.kind} channel; use the key of one added with --kind {kind}"
        zh = f"渠道 {channel.id} 的类型是 {channel.kind}，此接口只供 {kind} 渠道使用"
        raise Refused(Code.FORBIDDEN, en, zh, (FieldError("X-API-Key", zh, en, API_KEY),))


async def add(pool: Pool, id: str, kind: ChannelKind, name: str, scopes: tuple[str, ...] = (Scope.SUBMIT,)) -> str:
    """Add a channel, or replace the key of an existing one; returns the key, which is not stored. Raises `Refused`."""
    if not _ID.fullmatch(id):
        en = (
            f"{id!r} is not the id of a channel: use up to 63 of a-z, 0-9, - and _, beginning with a letter or"
            " digit, such as wechat-main"
        )
        zh = (
            f"{id!r} 不能作渠道标识：限小写字母、数字、连字符和下划线，以字母或数字开头，最长 63 个字符，如 wechat-main"
        )
        raise Refused(Code.INVALID, en, zh, (FieldError("name", zh, en, "wechat-main"),))
    key = _new_key()
    async with pool.acquire(timeout=5) as db:
        try:
            await key_queries.put_channel(db, id, kind, name, _hashed(key), scopes)
        except UniqueViolationError:
            en = f"the mailbox of {id} now belongs to another channel; remove it from that channel first (mailbox=)"
            zh = f"渠道 {id} 原有的邮箱现已属于其他渠道，请先从该渠道取消（mailbox=）"
            raise Refused(Code.CONFLICT, en, zh) from None
    return key


async def rotate(pool: Pool, id: str, grace: timedelta, clock: Callable[[], datetime] = now) -> str:
    """Give a channel a new key and return it; the present key stays valid for the grace period. Raises `Refused`."""
    key, at = _new_key(), clock()
    async with pool.acquire(timeout=5) as db:
        if not await key_queries.rotate(db, id, _hashed(key), at + grace):
            raise _unknown(id)
    return key


async def revoke(pool: Pool, id: str, clock: Callable[[], datetime] = now) -> None:
    """Revoke all keys of a channel, from its next request on."""
    async with pool.acquire(timeout=5) as db:
        if not await key_queries.revoke(db, id, clock()):
            raise _unknown(id)


def _new_key() -> str:
    return f"{KEY_PREFIX}{secrets.token_urlsafe(32)}"


def _unknown(id: str) -> Refused:
    return Refused(
        Code.NOT_FOUND,
        f"there is no channel {id!r}, or it was revoked; see `huying channel list`",
        f"没有渠道 {id!r}，或已被吊销；见 huying channel list",
    )
