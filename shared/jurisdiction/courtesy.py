"""When people are left alone: quiet hours, messages that are gathered into one, and what an opt-out does not stop."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from shared.jurisdiction.notices import Notice
from shared.jurisdiction.parts import Hours, Part, span

ANSWERS_AT_ONCE: Final = (
    Notice.SUBMITTED, Notice.SUPPORTED, Notice.CONFIRMED, Notice.REOPENED, Notice.WITHDRAWN, Notice.LINK_REQUESTED,
)  # fmt: skip
"""What answers something that the citizen did at that moment."""
_LONGEST_SPREAD: Final = 180


class QuietHours(Part):
    """Within `hours` (local, such as `21:00-08:00`) nobody is sent a message but those of `any_time`; the others go out
    when the hours are over, spread over `spread_minutes`.

    `emergencies`: messages about demands of the highest urgency (特急) go out at any time.
    """

    hours: Hours
    spread_minutes: Annotated[int, Field(ge=0, le=_LONGEST_SPREAD)] = 30
    any_time: tuple[Notice, ...] = ANSWERS_AT_ONCE
    emergencies: bool = True

    def until(self, at: datetime, timezone: str, person: str) -> datetime | None:
        """When a message of this moment may go to this person; None where it may go at once.

        The moment within the spread is always the same for one person, so that what waits for them comes together.
        """
        zone = ZoneInfo(timezone)
        local = at.astimezone(zone)
        begin, end = span(self.hours)
        day = local.date()
        if begin < end:
            quiet = begin <= local.time() < end
        else:
            quiet = local.time() >= begin or local.time() < end
            day += timedelta(days=local.time() >= begin)
        if not quiet:
            return None
        over = datetime.combine(day, end, zone).astimezone(UTC)
        share = int.from_bytes(sha256(person.encode()).digest()[:4]) / 2**32
        return over + timedelta(seconds=int(self.spread_minutes * 60 * share))


class DigestRules(Part):
    """After one message to an address, what follows within so many minutes waits and becomes one message.

    `apart`: these are always messages of their own. `listed`: how many demands the one message names with their links.
    """

    within_minutes: Annotated[int, Field(ge=1, le=60)]
    apart: tuple[Notice, ...] = (Notice.RESOLVED, Notice.DECLINED, Notice.LINK_REQUESTED)
    listed: Annotated[int, Field(ge=1, le=20)] = 3

    @field_validator("apart")
    @classmethod
    def _with_lost_link(cls, apart: tuple[Notice, ...]) -> tuple[Notice, ...]:
        if Notice.LINK_REQUESTED not in apart:
            raise ValueError("link-requested must be among them: whoever lost the code waits for the link")
        return apart


class Courtesy(Part):
    """What a pack says of messages beside their words. Without `quiet_hours` and `digest` each goes out at once.

    `despite_opt_out`: what still goes to somebody who wants no messages any more; by default only what they ask for.
    """

    quiet_hours: QuietHours | None = None
    digest: DigestRules | None = None
    despite_opt_out: tuple[Notice, ...] = (Notice.SUBMITTED, Notice.LINK_REQUESTED)
