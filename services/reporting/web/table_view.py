"""The rows of the board as a table for a spreadsheet."""

from collections.abc import Mapping, Sequence
from typing import Final

from services.reporting.figures.completion import Breakdown
from services.reporting.figures.month_comparison import on_time_rate
from services.reporting.web.words import WORDS

_NOW: Final = (
    "on_time_answers",
    "late_answers",
    "on_time",
    "returned",
    "reopened",
    "rated",
    "satisfied",
    "satisfaction",
)
"""Columns of how demands stand now; of an evening of the past nobody knows them."""


def header(by: str, lang: str, of_the_past: bool) -> list[str]:
    """The words of the columns."""
    names = (by, "above", "collected", "completed", "rate", *(() if of_the_past else _NOW))
    return [WORDS[lang][name] for name in names]


def line(name: str, row: Breakdown, names: Mapping[str, str], of_the_past: bool) -> Sequence[str]:
    """One row; rates are numbers without a per cent sign, so that a spreadsheet can compute with them."""
    above = names.get(row.parent, "") if row.parent else ""
    whole = [name, above, str(row.collected), str(row.completed), _rate(row.rate)]
    if of_the_past:
        return whole
    marks, judged = row.marks, row.satisfaction
    return [
        *whole,
        *(str(marks.get(mark, 0)) for mark in ("on-time", "late")),
        _rate(on_time_rate(row)),
        *(str(marks.get(mark, 0)) for mark in ("returned", "reopened")),
        str(judged.rated if judged else 0),
        str(judged.satisfied if judged else 0),
        _rate(judged.rate if judged else None),
    ]


def _rate(rate: float | None) -> str:
    return "" if rate is None else f"{rate:.2f}"
