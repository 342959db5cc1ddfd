"""When people are told: quiet hours, messages gathered into one, what an opt-out does not stop, and news for units."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Final, Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from shared.jurisdiction.notices import Notice
from shared.jurisdiction.parts import Hours, Part, Words, span

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


class DutyAddress(Part):
    """Where a unit is told: one of these. `gateway` names one of `HUYING_GATEWAYS`, such as a robot of WeChat Work
    whose key stands in that file. An office's own address, no person's."""

    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    phone: Words | None = None
    gateway: Words | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum(map(bool, (self.email, self.phone, self.gateway))) != 1:
            raise ValueError("give one of email, phone and gateway")
        return self


class StaffNews(Part):
    """What units are told at their duty addresses: `told` of each fact, gathered into one message at `morning` of the
    next working day; those `at_once`, and all of demands of the highest urgency, as they happen.

    `duty`: the addresses by unit; a unit without one is told nothing. `listed`: demands that one message names.
    """

    told: tuple[Notice, ...] = (Notice.STAFF_DEADLINE_MISSED, Notice.STAFF_ESCALATED)
    at_once: tuple[Notice, ...] = (Notice.STAFF_ESCALATED,)
    morning: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "08:30"
    listed: Annotated[int, Field(ge=1, le=50)] = 10
    duty: Mapping[str, tuple[DutyAddress, ...]] = {}

    @field_validator("told", "at_once")
    @classmethod
    def _for_staff(cls, notices: tuple[Notice, ...]) -> tuple[Notice, ...]:
        if wrong := [notice for notice in notices if not notice.is_for_staff or notice.fact is None]:
            raise ValueError(f"{', '.join(wrong)}: these are for citizens; units are told of staff-…")
        return notices


class Courtesy(Part):
    """What a pack says of messages beside their words. Without `quiet_hours` and `digest` each goes out at once.

    `despite_opt_out`: what still goes to somebody who wants no messages any more; by default only what they ask for.
    """

    quiet_hours: QuietHours | None = None
    digest: DigestRules | None = None
    despite_opt_out: tuple[Notice, ...] = (Notice.SUBMITTED, Notice.LINK_REQUESTED)
    staff: StaffNews = StaffNews()
