"""A month beside the month before and the same month of the year before, as the board shows it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from services.reporting.figures.completion import Breakdown
from services.reporting.figures.month_comparison import OPENS_TO, MonthFigure, figure, month_before, month_row
from services.reporting.web.words import WORDS


@dataclass(frozen=True, slots=True)
class EarlierFigure:
    """The figure of an earlier month; `href` opens its demands, `change` is the difference to the month shown."""

    month: str
    value: str
    href: str
    change: str


@dataclass(frozen=True, slots=True)
class ComparedFigure:
    """One line of the comparison: the figure of the month, the list of demands behind it, and earlier months."""

    label: str
    value: str
    href: str
    earlier: Sequence[EarlierFigure]


@dataclass(frozen=True, slots=True)
class MonthView:
    """The values of the board for one month."""

    lines: Sequence[ComparedFigure]
    compared_with: Sequence[str]
    is_running: bool
    """Whether the month has not ended yet."""


def month_view(
    months: Sequence[Breakdown], month: date, this: date, href: Callable[[date, str], str | None], lang: str
) -> MonthView | None:
    """The month beside earlier ones; None if nothing was raised in it. `this` is the current month. `href` returns the
    address of the demands that a figure counts, by its month and its measure."""
    row, words = month_row(months, month), WORDS[lang]
    if row is None:
        return None
    others = ((words["month_before"], month_before(month)), (words["year_before"], month.replace(year=month.year - 1)))
    earlier = [
        (f"{name} {first:%Y-%m}", first, before) for name, first in others if (before := month_row(months, first))
    ]
    lines = []
    for measure, counted in OPENS_TO.items():
        now = figure(row, measure)
        compared = [
            EarlierFigure(name, _value(before), _href(before, href(first, counted)), _change(now, before, lang))
            for name, first, before in ((name, first, figure(before, measure)) for name, first, before in earlier)
        ]
        lines.append(ComparedFigure(words[measure], _value(now), _href(now, href(month, counted)), compared))
    return MonthView(lines, [name for name, _, _ in earlier], month == this)


def _href(shown: MonthFigure, href: str | None) -> str:
    return href if href and shown.value is not None else ""


def _value(shown: MonthFigure) -> str:
    if shown.value is None:
        return "—"
    return f"{shown.value:.2f} %" if shown.is_rate else f"{int(shown.value):,}"


def _change(now: MonthFigure, before: MonthFigure, lang: str) -> str:
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
