"""Defines the parameters of routes and pages about figures, and reads them."""

from datetime import date
from typing import Annotated, Final, Literal

from fastapi import Query
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from services.reporting.figures.completion import Question
from services.reporting.figures.conditions import NAMES
from services.reporting.figures.domain import Dimension
from shared.contracts.moment import END, FIRST, RULE_EN, RULE_ZH
from shared.contracts.refusals import Code, FieldError, Refused
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack

By = Literal["month", "division", "unit", "category", "channel"]


def _within_our_years(day: date | None) -> date | None:
    if day and not FIRST.year <= day.year < END.year:
        raise PydanticCustomError("day_out_of_range", "{en}", {"en": RULE_EN, "zh": RULE_ZH})
    return day


Where = Annotated[str | None, Query(description="a pack's id; the first one served when it is left out")]


Counted = Annotated[
    str,
    Query(
        pattern=NAMES,
        description="what is counted: collected, completed, overdue, `status:` and a name among `statuses`, a name"
        " among `marks`, rated, satisfied, first-rated, first-satisfied; with `until`, collected or completed",
        examples=["completed"],
    ),
]


MONTH: Final = r"(?:19|2\d)\d\d-(?:0[1-9]|1[0-2])"
Month = Annotated[str | None, Query(pattern=f"^{MONTH}$", examples=["2021-12"])]


Until = Annotated[
    date | None,
    AfterValidator(_within_our_years),
    Query(description="as it stood on the evening of this day, in the jurisdiction's time zone"),
]


def pack_of(packs: Jurisdictions, jurisdiction: str | None) -> Pack:
    """The pack of this id, or the first one served if it is None; raises `Refused` for an unknown one."""
    pack = packs.get(jurisdiction) if jurisdiction else next(iter(packs))
    if pack is None:
        ids = ", ".join(pack.id for pack in packs)
        error = FieldError("jurisdiction", f"可选：{ids}", f"one of {ids}", next(iter(packs)).id)
        raise Refused(Code.INVALID, f"jurisdiction: {error.en}", error.zh, (error,))
    return pack


def question_of(by: By, month: str | None, until: date | None) -> Question:
    """The question for the figure; raises `Refused` if both `month` and `until` are given."""
    one_of(month, until)
    dimension = Dimension.ALL if by == "month" else Dimension(by)
    return Question(dimension, by == "month" and until is None, first_day(month), until)


def one_of(month: str | None, until: date | None) -> None:
    """Raise `Refused` if both `month` and `until` are given."""
    if month and until:
        error = FieldError("until", "不能与 month 同时使用", "cannot be combined with `month`: leave one out")
        raise Refused(Code.INVALID, f"until: {error.en}", f"until：{error.zh}", (error,))


def first_day(month: str | None) -> date | None:
    """The first day of the month `YYYY-MM`; None for None."""
    return date.fromisoformat(f"{month}-01") if month else None
