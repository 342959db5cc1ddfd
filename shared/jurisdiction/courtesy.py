"""A pack's rules for the time of messages: quiet hours, digests, exceptions from an opt-out, and news for units."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Final, Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from shared.jurisdiction.notices import Notice
from shared.jurisdiction.parts import Hours, PackModel, Words, span

ANSWERS_AT_ONCE: Final = (
    Notice.SUBMITTED, Notice.SUPPORTED, Notice.CONFIRMED, Notice.REOPENED, Notice.WITHDRAWN, Notice.LINK_REQUESTED,
)  # fmt: skip
"""Messages that answer something the citizen has just done."""
_LONGEST_SPREAD: Final = 180


class QuietHours(PackModel):
    """In `hours` (local time, such as `21:00-08:00`) only the messages in `any_time` are sent; the others are sent
    after the hours, spread over `spread_minutes`.

    `emergencies`: messages about demands of the highest urgency (特急) are sent at any time.
    """

    hours: Hours
    spread_minutes: Annotated[int, Field(ge=0, le=_LONGEST_SPREAD)] = 30
    any_time: tuple[Notice, ...] = ANSWERS_AT_ONCE
    emergencies: bool = True

    def until(self, at: datetime, timezone: str, person: str) -> datetime | None:
        """The time at which a message may be sent to this person; None if it may be sent at once.

        The place in the spread is always the same for one person, so that all their waiting messages come together.
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


class DigestRules(PackModel):
    """After a message to an address, further messages within `within_minutes` wait and are merged into one.

    `apart`: notices that are never merged. `listed`: how many demands a merged message names with their links.
    """

    within_minutes: Annotated[int, Field(ge=1, le=60)]
    apart: tuple[Notice, ...] = (Notice.RESOLVED, Notice.DECLINED, Notice.LINK_REQUESTED)
    listed: Annotated[int, Field(ge=1, le=20)] = 3

    @field_validator("apart")
    @classmethod
    def _with_lost_link(cls, apart: tuple[Notice, ...]) -> tuple[Notice, ...]:
        if Notice.LINK_REQUESTED not in apart:
            raise ValueError("link-requested must be in this list: a citizen who lost the code waits for the link")
        return apart


class DutyAddress(PackModel):
    """The address of a unit for messages: exactly one of these. `gateway` is the name of a gateway in
    `HUYING_GATEWAYS`, such as a WeChat Work robot, whose key is in that file. It is an address of an office, not of a
    person."""

    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    phone: Words | None = None
    gateway: Words | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum(map(bool, (self.email, self.phone, self.gateway))) != 1:
            raise ValueError("give one of email, phone and gateway")
        return self


class StaffNews(PackModel):
    """The messages to units at their duty addresses: the notices in `told` are merged into one message at `morning` of
    the next working day. Those in `at_once`, and all about demands of the highest urgency, are sent immediately.

    `duty`: the addresses by unit; a unit without an address gets no messages. `listed`: how many demands one message
    names.
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
            raise ValueError(f"{', '.join(wrong)}: these are messages to citizens; units only get the messages staff-…")
        return notices


class Courtesy(PackModel):
    """A pack's rules for messages. Without `quiet_hours` and `digest`, each message is sent at once.

    `despite_opt_out`: notices that are sent even to people who want no messages; by default only what they ask for.
    """

    quiet_hours: QuietHours | None = None
    digest: DigestRules | None = None
    despite_opt_out: tuple[Notice, ...] = (Notice.SUBMITTED, Notice.LINK_REQUESTED)
    staff: StaffNews = StaffNews()
