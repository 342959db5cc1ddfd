"""What a list is asked for: filters as they are written in a URL, and the window that they open."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from services.intake.open311.errors import invalid
from services.intake.open311.statuses import GeoReport
from shared.contracts.moment import WRITTEN
from shared.contracts.refusals import FieldError

SPAN: Final = timedelta(days=90)
MOST: Final = 1000
DEEPEST: Final = 100_000
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
_EATEN_PLUS: Final = re.compile(r"(T.*) (\d\d:?\d\d)$")


def _with_plus(written: object) -> object:
    # A + that was not escaped in a URL arrives as a space.
    return _EATEN_PLUS.sub(r"\1+\2", written) if isinstance(written, str) else written


def _in_our_time(at: datetime) -> datetime:
    if _EARLIEST <= at <= _LATEST:
        return at
    raise PydanticCustomError("far_away", "must lie between 1970 and 2200", {"zh": "应在 1970 年至 2200 年之间"})


Moment = Annotated[
    AwareDatetime | None,
    WRITTEN,
    BeforeValidator(_with_plus),
    AfterValidator(lambda at: at and _in_our_time(at)),
    Field(description="ISO 8601 with Z or ±HH:MM", examples=["2026-11-01T00:00:00+08:00"]),
]
LISTS: Final = frozenset({"service_request_id", "service_code", "status"})
Listed = Annotated[str | None, Field(max_length=40_000, description="separated by commas, or repeated")]


class Window(BaseModel):
    """A span of time, both ends included."""

    model_config = ConfigDict(frozen=True)

    first: datetime
    last: datetime


def window(start: datetime | None, end: datetime | None, now: datetime) -> Window:
    """What was asked for, completed to 90 days; raises `Refused` when it is longer or runs backwards."""
    first = start or (end or now) - SPAN
    last = end or (first + SPAN)
    if last < first:
        raise invalid(FieldError("end_date", "早于 start_date", "is before start_date", first.isoformat()))
    if last - first > SPAN:
        zh, en = "时间跨度不得超过 90 天", "is more than 90 days after start_date"
        raise invalid(FieldError("end_date", zh, en, (first + SPAN).isoformat()))
    return Window(first=first, last=last)


def first_update(after: datetime | None, before: datetime | None, now: datetime) -> datetime:
    """Where a list of changes begins: at what was asked for, or 90 days before its end; raises `Refused` likewise."""
    last = before or now
    first = after or last - SPAN
    if before and before < first:
        raise invalid(FieldError("updated_before", "早于 updated_after", "is before updated_after", first.isoformat()))
    if last - first > SPAN:
        en = "is more than 90 days before updated_before, or before now without it: ask for 90 days at a time"
        raise invalid(
            FieldError(
                "updated_after",
                "距 updated_before（没有则为现在）超过 90 天，请分段查询",
                en,
                (last - SPAN).isoformat(),
            )
        )
    return first


class Arguments(BaseModel):
    """What follows the `?`; an argument that is empty counts as absent."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, given: Any) -> Any:
        return {name: value for name, value in given.items() if value != ""} if isinstance(given, dict) else given


class AskedOne(Arguments):
    """Arguments of `GET requests/{id}`."""

    extensions: bool = Field(False, description="true adds attributes, extended_attributes and notes")


class Asked(Arguments):
    """Arguments of a list."""

    start_date: Moment = None
    end_date: Moment = None
    page: int = Field(1, ge=1, le=10_000)
    page_size: int = Field(MOST, ge=1, le=MOST)

    @property
    def skipped(self) -> int:
        """How many come before this page; raises `Refused` for more than anybody reads through."""
        if self.page * self.page_size > DEEPEST:
            en = f"page × page_size is {DEEPEST:,} at most: ask for a shorter time"
            raise invalid(FieldError("page", f"page × page_size 不得超过 {DEEPEST}，请缩短时间范围", en, "1"))
        return (self.page - 1) * self.page_size


class AskedRequests(Asked, AskedOne):
    """Arguments of `GET requests`; `service_request_id` overrides the others, even wrong ones."""

    service_request_id: Listed = None
    service_code: Listed = None
    status: Annotated[Listed, Field(examples=["open,closed"])] = None
    updated_after: Moment = None
    updated_before: Moment = None

    @model_validator(mode="before")
    @classmethod
    def _ids_override(cls, given: Any) -> Any:
        if not isinstance(given, dict) or not _split(given.get("service_request_id")):
            return given
        return {name: given[name] for name in ("service_request_id", "extensions") if name in given}

    def numbers(self) -> tuple[str, ...]:
        """The numbers that were asked for, as they were typed."""
        return _parts("service_request_id", self.service_request_id)

    def codes(self) -> tuple[str, ...]:
        """The service codes."""
        return _parts("service_code", self.service_code)

    def open(self) -> bool | None:
        """Only the open ones, only the closed ones, or all; raises `Refused` for another status."""
        wanted = {word.lower() for word in _parts("status", self.status)}
        if wanted - set(GeoReport):
            raise invalid(FieldError("status", "只能是 open 或 closed", "is open, closed or both", "open,closed"))
        return None if len(wanted) != 1 else wanted == {GeoReport.OPEN}


def _split(written: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in (written or "").split(",") if part.strip()))


def _parts(name: str, written: str | None) -> tuple[str, ...]:
    parts = _split(written)
    if len(parts) > MOST:
        raise invalid(FieldError(name, f"最多 {MOST} 个", f"{MOST} at most"))
    return parts
