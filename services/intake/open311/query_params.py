"""Defines the URL parameters of lists."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.intake.open311.dates import Bound
from services.intake.open311.errors import invalid
from services.intake.open311.statuses import GeoReport
from shared.contracts.refusals import FieldError

MOST: Final = 1000
DEEPEST: Final = 100_000
LISTS: Final = frozenset({"service_request_id", "service_code", "status"})
Listed = Annotated[str | None, Field(max_length=40_000, description="separated by commas, or repeated")]


class Arguments(BaseModel):
    """URL parameters; an empty one counts as absent."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, given: Any) -> Any:
        return {name: value for name, value in given.items() if value != ""} if isinstance(given, dict) else given


class AskedOne(Arguments):
    """Arguments of `GET requests/{id}`."""

    extensions: bool = Field(False, description="true adds attributes, extended_attributes and notes")


class ListArguments(Arguments):
    """Arguments of a list."""

    start_date: Bound = None
    end_date: Bound = None
    page: int = Field(1, ge=1, le=10_000)
    page_size: int = Field(MOST, ge=1, le=MOST)

    @property
    def skipped(self) -> int:
        """How many rows come before this page; raises `Refused` for an unreasonable number."""
        if self.page * self.page_size > DEEPEST:
            en = f"page × page_size is {DEEPEST:,} at most: ask for a shorter time"
            raise invalid(FieldError("page", f"page × page_size 不得超过 {DEEPEST}，请缩短时间范围", en, "1"))
        return (self.page - 1) * self.page_size


class AskedUpdates(ListArguments):
    """Arguments of `GET servicerequestupdates`; with `service_request_id` the dates narrow, and need not be given."""

    service_request_id: Listed = None

    def numbers(self) -> tuple[str, ...]:
        """The numbers that were asked for, as they were typed."""
        return _parts("service_request_id", self.service_request_id)


class AskedRequests(ListArguments, AskedOne):
    """Arguments of `GET requests`; `service_request_id` overrides the others, even wrong ones."""

    service_request_id: Listed = None
    service_code: Listed = None
    status: Annotated[Listed, Field(examples=["open,closed"])] = None
    updated_after: Bound = None
    updated_before: Bound = None

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
        """The requested service codes."""
        return _parts("service_code", self.service_code)

    def open(self) -> bool | None:
        """True for open demands only, False for closed ones only, None for all; raises `Refused` for another status."""
        statuses = set(_parts("status", self.status))
        if statuses - set(GeoReport):
            en = "is open, closed or both, in lower case"
            raise invalid(FieldError("status", "只能是 open 或 closed（小写）", en, "open,closed"))
        return None if len(statuses) != 1 else statuses == {GeoReport.OPEN}


def _split(value: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in (value or "").split(",") if part.strip()))


def _parts(name: str, value: str | None) -> tuple[str, ...]:
    parts = _split(value)
    if len(parts) > MOST:
        raise invalid(FieldError(name, f"最多 {MOST} 个", f"{MOST} at most"))
    return parts
