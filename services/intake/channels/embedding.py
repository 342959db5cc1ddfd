"""Manages the public keys with which other sites embed our forms.

Each key is bound to origins. Its quota is as large as its channel's but counted apart, because anybody who reads the
page can use the key up.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from services.intake.channels import embed_queries as queries
from services.intake.channels import key_queries
from services.intake.channels.embed_queries import EmbedRow
from services.intake.channels.keys import Scope
from services.intake.channels.quota import KEPT, QuotaUse
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Pool
from shared.contracts.refusals import Code, FieldError, Refused

PUBLIC_PREFIX: Final = "hyp_"
MOST_ORIGINS: Final = 20
COUNTED: Final = "embed:"
"""The prefix under which requests with a public key are counted; the id of a channel has no colon."""
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost"})


def origin_of(address: str) -> str:
    """An origin as browsers write it, such as `https://school.example`; raises `Refused` for any other text."""
    try:
        parts = urlsplit(address.strip().lower())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _no_origin(address) from None
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    safe = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
    plain = host.isascii() and all(char.isalnum() or char in ".-" for char in host)
    if not (safe and host and plain) or parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
        raise _no_origin(address)
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != usual else "")


@dataclass(frozen=True, slots=True)
class Embeds:
    """Manages the public keys of one deployment."""

    pool: Pool
    clock: Callable[[], datetime] = now

    async def allow(self, channel: str, origins: Sequence[str]) -> EmbedRow:
        """Let only these origins embed the forms of a channel; its public key stays the same."""
        checked = sorted({origin_of(origin) for origin in origins})
        if not 0 < len(checked) <= MOST_ORIGINS:
            en = f"name 1 to {MOST_ORIGINS} origins, such as https://school.example"
            raise Refused(Code.INVALID, en, f"请给出 1 至 {MOST_ORIGINS} 个来源，如 https://school.example")
        key = f"{PUBLIC_PREFIX}{secrets.token_urlsafe(18)}"
        async with self.pool.acquire(timeout=5) as db:
            if not await key_queries.is_active(db, channel):
                raise _no_channel(channel)
            await queries.put(db, channel, key, checked, self.clock())
            embed = await queries.of_channel(db, channel)
        if embed is None:
            raise _no_channel(channel)
        return embed

    async def of_channel(self, channel: str) -> EmbedRow | None:
        """The sites that may embed a channel, with its key; None if there are none."""
        async with self.pool.acquire(timeout=5) as db:
            return await queries.of_channel(db, channel)

    async def stop(self, channel: str) -> None:
        """Let no site embed a channel any more; raises `Refused` if none could."""
        async with self.pool.acquire(timeout=5) as db:
            if not await queries.forget(db, channel):
                raise _no_channel(channel)

    async def find(self, key: str) -> EmbedRow:
        """The channel and the origins of a public key; raises `Refused`."""
        async with self.pool.acquire(timeout=5) as db:
            embed = await queries.by_key(db, key)
        if embed is None or Scope.SUBMIT not in embed.channel.scopes:
            en = "this public key is not known, or its channel was revoked: ask the operator of this service"
            raise Refused(Code.NOT_FOUND, en, "嵌入用的公钥无效，或渠道已停用，请联系平台运维人员")
        return embed

    async def count(self, embed: EmbedRow) -> None:
        """Count a request with the public key; raises `Refused` if its quota is used up."""
        at, counted = self.clock(), f"{COUNTED}{embed.channel.id}"
        async with self.pool.acquire(timeout=5) as db:
            used = await queries.count(db, counted, at)
            if used == 1:
                await key_queries.forget_usage(db, counted, at - KEPT)
        QuotaUse.at(at, embed.channel.id, embed.quota, used).check()


def _no_origin(address: str) -> Refused:
    en = f"{address!r} is not an origin: write https://, a host, and a port if it is not the default one; no path"
    zh = f"{address!r} 不是来源：应为 https:// 加主机名，可带端口，不带路径"
    return Refused(Code.INVALID, en, zh, (FieldError("origin", zh, en, "https://school.example"),))


def _no_channel(channel: str) -> Refused:
    en = f"no site embeds a channel {channel!r}: see `huying channel list`"
    return Refused(Code.NOT_FOUND, en, f"没有可嵌入的渠道 {channel!r}，见 huying channel list")
