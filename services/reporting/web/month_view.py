"""A month beside the month before and the same month of the year before, as the board shows it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from services.reporting.figures.completion import Breakdown
from services.reporting.figures.month_comparison import OPENS_TO, Figure, figure, month_before, of_month
from services.reporting.web.words import WORDS


@dataclass(frozen=True, slots=True)
class ComparedFigure:
    """One line of the comparison; `values` and `changes` have an element for each compared month."""

    label: str
    value: str
    href: str
    before: Sequence[tuple[str, str, str]]
    """For each other month: its name, its value, and the difference to this month."""


@dataclass(frozen=True, slots=True)
class MonthView:
    """The values of the board for one month."""

    lines: Sequence[ComparedFigure]
    compared_with: Sequence[str]
    is_running: bool
    """Whether the month has not ended yet."""


def month_view(
    months: Sequence[Breakdown], month: date, this: date, href: Callable[[str], str], lang: str
) -> MonthView | None:
    """The month among the others; None where nothing was raised in it. `this` is the month that it is now."""
    row, words = of_month(months, month), WORDS[lang]
    if row is None:
        return None
    others = ((words["month_before"], month_before(month)), (words["year_before"], month.replace(year=month.year - 1)))
    found = [(f"{name} {first:%Y-%m}", before) for name, first in others if (before := of_month(months, first))]
    lines = []
    for measure, counted in OPENS_TO.items():
        now = figure(row, measure)
        then = [(name, figure(before, measure)) for name, before in found]
        lines.append(
            ComparedFigure(
                words[measure],
                _value(now),
                href(counted) if now.value else "",
                [(name, _value(other), _change(now, other, lang)) for name, other in then],
            )
        )
    return MonthView(lines, [name for name, _ in found], month == this)


def _value(shown: Figure) -> str:
    if shown.value is None:
        return "—"
    return f"{shown.value:.2f} %" if shown.is_rate else f"{int(shown.value):,}"


def _change(now: Figure, before: Figure, lang: str) -> str:
    """The difference with a sign: a number of demands with its share, or percentage points."""
    words, more = WORDS[lang], now.less(before)
    if more is None:
        return "—"
    if not more:
        return words["same"]
    if now.is_rate:
        return f"{_signed(more, 2)} {words['points']}"
    share = f" ({_signed(100 * more / before.value, 1)} %)" if before.value else ""
    return f"{_signed(more, 0)}{share}"


def _signed(number: float, digits: int) -> str:
    return f"{number:+,.{digits}f}".replace("-", "−")
