"""Limits in working days, with holidays and make-up days."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.jurisdiction.calendar import Calendar
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.parts import Weekday, Year

FOSHAN = ZoneInfo("Asia/Shanghai")

LastDay = Callable[[str, int], date]


def in_foshan(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=FOSHAN).astimezone(UTC)


@pytest.fixture
def last_day(nanhai: Pack) -> LastDay:
    return lambda received, days: nanhai.local_day(nanhai.due_at(in_foshan(received), days))


def test_two_working_days_from_monday_end_on_wednesday(nanhai: Pack) -> None:
    due = nanhai.due_at(in_foshan("2021-11-01 09:00"), 2)
    assert due == in_foshan("2021-11-03 23:59:59")
    assert due.tzinfo is UTC


def test_national_day_does_not_count_and_the_make_up_saturday_after_it_does(last_day: LastDay) -> None:
    assert last_day("2021-09-30 10:00", 1) == date(2021, 10, 8)
    assert last_day("2021-09-30 10:00", 2) == date(2021, 10, 9)
    assert last_day("2021-09-30 10:00", 3) == date(2021, 10, 11)


def test_the_make_up_sunday_before_national_day_counts(last_day: LastDay) -> None:
    assert last_day("2021-09-24 10:00", 1) == date(2021, 9, 26)
    assert last_day("2021-09-23 10:00", 10) == date(2021, 10, 12)


def test_spring_festival_does_not_count_and_its_make_up_days_do(last_day: LastDay) -> None:
    assert last_day("2021-02-05 10:00", 1) == date(2021, 2, 7)
    assert last_day("2021-02-10 10:00", 1) == date(2021, 2, 18)
    assert last_day("2021-02-10 10:00", 3) == date(2021, 2, 20)


def test_a_limit_runs_over_the_turn_of_the_year(last_day: LastDay) -> None:
    assert last_day("2021-12-31 17:00", 2) == date(2022, 1, 5)


def test_a_demand_of_a_rest_day_is_counted_from_the_next_working_day(last_day: LastDay) -> None:
    friday, saturday, sunday = "2021-11-05 23:00", "2021-11-06 10:00", "2021-11-07 10:00"
    assert {last_day(received, 1) for received in (friday, saturday, sunday)} == {date(2021, 11, 8)}


def test_the_day_of_receipt_is_the_day_that_it_is_in_foshan(nanhai: Pack) -> None:
    shortly_after_midnight = datetime(2021, 11, 1, 16, 30, tzinfo=UTC)
    assert nanhai.local_day(shortly_after_midnight) == date(2021, 11, 2)
    assert nanhai.local_day(nanhai.due_at(shortly_after_midnight, 1)) == date(2021, 11, 3)


def test_a_month_begins_at_midnight_in_foshan_and_not_in_utc(nanhai: Pack, losangeles: Pack) -> None:
    moment = datetime(2021, 11, 30, 17, tzinfo=UTC)
    assert nanhai.local_month(moment) == date(2021, 12, 1)
    assert losangeles.local_month(moment) == date(2021, 11, 1)


def test_the_end_of_a_day_follows_summer_time(losangeles: Pack) -> None:
    before_the_change = datetime(2017, 3, 10, 20, tzinfo=UTC)
    assert losangeles.due_at(before_the_change, 1) == datetime(2017, 3, 14, 6, 59, 59, tzinfo=UTC)


def test_after_the_known_years_the_normal_week_applies(last_day: LastDay) -> None:
    assert last_day("2035-10-01 10:00", 5) == date(2035, 10, 8)


def test_a_time_without_a_zone_and_a_limit_of_no_days_are_refused(nanhai: Pack) -> None:
    with pytest.raises(ValueError, match="aware"):
        nanhai.local_day(datetime(2021, 11, 1))
    with pytest.raises(ValueError, match="at least one"):
        nanhai.due_at(in_foshan("2021-11-01 09:00"), 0)


@pytest.mark.parametrize("limit", [2, 10, 15])
def test_every_limit_of_six_years_ends_where_the_holidays_library_ends_it(nanhai: Pack, limit: int) -> None:
    china = holidays.country_holidays("CN", years=range(2021, 2028))
    day = date(2021, 1, 1)
    while day < date(2026, 12, 1):
        noon = datetime.combine(day, time(12), FOSHAN)
        assert nanhai.local_day(nanhai.due_at(noon, limit)) == china.get_nth_working_day(day, limit), day
        day += timedelta(days=1)


@given(
    received=st.dates(date(2021, 1, 1), date(2021, 12, 31)),
    limit=st.integers(1, 40),
    rest=st.frozensets(st.dates(date(2021, 1, 1), date(2022, 3, 1)), max_size=60),
)
def test_exactly_the_promised_working_days_lie_between(received: date, limit: int, rest: frozenset[date]) -> None:
    calendar = Calendar.of("Asia/Shanghai", [Weekday.SUNDAY], [Year(rest=tuple(rest))])
    due = calendar.local_day(calendar.due_at(datetime.combine(received, time(8), FOSHAN), limit))
    between = [received + timedelta(days=n) for n in range(1, (due - received).days + 1)]
    assert sum(map(calendar.is_working_day, between)) == limit
    assert calendar.is_working_day(due)
