"""Decides what follows a try to deliver: the delivery is over, it is tried again later, or its webhook is disabled.

Rule: Standard Webhooks, "Webhook consumption" and "Operational considerations": 2xx is success, 410 asks to stop, 429,
502 and 504 ask for a pause.
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
"""The pauses between the tries of a delivery that fails: ten tries in a little more than three days."""
LONGEST_FAILURE: Final = timedelta(days=3)
"""A webhook that accepts nothing for so long is disabled."""
LONGEST_RETRY_AFTER: Final = timedelta(days=1)
GONE: Final = 410
_THROTTLED: Final = frozenset({429, 502, 503, 504})


class DisabledFor(StrEnum):
    """Why a webhook is disabled. `revoked`: its channel may no longer have webhooks."""

    OWNER = "owner"
    FAILING = "failing"
    GONE = "gone"
    REVOKED = "revoked"


class BilingualReason(NamedTuple):
    """A reason in Chinese and English."""

    zh: str
    en: str


DISABLED_WORDS: Final[Mapping[DisabledFor, BilingualReason]] = {
    DisabledFor.OWNER: BilingualReason("由所有者停用", "its owner disabled it"),
    DisabledFor.FAILING: BilingualReason(
        "连续三天未能送达，已自动停用；修复后请重新启用",
        "it accepted nothing for three days; repair the endpoint, then enable the webhook",
    ),
    DisabledFor.GONE: BilingualReason(
        "对方返回 410（不再接收），已自动停用", "it answered 410, which asks for no more deliveries"
    ),
    DisabledFor.REVOKED: BilingualReason(
        "渠道已被吊销，或已没有 webhooks 权限", "its channel was revoked, or has no scope 'webhooks' any more"
    ),
}


class DeliveryState(StrEnum):
    """The state of a delivery. `failed` means that it was given up after ten tries; the next one of its demand
    followed."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Reply(BaseModel):
    """The result of one request. `status` is None without an answer; then `cause` says why, otherwise it is empty.
    `retry_after` are the seconds that the answer asks to wait."""

    model_config = ConfigDict(frozen=True)

    status: int | None
    cause: str = ""
    retry_after: float | None = None
    milliseconds: int = 0

    @property
    def is_success(self) -> bool:
        """Whether the endpoint accepted the event."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_throttled(self) -> bool:
        """Whether the endpoint asks for a pause; this does not count as a failure."""
        return self.status in _THROTTLED

    @property
    def is_gone(self) -> bool:
        """Whether the endpoint asks to get no more events."""
        return self.status == GONE


@dataclass(frozen=True, slots=True)
class TryDecision:
    """The decision after a try. `pause` is the time until the next try if the delivery is pending; `failed` says
    whether the try counts as a failure."""

    state: DeliveryState
    pause: timedelta = timedelta(0)
    failed: bool = False

    @property
    def is_over(self) -> bool:
        """Whether there are no more tries."""
        return self.state is not DeliveryState.PENDING


def decide(reply: Reply, failures: int, jitter: Callable[[], float] = random.random) -> TryDecision:
    """The decision after a reply, if `failures` tries failed before. `jitter` gives a number from 0 to 1: pauses are up
    to a tenth longer, so that not all deliveries are tried at the same moment."""
    if reply.is_success:
        return TryDecision(DeliveryState.DELIVERED)
    retry_after = min(timedelta(seconds=max(0.0, reply.retry_after or 0.0)), LONGEST_RETRY_AFTER)
    if reply.is_throttled:
        return TryDecision(DeliveryState.PENDING, max(retry_after, PAUSES[0]))
    if reply.is_gone:
        return TryDecision(DeliveryState.PENDING)
    if failures >= len(PAUSES):
        return TryDecision(DeliveryState.FAILED, failed=True)
    return TryDecision(DeliveryState.PENDING, max(retry_after, PAUSES[failures] * (1 + jitter() / 10)), failed=True)
