"""Words for the time that a demand has left, so that nobody has to count days from a date."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Final

WorkingDaysBetween = Callable[[date, date], int]
"""Returns the number of working days after the first day, up to and including the last one."""

FAR: Final = 90
"""Days; for a later due time, the date is shown instead of the days left."""
LAST_MINUTE: Final = (23, 59)
"""Hour and minute of due times at the end of a day: limits in days have them, limits in hours end at other times."""


class DueKind(StrEnum):
    """The urgency of a due time: the groups of a work list, in order."""

    OVERDUE = "overdue"
    SOON = "soon"
    WEEK = "week"
    LATER = "later"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class DueWords:
    """The words for a due time in both languages; `at` is the due time in the local zone."""

    kind: DueKind
    zh: str
    en: str
    at: datetime | None = None


def due_words(
    due_at: datetime, now: datetime, zone: tzinfo, working_days_between: WorkingDaysBetween, paused: bool = False
) -> DueWords:
    """The words of a badge: 还有2个工作日, 今天到期, 逾期3天. Times are aware; days are those of the zone.

    The time left is counted in working days, like limits. The time overdue is counted in calendar days, as citizens
    count it.
    """
    due, here = due_at.astimezone(zone), now.astimezone(zone)
    kind = due_kind(due_at, now, zone, paused)
    zh, en = _words(kind, due, here, working_days_between)
    return DueWords(kind, zh, en, due)


def due_kind(due_at: datetime, now: datetime, zone: tzinfo, paused: bool = False) -> DueKind:
    """The group of a due time; `SOON` is today and tomorrow, `WEEK` is until Sunday."""
    due, here = due_at.astimezone(zone), now.astimezone(zone)
    if paused:
        return DueKind.PAUSED
    if here > due:
        return DueKind.OVERDUE
    if (due.date() - here.date()).days <= 1:
        return DueKind.SOON
    sunday = here.date() + timedelta(days=6 - here.weekday())
    return DueKind.WEEK if due.date() <= sunday else DueKind.LATER


def _words(kind: DueKind, due: datetime, here: datetime, between: WorkingDaysBetween) -> tuple[str, str]:
    match kind:
        case DueKind.PAUSED:
            return "暂停计时", "clock paused"
        case DueKind.OVERDUE:
            days = (here.date() - due.date()).days
            return (f"逾期{days}天", f"{_counted(days, 'day')} overdue") if days else _hours_overdue(here - due)
        case DueKind.SOON:
            return _today(due, due - here) if due.date() == here.date() else _tomorrow(due)
        case _:
            return _left(due, here, between)


def _hours_overdue(span: timedelta) -> tuple[str, str]:
    minutes = max(1, int(span.total_seconds() // 60))
    if minutes < 60:
        return f"逾期{minutes}分钟", f"{_counted(minutes, 'minute')} overdue"
    return f"逾期{minutes // 60}小时", f"{_counted(minutes // 60, 'hour')} overdue"


def _today(due: datetime, span: timedelta) -> tuple[str, str]:
    if (due.hour, due.minute) == LAST_MINUTE:
        return "今天到期", "due today"
    minutes = int(span.total_seconds() // 60)
    if minutes < 60:
        return f"还有{minutes}分钟", f"{_counted(minutes, 'minute')} left"
    return f"今天{due:%H:%M}到期", f"due today {due:%H:%M}"


def _tomorrow(due: datetime) -> tuple[str, str]:
    if (due.hour, due.minute) == LAST_MINUTE:
        return "明天到期", "due tomorrow"
    return f"明天{due:%H:%M}到期", f"due tomorrow {due:%H:%M}"


def _left(due: datetime, here: datetime, between: WorkingDaysBetween) -> tuple[str, str]:
    if (due.date() - here.date()).days > FAR:
        year = f"{due.year}年" if due.year != here.year else ""
        return f"{year}{due.month}月{due.day}日到期", f"due {due.day} {due:%b}{f' {due.year}' if year else ''}"
    days = between(here.date(), due.date())
    if days:
        return f"还有{days}个工作日", f"{_counted(days, 'working day')} left"
    rest = (due.date() - here.date()).days
    return f"还有{rest}天（非工作日）", f"{_counted(rest, 'day')} left, none a working day"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def by_the_calendar(is_working_day: Callable[[date], bool]) -> WorkingDaysBetween:
    """A function that counts working days one by one, for calendars that only know whether a day is a working day."""

    def between(first: date, last: date) -> int:
        return sum(is_working_day(first + timedelta(days=n)) for n in range(1, (last - first).days + 1))

    return between
