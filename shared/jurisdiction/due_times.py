"""Computes due times by the calendar of a jurisdiction: ends of limits, warnings, and due times after a pause."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from shared.jurisdiction.calendar import LAST_SECOND, Calendar
from shared.jurisdiction.limits import EarlyWarning, Limit, LimitUnit, Supervision, WorkingSpan

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class DueTimes:
    """Takes aware datetimes and returns UTC. `hours` are the working hours of a working day, in order."""

    calendar: Calendar
    hours: Sequence[WorkingSpan]

    def end_of(self, limit: Limit, start: datetime) -> datetime:
        """The end of a limit that begins at `start`.

        A limit in days or working days ends with the last second of a day, local time. The day of the start does not
        count, and the limit never ends on a day of rest (Civil Code of China, art. 201 and 203).
        """
        match limit.unit:
            case LimitUnit.WORKING_DAYS:
                return self.calendar.due_at(start, limit.amount)
            case LimitUnit.DAYS:
                return self._end_of_day(self.calendar.local_day(start) + timedelta(days=limit.amount))
        if limit.outside_hours:
            return start.astimezone(UTC) + timedelta(seconds=limit.seconds)
        return self._after(start, timedelta(seconds=limit.seconds))

    def working_days_between(self, start: datetime, end: datetime) -> int:
        """The working days after the day of `start`, up to and including that of `end`; negative if `end` is earlier.

        From now to a due time, it is the number of working days left without today, or minus the days overdue.
        """
        first, last = self.calendar.local_day(start), self.calendar.local_day(end)
        if last < first:
            return -self.working_days_after(last, first)
        return self.working_days_after(first, last)

    def working_days_after(self, first: date, last: date) -> int:
        """The number of working days after the first day, up to and including the last; `first` is not after `last`."""
        days = (first + timedelta(days=n) for n in range(1, (last - first).days + 1))
        return sum(map(self.calendar.is_working_day, days))

    def working_seconds_between(self, start: datetime, end: datetime) -> int:
        """The seconds of working hours from `start` to `end`; 0 if `end` is earlier."""
        return int(self._working_time(start, end).total_seconds())

    def _working_time(self, start: datetime, end: datetime) -> timedelta:
        total = timedelta()
        day, last = self.calendar.local_day(start), self.calendar.local_day(end)
        while day <= last:
            for opens, closes in self._working_spans(day):
                total += max(min(closes, end) - max(opens, start), timedelta())
            day += _DAY
        return total

    def resumed_due(
        self, due_at: datetime, paused_at: datetime, resumed_at: datetime, limit: Limit | None = None
    ) -> datetime:
        """The due time after a pause: the time that was left at the beginning of the pause is left at its end.

        For a due time at the end of a day, the working days that were left after the day of the pause are left after
        the day on which the clock runs again. Any other due time is moved by the length of the pause; if its `limit`
        counts working hours only, the same working hours are left. A due time that was over before the pause stays.
        """
        if resumed_at <= paused_at or due_at <= paused_at:
            return due_at
        if limit is not None and limit.unit is LimitUnit.DAYS:
            days = self.calendar.local_day(due_at) - self.calendar.local_day(paused_at)
            return max(self._end_of_day(self.calendar.local_day(resumed_at) + days), due_at)
        if self.ends_with_a_day(due_at):
            left = self.working_days_between(paused_at, due_at)
            moved = (
                self.calendar.due_at(resumed_at, left)
                if left
                else self._end_of_day(self.calendar.local_day(resumed_at))
            )
            return max(moved, due_at)
        if limit is not None and not limit.outside_hours:
            return max(self._after(resumed_at, self._working_time(paused_at, due_at)), due_at)
        return due_at + (resumed_at - paused_at)

    def warning(self, due_at: datetime, warning: EarlyWarning) -> datetime:
        """The time at which the unit is warned of a due time."""
        if not self.ends_with_a_day(due_at):
            return due_at - timedelta(minutes=warning.minutes)
        day, left = self.calendar.local_day(due_at) + _DAY, warning.working_days
        while left:
            day -= _DAY
            left -= self.calendar.is_working_day(day)
        return self._moment(day, self.hours[0].opens)

    def steps(self, due_at: datetime, supervision: Supervision) -> tuple[datetime, ...]:
        """The time of the warning, the due time, and the times of the escalation steps after it."""
        days = (rung.after_working_days for rung in supervision.ladder)
        rungs = (self.calendar.due_at(due_at, count) if count else due_at for count in days)
        return self.warning(due_at, supervision.warning), due_at, *rungs

    def ends_with_a_day(self, due_at: datetime) -> bool:
        """Whether a due time is the end of a local day."""
        return due_at.astimezone(self.calendar.zone).time() == LAST_SECOND

    def _after(self, start: datetime, left: timedelta) -> datetime:
        """The time at which `left` of working hours will have passed since `start`."""
        day = self.calendar.local_day(start)
        while True:
            for opens, closes in self._working_spans(day):
                begin = max(opens, start)
                if begin < closes and begin + left <= closes:
                    return (begin + left).astimezone(UTC)
                left -= max(closes - begin, timedelta())
            day += _DAY

    def _working_spans(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        if self.calendar.is_working_day(day):
            for hours in self.hours:
                yield self._moment(day, hours.opens), self._moment(day, hours.closes)

    def _moment(self, day: date, seconds: int) -> datetime:
        """The time `seconds` after midnight by the local wall clock, also on days on which the clock is changed."""
        days, rest = divmod(seconds, 86_400)
        wall = datetime.combine(day + timedelta(days=days), datetime.min.time()) + timedelta(seconds=rest)
        return wall.replace(tzinfo=self.calendar.zone).astimezone(UTC)

    def _end_of_day(self, day: date) -> datetime:
        while not self.calendar.is_working_day(day):
            day += _DAY
        return self.calendar.end_of(day)
