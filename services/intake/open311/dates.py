"""Parses the dates of a list: a moment with an offset, or a day of the jurisdiction."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, WithJsonSchema
from pydantic.types import AwareDatetime
from pydantic_core import PydanticCustomError

from services.intake.open311.errors import invalid
from shared.contracts.refusals import FieldError

SPAN: Final = timedelta(days=90)
_DAY: Final = timedelta(days=1)
_LEAST: Final = timedelta(microseconds=1)
_EARLIEST: Final = datetime(1970, 1, 2, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_NUMBER: Final = re.compile(r"\s*[+-]?\d+(?:\.\d*)?\s*")
_EATEN_PLUS: Final = re.compile(r"(T.*) (\d\d:?\d\d)$")
_AWARE: Final = TypeAdapter(AwareDatetime)
_RULE: Final = {
    "zh": "应为日期（如 2026-11-01）或带时区的时间（如 2026-11-01T00:00:00+08:00）",
    "en": "send a day such as 2026-11-01, or a time with its offset such as 2026-11-01T00:00:00+08:00",
}


def _written(given: object) -> object:
    if not isinstance(given, str):
        return given
    try:
        # An unescaped + in a URL arrives as a space; a plain number would be read as seconds since 1970.
        at = date.fromisoformat(given) if _DATE.fullmatch(given) else _moment(_EATEN_PLUS.sub(r"\1+\2", given))
    except ValueError:
        raise PydanticCustomError("no_date", "{en}", _RULE) from None
    when = datetime.combine(at, time(), UTC) if not isinstance(at, datetime) else at
    if not _EARLIEST <= when <= _LATEST:
        raise PydanticCustomError("far_away", "must lie between 1970 and 2200", {"zh": "应在 1970 年至 2200 年之间"})
    return at


def _moment(given: str) -> datetime:
    if _NUMBER.fullmatch(given):
        raise ValueError(given)
    try:
        return _AWARE.validate_python(given)
    except ValidationError:
        raise ValueError(given) from None


Bound = Annotated[
    datetime | date | None,
    BeforeValidator(_written),
    WithJsonSchema({"type": "string", "examples": ["2026-11-01T00:00:00+08:00", "2026-11-01"]}),
    Field(description="ISO 8601 with Z or ±HH:MM; a date alone is the whole day in the jurisdiction's time zone"),
]


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time, both ends included."""

    first: datetime
    last: datetime


def beginning(bound: datetime | date, zone: ZoneInfo) -> datetime:
    """The moment itself, or the first moment of the day."""
    return bound if isinstance(bound, datetime) else datetime.combine(bound, time(), zone).astimezone(UTC)


def end(bound: datetime | date, zone: ZoneInfo) -> datetime:
    """The moment itself, or the last moment of the day."""
    return bound if isinstance(bound, datetime) else beginning(bound + _DAY, zone) - _LEAST


def window(start: datetime | date | None, until: datetime | date | None, now: datetime, zone: ZoneInfo) -> Window:
    """The requested window, completed to 90 days; raises `Refused` if it is longer or ends before it begins."""
    last = end(until, zone) if until else None
    first = beginning(start, zone) if start else (last or now) - SPAN
    if last is None:
        return Window(first, first + SPAN)
    if last < first:
        raise invalid(FieldError("end_date", "早于 start_date", "is before start_date", first.isoformat()))
    if start and until and _apart(start, until, zone) > SPAN:
        zh, en = "时间跨度不得超过 90 天", "is more than 90 days after start_date"
        raise invalid(FieldError("end_date", zh, en, (first + SPAN).isoformat()))
    return Window(first, last)


def first_update(
    after: datetime | date | None, before: datetime | date | None, now: datetime, zone: ZoneInfo
) -> datetime:
    """The beginning of a list of changes: as requested, or 90 days before its end; raises `Refused` likewise."""
    last = end(before, zone) if before else now
    first = beginning(after, zone) if after else last - SPAN
    if before and last < first:
        raise invalid(FieldError("updated_before", "早于 updated_after", "is before updated_after", first.isoformat()))
    if after and _apart(after, before or now, zone) > SPAN:
        en = "is more than 90 days before updated_before, or before now without it: ask for 90 days at a time"
        zh = "距 updated_before（没有则为现在）超过 90 天，请分段查询"
        raise invalid(FieldError("updated_after", zh, en, (last - SPAN).isoformat()))
    return first


def _apart(start: datetime | date, until: datetime | date, zone: ZoneInfo) -> timedelta:
    """The time between two days or moments; between days by the calendar, so that a change of clocks does not
    matter."""
    if isinstance(start, datetime) and isinstance(until, datetime):
        return until - start
    return _day(until, zone) - _day(start, zone)


def _day(bound: datetime | date, zone: ZoneInfo) -> date:
    return bound.astimezone(zone).date() if isinstance(bound, datetime) else bound
