"""Days that a list is narrowed by: parameters of its page, and the moments that they stand for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Final

from fastapi import Query

from services.routing.cases.worklist_filters import TimeRange
from services.routing.web.viewer import Viewer
from shared.contracts.refusals import Code, FieldError, Refused

Day = Annotated[str, Query(pattern=r"^(?:(?:19|2\d)\d\d-\d\d-\d\d)?$", description="empty for any")]
NAMES: Final = ("raised_from", "raised_to", "due_from", "due_to")


@dataclass(frozen=True, slots=True)
class Days:
    """The first and the last day of both spans, as a form sends them."""

    raised_from: Day = ""
    raised_to: Day = ""
    due_from: Day = ""
    due_to: Day = ""

    def chosen(self) -> Mapping[str, str]:
        """The parameters, by name."""
        return {name: getattr(self, name) for name in NAMES}

    def raised(self, viewer: Viewer) -> TimeRange:
        """When a demand was raised; raises `Refused` for a day that no calendar has."""
        return _span("raised_from", self.raised_from, "raised_to", self.raised_to, viewer)

    def due(self, viewer: Viewer) -> TimeRange:
        """When its answer is due; raises `Refused` likewise."""
        return _span("due_from", self.due_from, "due_to", self.due_to, viewer)


def _span(first_name: str, first: str, last_name: str, last: str, viewer: Viewer) -> TimeRange:
    calendar = viewer.pack.due_times.calendar
    since, until = _day(first_name, first), _day(last_name, last)
    return TimeRange(
        calendar.midnight(since) if since else None,
        calendar.midnight(until + timedelta(days=1)) if until else None,
    )


def _day(name: str, written: str) -> date | None:
    try:
        return date.fromisoformat(written) if written else None
    except ValueError:
        error = FieldError(name, f"没有 {written} 这一天", f"there is no day {written}", "2026-11-30")
        raise Refused(Code.INVALID, f"{name}: {error.en}", error.zh, (error,)) from None
