"""The conditions of catalogue rules: checks whether a demand meets them, and compares conditions of two rules."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, NamedTuple

from shared.contracts.demand.facts import ChannelKind, RequestKind
from shared.jurisdiction.calendar import Calendar
from shared.jurisdiction.parts import Category, Division, Match, span
from shared.jurisdiction.tree import Tree

_parsed: Final = lru_cache(maxsize=256)(span)


class RoutingInput(NamedTuple):
    """All data of a demand that rules may use. `words` are the masked title and text; `at` is the time of dispatch."""

    division: str
    category: str | None = None
    kind: RequestKind = RequestKind.HELP
    channel: ChannelKind | None = None
    vulnerable: bool = False
    words: str = ""
    at: datetime | None = None


class Condition(StrEnum):
    """The fields of `Match`, in the order in which they are compared: the cheap ones first."""

    CATEGORY = "category"
    DIVISION = "division"
    KIND = "kind"
    CHANNEL = "channel"
    VULNERABLE = "vulnerable"
    WORKING_DAY = "working_day"
    HOURS = "hours"
    KEYWORDS = "keywords"


DETAILED: Final = frozenset(Condition) - {Condition.CATEGORY, Condition.DIVISION, Condition.KIND}
"""Conditions that need more than division, category and kind of a demand."""


@dataclass(frozen=True, slots=True)
class Local:
    """The trees and the calendar of a jurisdiction, which conditions need."""

    places: Tree[Division]
    subjects: Tree[Category]
    calendar: Calendar


def asks(match: Match) -> tuple[Condition, ...]:
    """The conditions that a rule sets."""
    return tuple(condition for condition in Condition if getattr(match, condition) not in (None, ()))


def first_failed(match: Match, conditions: tuple[Condition, ...], case: RoutingInput, local: Local) -> Condition | None:
    """The first of a rule's conditions (`asks`) that the demand does not meet; None if the rule matches."""
    for condition in conditions:
        if not _MEETS[condition](match, case, local):
            return condition
    return None


def _within_hours(match: Match, case: RoutingInput, local: Local) -> bool:
    if case.at is None or match.hours is None:
        return False
    return _is_between(case.at.astimezone(local.calendar.zone).time(), *_parsed(match.hours))


def _is_between(now: time, start: time, end: time) -> bool:
    return start <= now < end if start < end else now >= start or now < end


def _on_such_a_day(match: Match, case: RoutingInput, local: Local) -> bool:
    if case.at is None:
        return False
    return local.calendar.is_working_day(local.calendar.local_day(case.at)) is match.working_day


def keyword_in(match: Match, words: str) -> str | None:
    """The first keyword that the words contain, regardless of case; None if they contain none."""
    folded = words.casefold()
    return next((keyword for keyword in match.keywords if keyword.casefold() in folded), None)


_MEETS: Final[Mapping[Condition, Callable[[Match, RoutingInput, Local], bool]]] = {
    Condition.CATEGORY: lambda m, case, local: local.subjects.is_within(case.category or "", m.category or ""),
    Condition.DIVISION: lambda m, case, local: local.places.is_within(case.division, m.division or ""),
    Condition.KIND: lambda m, case, _: m.kind is case.kind,
    Condition.CHANNEL: lambda m, case, _: m.channel is case.channel,
    Condition.VULNERABLE: lambda m, case, _: m.vulnerable is case.vulnerable,
    Condition.WORKING_DAY: _on_such_a_day,
    Condition.HOURS: _within_hours,
    Condition.KEYWORDS: lambda m, case, _: keyword_in(m, case.words) is not None,
}


def covers(condition: Condition, earlier: Match, later: Match, local: Local) -> bool:
    """Whether every demand that meets this condition of the later rule also meets that of the earlier one."""
    wider, narrower = getattr(earlier, condition), getattr(later, condition)
    if wider in (None, ()):
        return True
    if narrower in (None, ()):
        return False
    match condition:
        case Condition.CATEGORY:
            return local.subjects.is_within(narrower, wider)
        case Condition.DIVISION:
            return local.places.is_within(narrower, wider)
        case Condition.HOURS:
            return _contains(_parsed(wider), _parsed(narrower))
        case Condition.KEYWORDS:
            return all(any(part.casefold() in word.casefold() for part in wider) for word in narrower)
        case _:
            return bool(wider == narrower)


def can_overlap(condition: Condition, first: Match, second: Match, local: Local) -> bool:
    """Whether a demand may meet this condition of both rules at once."""
    if covers(condition, first, second, local) or covers(condition, second, first, local):
        return True
    match condition:
        case Condition.KEYWORDS:
            return True
        case Condition.HOURS:
            return _touch(_parsed(first.hours or ""), _parsed(second.hours or ""))
        case _:
            return False


def condition_text(condition: Condition, of: Any) -> str | None:
    """The value of a condition in a rule, or of the field of a demand, as text; None if it is not set."""
    value = getattr(of, condition)
    match value:
        case None | ():
            return None
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ", ".join(value)
        case _:
            return str(value)


def _contains(wide: tuple[time, time], narrow: tuple[time, time]) -> bool:
    return _minutes(narrow) <= _minutes(wide)


def _touch(first: tuple[time, time], second: tuple[time, time]) -> bool:
    return bool(_minutes(first) & _minutes(second))


@lru_cache(maxsize=256)
def _minutes(ends: tuple[time, time]) -> frozenset[int]:
    start, end = (at.hour * 60 + at.minute for at in ends)
    return frozenset(range(start, end) if start < end else (*range(start, 24 * 60), *range(end)))
