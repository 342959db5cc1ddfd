"""Limits in days, hours and minutes, warnings, and pauses, by the calendar of a jurisdiction."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.jurisdiction.calendar import Calendar
from shared.jurisdiction.due_times import DueTimes
from shared.jurisdiction.limits import EarlyWarning, Limit, stretches
from shared.jurisdiction.parts import Weekday, Year
from tests.packs import nanhai

FOSHAN = ZoneInfo("Asia/Shanghai")
NANHAI = nanhai().due_times
"""Works 08:30-12:00 and 14:00-17:30; National Day of 2021 is 1 to 7 October, and Saturday 9 October is worked."""


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=FOSHAN).astimezone(UTC)


def moments() -> st.SearchStrategy[datetime]:
    return st.datetimes(datetime(2021, 8, 1), datetime(2021, 12, 1)).map(lambda wall: wall.replace(tzinfo=UTC))


def limits() -> st.SearchStrategy[Limit]:
    days = st.integers(1, 20)
    return st.one_of(
        days.map(lambda n: Limit(working_days=n)),
        days.map(lambda n: Limit(days=n)),
        st.integers(1, 100).map(lambda n: Limit(hours=n)),
        st.integers(1, 100).map(lambda n: Limit(hours=n, outside_hours=False)),
        st.integers(1, 500).map(lambda n: Limit(minutes=n, outside_hours=False)),
    )


@pytest.mark.parametrize(
    ("limit", "start", "end"),
    [
        (Limit(working_days=1), "2021-09-30 10:00", "2021-10-08 23:59:59"),
        (Limit(days=2), "2021-11-01 10:00", "2021-11-03 23:59:59"),
        (Limit(days=2), "2021-09-29 10:00", "2021-10-08 23:59:59"),
        (Limit(minutes=30), "2021-10-01 02:00", "2021-10-01 02:30"),
        (Limit(hours=24), "2021-09-30 10:00", "2021-10-01 10:00"),
        (Limit(hours=4, outside_hours=False), "2021-11-01 10:00", "2021-11-01 16:00"),
        (Limit(hours=4, outside_hours=False), "2021-11-01 13:00", "2021-11-02 09:00"),
        (Limit(hours=7, outside_hours=False), "2021-11-01 08:30", "2021-11-01 17:30"),
        (Limit(hours=2, outside_hours=False), "2021-09-30 16:30", "2021-10-08 09:30"),
        (Limit(minutes=90, outside_hours=False), "2021-10-09 17:00", "2021-10-11 09:30"),
    ],
    ids=str,
)
def test_a_limit_ends_by_days_by_the_clock_or_in_working_hours(limit: Limit, start: str, end: str):
    assert NANHAI.end_of(limit, at(start)) == at(end)


@given(moments(), limits())
def test_a_limit_ends_after_it_begins_and_in_working_hours_where_it_says_so(start: datetime, limit: Limit):
    end = NANHAI.end_of(limit, start)
    assert start < end
    assert end.tzinfo is UTC
    if not limit.outside_hours:
        assert NANHAI.working_seconds_between(start, end) == limit.seconds


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2021-11-01 09:00", "2021-11-03 23:59:59", 2),
        ("2021-11-03 09:00", "2021-11-03 23:59:59", 0),
        ("2021-09-30 09:00", "2021-10-09 12:00", 2),
        ("2021-11-08 09:00", "2021-11-05 23:59:59", -1),
        ("2021-11-07 09:00", "2021-11-05 23:59:59", 0),
    ],
)
def test_remaining_and_overdue_working_days_are_counted(start: str, end: str, days: int):
    assert NANHAI.working_days_between(at(start), at(end)) == days


@pytest.mark.parametrize(
    ("due", "paused", "resumed", "due_after_pause"),
    [
        ("2021-11-10 23:59:59", "2021-11-08 10:00", "2021-11-08 15:00", "2021-11-10 23:59:59"),
        ("2021-11-10 23:59:59", "2021-11-08 10:00", "2021-11-15 10:00", "2021-11-17 23:59:59"),
        ("2021-11-10 23:59:59", "2021-11-10 10:00", "2021-11-12 10:00", "2021-11-12 23:59:59"),
        ("2021-11-10 23:59:59", "2021-11-10 10:00", "2021-11-13 10:00", "2021-11-15 23:59:59"),
        ("2021-09-30 23:59:59", "2021-09-29 10:00", "2021-10-08 10:00", "2021-10-09 23:59:59"),
        ("2021-11-10 23:59:59", "2021-11-11 10:00", "2021-11-15 10:00", "2021-11-10 23:59:59"),
        ("2021-11-10 16:00", "2021-11-10 15:00", "2021-11-12 10:00", "2021-11-12 11:00"),
    ],
)
def test_a_pause_moves_a_due_time_by_its_length(due: str, paused: str, resumed: str, due_after_pause: str):
    assert NANHAI.resumed_due(at(due), at(paused), at(resumed)) == at(due_after_pause)


def test_the_remaining_working_hours_are_the_same_after_a_pause():
    limit = Limit(hours=4, outside_hours=False)
    due = NANHAI.end_of(limit, at("2021-11-05 16:00"))
    assert due == at("2021-11-08 11:00")
    due_after_pause = NANHAI.resumed_due(due, at("2021-11-05 17:00"), at("2021-11-09 09:00"), limit)
    assert due_after_pause == at("2021-11-09 12:00")


@given(moments(), limits(), st.floats(0, 1), st.timedeltas(timedelta(seconds=1), timedelta(days=40)))
@example(at("2021-08-02 08:30:00.000001"), Limit(hours=14, outside_hours=False), 0.25, timedelta(seconds=1))
def test_paused_time_is_never_counted(start: datetime, limit: Limit, part: float, pause: timedelta):
    due = NANHAI.end_of(limit, start)
    paused = start + (due - start) * part
    resumed = paused + pause
    due_after_pause = NANHAI.resumed_due(due, paused, resumed, limit)
    assert due_after_pause >= due
    if due <= paused:
        assert due_after_pause == due
    elif limit.days:
        day = NANHAI.calendar.local_day
        assert day(due_after_pause) - day(resumed) >= day(due) - day(paused)
    elif limit.working_days:
        assert NANHAI.working_days_between(resumed, due_after_pause) >= NANHAI.working_days_between(paused, due)
    elif limit.outside_hours:
        assert due_after_pause - resumed == due - paused
    else:
        seconds_left = NANHAI.working_seconds_between(paused, due)
        assert NANHAI.working_seconds_between(resumed, due_after_pause) == seconds_left


@given(moments(), st.integers(1, 20), st.timedeltas(timedelta(0), timedelta(days=1)))
def test_a_pause_within_a_day_changes_no_due_time_that_ends_with_a_day(start: datetime, days: int, pause: timedelta):
    due = NANHAI.end_of(Limit(working_days=days), start)
    end_of_today = NANHAI.calendar.end_of(NANHAI.calendar.local_day(start))
    assert NANHAI.resumed_due(due, start, min(start + pause, end_of_today)) == due


@pytest.mark.parametrize(
    ("due", "warned", "warning"),
    [
        ("2021-11-10 23:59:59", "2021-11-10 08:30", EarlyWarning()),
        ("2021-11-10 16:00", "2021-11-10 15:00", EarlyWarning()),
        ("2021-10-08 23:59:59", "2021-09-30 08:30", EarlyWarning(working_days=2)),
    ],
    ids=["when the last working day begins", "an hour before", "round a holiday"],
)
def test_a_unit_is_warned(due: str, warned: str, warning: EarlyWarning):
    assert NANHAI.warning(at(due), warning) == at(warned)


def test_working_hours_follow_local_time_when_summer_time_begins():
    york = Calendar.of("America/New_York", [Weekday.SUNDAY], [Year(rest=())])
    times = DueTimes(york, stretches(("01:00-05:00",)))
    day = date(2021, 3, 13)  # a Saturday that is worked; the clocks change in the night to Sunday
    start = datetime.combine(day, datetime.min.time(), york.zone)
    assert times.working_seconds_between(start, start + timedelta(days=3)) == 2 * 4 * 3600


@pytest.mark.parametrize(
    "values", [{}, {"hours": 1, "minutes": 5}, {"working_days": 1, "outside_hours": False}, {"hours": 0}]
)
def test_a_limit_has_one_unit_and_days_have_no_hours(values: dict[str, int]):
    with pytest.raises(ValidationError):
        Limit.model_validate(values)


@pytest.mark.parametrize("values", [(), ("8",), ("12:00-08:00",), ("08:00-12:00", "11:00-15:00"), ("08:00-25:00",)])
def test_working_hours_are_intervals_in_order(values: tuple[str, ...]):
    with pytest.raises(ValueError, match=r"hours|begin"):
        stretches(values)


@pytest.mark.parametrize(
    ("zone", "month", "begins", "ends"),
    [
        ("Asia/Shanghai", date(2021, 12, 1), "2021-11-30T16:00:00+00:00", "2021-12-31T16:00:00+00:00"),
        ("Asia/Shanghai", date(2021, 2, 1), "2021-01-31T16:00:00+00:00", "2021-02-28T16:00:00+00:00"),
        # Clocks are put forward in this month.
        ("America/Los_Angeles", date(2021, 3, 1), "2021-03-01T08:00:00+00:00", "2021-04-01T07:00:00+00:00"),
    ],
)
def test_a_month_begins_and_ends_at_midnight_of_its_place(zone: str, month: date, begins: str, ends: str):
    span = Calendar.of(zone, (), ()).month_span(month)
    assert [moment.isoformat() for moment in span] == [begins, ends]
