"""Limits how often one network address may use the portal in an hour. Nobody signs in there, so only the address tells
visitors apart; many people share one, in an office or behind a carrier's network, so the limits are wide."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final

from fastapi import Request

from services.intake.vault.sealing import Vault
from services.intake.web import draft_queries as queries
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Pool
from shared.contracts.refusals import Code, Refused

HOUR: Final = 3600


class Act(StrEnum):
    """The actions that are counted."""

    BEGIN = "begin"
    PHOTO = "photo"
    HINT = "hint"
    SEND = "send"
    FRAME = "frame"


TIMES: Final = {Act.BEGIN: 10, Act.PHOTO: 10, Act.HINT: 50, Act.SEND: 1, Act.FRAME: 50}
"""How many of each action are allowed for each demand that an address may send."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """Counts actions by the hour of the clock; `sends` is how many demands and supports an address may send in an
    hour."""

    pool: Pool
    vault: Vault
    sends: int
    clock: Callable[[], datetime] = now

    async def count(self, request: Request, act: Act) -> None:
        """Count an action of the request's address; raises `Refused` if there are too many."""
        at, host = self.clock(), network_of(request.client.host if request.client else "")
        address = self.vault.pseudonym(f"portal\n{host}")
        async with self.pool.acquire(timeout=5) as db:
            uses = await queries.count(db, address, act, at.replace(minute=0, second=0, microsecond=0))
        if uses > self.sends * TIMES[act]:
            seconds_left = HOUR - at.minute * 60 - at.second
            minutes = seconds_left // 60 + 1
            raise Refused(
                Code.QUOTA_USED_UP,
                f"too much was sent from your network within this hour; what you wrote is kept: go on in {minutes} min",
                f"您所在的网络这一小时内提交得太多了。已填写的内容都在，请过 {minutes} 分钟再试；紧急情况请打电话",
                retry_after=seconds_left,
            )


def network_of(host: str) -> str:
    """The address; for IPv6 its first half, because a household has all addresses that begin with it. Rule: RFC
    6177."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(IPv6Network((address, 64), strict=False)) if isinstance(address, IPv6Address) else host
