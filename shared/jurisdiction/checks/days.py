"""Checks the calendar of a pack, and that each preset has a limit for every kind of request."""

from collections import Counter
from collections.abc import Iterator

from shared.contracts.demand.facts import RequestKind
from shared.jurisdiction.draft import PackFiles
from shared.jurisdiction.parts import Weekday, Year
from shared.jurisdiction.problems import PackProblem

_WEEK = tuple(Weekday)


def check_days(draft: PackFiles) -> Iterator[PackProblem]:
    yield from _kinds_without_limit(draft)
    yield from _a_week_of_work(draft)
    yield from _years_left_out(draft)
    for number, year in draft.holidays.part.years.items():
        yield from _days_in_doubt(draft, number, year)


def _kinds_without_limit(draft: PackFiles) -> Iterator[PackProblem]:
    for name, preset in draft.limits.part.presets.items():
        for kind in RequestKind:
            if kind not in preset.working_days:
                spot = draft.limits.spot(("presets", name, "working_days"))
                yield PackProblem(spot, f"preset {name!r} gives no limit for the kind {kind.value!r}; add it")


def _a_week_of_work(draft: PackFiles) -> Iterator[PackProblem]:
    if set(draft.holidays.part.weekly_rest) == set(Weekday):
        spot = draft.holidays.spot(("weekly_rest",))
        yield PackProblem(spot, "every day of the week is a rest day; no limit would ever end")


def _years_left_out(draft: PackFiles) -> Iterator[PackProblem]:
    known = draft.holidays.part.years
    for number in range(min(known), max(known)):
        if number not in known:
            yield PackProblem(draft.holidays.spot(("years",)), f"the year {number} is left out; add it")


def _days_in_doubt(draft: PackFiles, number: int, year: Year) -> Iterator[PackProblem]:
    weekly_rest = draft.holidays.part.weekly_rest
    counts = Counter((*year.rest, *year.work))
    for name, days in (("rest", year.rest), ("work", year.work)):
        for at, day in enumerate(days):
            spot = draft.holidays.spot(("years", number, name, at))
            if day.year != number:
                yield PackProblem(spot, f"{day} does not lie in {number}; move it")
            if counts[day] > 1:
                yield PackProblem(spot, f"{day} occurs more than once; keep one")
            if name == "work" and _WEEK[day.weekday()] not in weekly_rest:
                yield PackProblem(spot, f"{day} is a working day anyway; only make-up days belong here")
