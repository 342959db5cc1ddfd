"""Computes how many requests a channel may make in a minute.

Rule: draft-ietf-httpapi-ratelimit-headers-10. Every request with the channel's key counts as one, whether it is
answered with a demand, a thousand imported demands or a refusal. Requests without a key (a citizen with the code,
reading by Open311, WeChat, mail) are not counted. Requests with a public key are counted apart, up to the same quota,
so that they cannot use up the requests of the channel's own key.
"""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from shared.contracts.refusals import Code, Refused

USUAL: Final = 600
WINDOW: Final = timedelta(minutes=1)
KEPT: Final = timedelta(days=8)


class QuotaUse(NamedTuple):
    """How many requests a channel has used in the minute, the present one included."""

    channel: str
    quota: int
    used: int
    resets_in: int

    @classmethod
    def at(cls, at: datetime, channel: str, quota: int | None, used: int) -> "QuotaUse":
        """The allowance at a moment."""
        return cls(channel, limit(quota), used, WINDOW.seconds - at.second)

    def headers(self) -> dict[str, str]:
        """The quota headers of an answer."""
        remaining = max(0, self.quota - self.used)
        return {
            "RateLimit-Policy": f'"channel";q={self.quota};w={WINDOW.seconds}',
            "RateLimit": f'"channel";r={remaining};t={self.resets_in}',
        }

    def check(self) -> None:
        """Raise `Refused` when the quota is used up."""
        if self.used <= self.quota:
            return
        more = f"huying channel set {self.channel} quota_per_minute=…"
        raise Refused(
            Code.QUOTA_USED_UP,
            f"channel {self.channel} may send {self.quota} requests a minute: continue in {self.resets_in} s, with the "
            f"same Idempotency-Key; its operator can allow more with `{more}`",
            f"渠道 {self.channel} 每分钟限 {self.quota} 次请求：请在 {self.resets_in} 秒后"
            f"用相同的 Idempotency-Key 重试；需要更高配额请联系运维人员（{more}）",
            retry_after=self.resets_in,
        )


def limit(quota: int | None) -> int:
    """Requests a minute; a channel without a quota of its own has the default one."""
    return USUAL if quota is None else quota


def minute_of(at: datetime) -> datetime:
    """The minute in which a moment lies."""
    return at.replace(second=0, microsecond=0)
