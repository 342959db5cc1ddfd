"""The working calendar of a jurisdiction: local days, working days, and the end of a limit in working days."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.jurisdiction.parts import Weekday, Year

LAST_SECOND = time(23, 59, 59)
_ONE_DAY = timedelta(days=1)
_WEEK = tuple(Weekday)


@dataclass(frozen=True)
class Calendar:
    """Knows the holidays of some years. Days of other years follow the ordinary week, so every limit has an end."""

    zone: ZoneInfo
    weekly_rest: frozenset[Weekday]
    rest: frozenset[date]
    work: frozenset[date]
    _ends: dict[tuple[date, int], datetime] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, timezone: str, weekly_rest: Iterable[Weekday], years: Iterable[Year]) -> "Calendar":
        listed_years = tuple(years)
        return cls(
            zone=ZoneInfo(timezone),
            weekly_rest=frozenset(weekly_rest),
            rest=frozenset(day for year in listed_years for day in year.rest),
            work=frozenset(day for year in listed_years for day in year.work),
        )

    def local_day(self, at: datetime) -> date:
        if at.tzinfo is None:
            raise ValueError("a time without a time zone is on no certain day; pass an aware datetime")
        return at.astimezone(self.zone).date()

    def midnight(self, day: date) -> datetime:
        """The beginning of a local day, in UTC."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def month_span(self, month: date) -> tuple[datetime, datetime]:
        """The beginning of a local month, given by its first day, and of the next month, in UTC."""
        following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        return self.midnight(month), self.midnight(following)

    def is_working_day(self, day: date) -> bool:
        if day in self.work:
            return True
        return day not in self.rest and _WEEK[day.weekday()] not in self.weekly_rest

    def due_at(self, start: datetime, working_days: int) -> datetime:
        """The last second, local time, of the N-th working day *after* the day of receipt.

        The day of receipt does not count, and a period never ends on a rest day (Civil Code of China, art. 201 and
        203). So no special rule is needed for receipt on a rest day.
        """
        received = self.local_day(start)
        end = self._ends.get((received, working_days))
        if end is None:
            end = self.end_of(self._working_day_after(received, working_days))
            self._ends[received, working_days] = end
        return end

    def _working_day_after(self, day: date, count: int) -> date:
        if count < 1:
            raise ValueError(f"a limit is at least one working day, not {count}")
        while count:
            day += _ONE_DAY
            count -= self.is_working_day(day)
        return day

    def end_of(self, day: date) -> datetime:
        """The last second of a local day, in UTC."""
        return datetime.combine(day, LAST_SECOND, self.zone).astimezone(UTC)
