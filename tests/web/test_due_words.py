"""A badge says in people's words how much time is left."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from shared.contracts.demand.state import Status
from shared.web.due_words import DueKind, by_the_calendar, due_kind, due_words
from shared.web.words import CITIZEN_WORDS, STATUS_WORDS

CHINA = ZoneInfo("Asia/Shanghai")
WORKED = by_the_calendar(lambda day: day.weekday() < 5 and day != date(2026, 12, 3))
"""The ordinary week, and a holiday on a Thursday."""


def local(day: int, hour: int = 23, minute: int = 59, month: int = 12, year: int = 2026) -> datetime:
    """A moment in Nanhai, as it is stored; without an hour the last minute of the day."""
    return datetime(year, month, day, hour, minute, 59, tzinfo=CHINA).astimezone(UTC)


TUESDAY = local(1, 10, 0)


@pytest.mark.parametrize(
    ("due", "kind", "zh", "en"),
    [
        (local(28, month=11), DueKind.OVERDUE, "逾期3天", "3 days overdue"),
        (local(30, month=11), DueKind.OVERDUE, "逾期1天", "1 day overdue"),
        (local(1, 7, 30), DueKind.OVERDUE, "逾期2小时", "2 hours overdue"),
        (local(1, 9, 20), DueKind.OVERDUE, "逾期40分钟", "40 minutes overdue"),
        (local(1), DueKind.SOON, "今天到期", "due today"),
        (local(1, 10, 25), DueKind.SOON, "还有25分钟", "25 minutes left"),
        (local(1, 16, 0), DueKind.SOON, "今天16:00到期", "due today 16:00"),
        (local(2), DueKind.SOON, "明天到期", "due tomorrow"),
        (local(2, 9, 0), DueKind.SOON, "明天09:00到期", "due tomorrow 09:00"),
        (local(4), DueKind.WEEK, "还有2个工作日", "2 working days left"),
        (local(3), DueKind.WEEK, "还有1个工作日", "1 working day left"),
        (local(6), DueKind.WEEK, "还有2个工作日", "2 working days left"),
        (local(7), DueKind.LATER, "还有3个工作日", "3 working days left"),
        (local(1, month=3, year=2027), DueKind.LATER, "还有63个工作日", "63 working days left"),
        (local(2, month=3, year=2027), DueKind.LATER, "2027年3月2日到期", "due 2 Mar 2027"),
    ],
)
def test_the_time_left_is_said_in_working_days_and_what_is_overdue_in_days(due: datetime, kind: str, zh: str, en: str):
    words = due_words(due, TUESDAY, CHINA, WORKED)
    assert (words.kind, words.zh, words.en) == (kind, zh, en)
    assert words.at == due


def test_days_are_those_of_the_place():
    """It is already the 2nd in Nanhai while it is still the 1st in Los Angeles."""
    due, now = local(2), local(2, 1, 0)
    assert due_words(due, now, CHINA, WORKED).zh == "今天到期"
    assert due_words(due, now, ZoneInfo("America/Los_Angeles"), WORKED).zh == "明天07:59到期"


def test_a_weekend_that_has_no_working_day_left_says_so():
    saturday = local(5, 10, 0)
    assert due_words(local(7), saturday, CHINA, WORKED).zh == "还有1个工作日"
    friday = local(4, 10, 0)
    assert due_words(local(6), friday, CHINA, WORKED).zh == "还有2天（非工作日）"


def test_a_clock_that_stands_is_neither_late_nor_pressing():
    words = due_words(local(28, month=11), TUESDAY, CHINA, WORKED, paused=True)
    assert (words.kind, words.zh, words.en) == (DueKind.PAUSED, "暂停计时", "clock paused")


def test_the_last_second_is_still_in_time():
    assert due_kind(local(1), local(1), CHINA) is DueKind.SOON


def test_every_status_has_its_words():
    assert {*STATUS_WORDS} == {*Status, "paused"}
    assert all(words.zh and words.en and words.tone for words in STATUS_WORDS.values())
    assert {*CITIZEN_WORDS} == {*STATUS_WORDS}
    office = ("派单", "签收", "退单", "挂账", "计时", "重办")
    assert [words.zh for words in CITIZEN_WORDS.values() if any(word in words.zh for word in office)] == []
