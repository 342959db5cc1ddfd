"""Decides what follows on a try to deliver: it is over, it is tried again then, or its webhook is told nothing more.

Rule: Standard Webhooks, "Webhook consumption" and "Operational considerations": 2xx is success, 410 asks to be left
alone, 429, 502 and 504 ask for a pause.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict

PAUSES: Final = tuple(
    timedelta(seconds=seconds) for seconds in (5, 5 * 60, 30 * 60, *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24)))
)
"""Between the tries of one delivery that fails: ten tries in a little more than three days."""
LONGEST_FAILURE: Final = timedelta(days=3)
"""A webhook that takes nothing for so long is disabled."""
LONGEST_RETRY_AFTER: Final = timedelta(days=1)
GONE: Final = 410
_THROTTLED: Final = frozenset({429, 502, 503, 504})


class DisabledFor(StrEnum):
    """Why a webhook is told nothing. `revoked`: its channel may no longer have webhooks."""

    OWNER = "owner"
    FAILING = "failing"
    GONE = "gone"
    REVOKED = "revoked"


class Wording(NamedTuple):
    """A reason in sentences."""

    zh: str
    en: str


DISABLED_WORDS: Final[Mapping[DisabledFor, Wording]] = {
    DisabledFor.OWNER: Wording("由所有者停用", "its owner disabled it"),
    DisabledFor.FAILING: Wording(
        "连续三天未能送达，已自动停用；修复后请重新启用", "it took nothing for three days; repair it, then enable it"
    ),
    DisabledFor.GONE: Wording(
        "对方返回 410（不再接收），已自动停用", "it answered 410, which asks to be told nothing more"
    ),
    DisabledFor.REVOKED: Wording(
        "渠道已被吊销，或已没有 webhooks 权限", "its channel was revoked, or has no scope 'webhooks' any more"
    ),
}


class DeliveryState(StrEnum):
    """`failed`: given up after ten tries; the next of its demand went on."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Reply(BaseModel):
    """What became of one request. `status` is None where there was no answer; `cause` says why, else it is empty.

    `retry_after`: seconds that the answer asks for.
    """

    model_config = ConfigDict(frozen=True)

    status: int | None
    cause: str = ""
    retry_after: float | None = None
    milliseconds: int = 0

    @property
    def is_success(self) -> bool:
        """Whether the endpoint has it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_throttled(self) -> bool:
        """Whether the endpoint asks for a pause: this says nothing against the delivery."""
        return self.status in _THROTTLED

    @property
    def is_gone(self) -> bool:
        """Whether the endpoint asks to be told nothing more."""
        return self.status == GONE


@dataclass(frozen=True, slots=True)
class Decision:
    """What a delivery is after a try. `pause` is the time until the next try of one that is pending; `failed` says
    whether the try counts against it."""

    state: DeliveryState
    pause: timedelta = timedelta(0)
    failed: bool = False

    @property
    def is_over(self) -> bool:
        """Whether it is tried no more."""
        return self.state is not DeliveryState.PENDING


def decide(reply: Reply, failures: int, jitter: Callable[[], float] = random.random) -> Decision:
    """What follows on a reply, where `failures` tries have counted against the delivery before.

    `jitter` gives a number from 0 to 1: pauses are up to a tenth longer, so that not all come back at one moment.
    """
    if reply.is_success:
        return Decision(DeliveryState.DELIVERED)
    retry_after = min(timedelta(seconds=max(0.0, reply.retry_after or 0.0)), LONGEST_RETRY_AFTER)
    if reply.is_throttled:
        return Decision(DeliveryState.PENDING, max(retry_after, PAUSES[0]))
    if reply.is_gone:
        return Decision(DeliveryState.PENDING)
    if failures >= len(PAUSES):
        return Decision(DeliveryState.FAILED, failed=True)
    return Decision(DeliveryState.PENDING, max(retry_after, PAUSES[failures] * (1 + jitter() / 10)), failed=True)
