"""Compares the figures of a month with those of another one; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from services.reporting.figures.completion import Breakdown
from services.reporting.figures.domain import rate

Measure = Literal[
    "collected", "completed", "rate", "on_time", "satisfaction", "first_satisfaction", "reopened", "returned",
    "on_the_spot",
]  # fmt: skip
OPENS_TO: Final[dict[Measure, str]] = {
    "collected": "collected", "completed": "completed", "rate": "completed", "on_time": "on-time",
    "satisfaction": "satisfied", "first_satisfaction": "first-satisfied", "reopened": "reopened",
    "returned": "returned", "on_the_spot": "on-the-spot",
}  # fmt: skip
"""The measure behind each figure, in the order of the table; for a rate, the measure of its numerator."""


@dataclass(frozen=True, slots=True)
class MonthFigure:
    """A count, or a rate in per cent; None where there is nothing to make a rate of."""

    value: float | None
    is_rate: bool

    def less(self, other: "MonthFigure") -> float | None:
        """The difference to the other value: demands, or percentage points."""
        return None if self.value is None or other.value is None else round(self.value - other.value, 2)


def figure(row: Breakdown, measure: Measure) -> MonthFigure:
    """One figure of a month."""
    match measure:
        case "collected":
            return MonthFigure(row.collected, False)
        case "completed":
            return MonthFigure(row.completed, False)
        case "rate":
            return MonthFigure(row.rate, True)
        case "on_time":
            return MonthFigure(on_time_rate(row), True)
        case "satisfaction":
            return MonthFigure(row.satisfaction.rate if row.satisfaction else None, True)
        case "first_satisfaction":
            return MonthFigure(row.first_satisfaction.rate if row.first_satisfaction else None, True)
        case "reopened" | "returned":
            return MonthFigure(row.marks.get(measure, 0), False)
        case "on_the_spot":
            return MonthFigure(row.marks.get("on-the-spot", 0), False)


def on_time_rate(row: Breakdown) -> float | None:
    """The percentage of answers that came in time, among demands with a due time."""
    in_time = row.marks.get("on-time", 0)
    return rate(in_time, in_time + row.marks.get("late", 0))


def month_before(month: date) -> date:
    """The first day of the month before the one of this first day."""
    return date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)


def month_row(months: Sequence[Breakdown], month: date) -> Breakdown | None:
    """The row of a month; None where nothing was raised in it."""
    return next((row for row in months if row.month == month), None)
