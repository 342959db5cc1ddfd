"""Parses times in the formats of a mapping, and in usual Chinese formats; the result of each text is cached."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from deploy.importing.mapping import DatesWithoutTime, Times
from deploy.importing.rows import BadRow

REMEMBERED: Final = 16_384
_HALVES: Final = {
    "凌晨": 0, "清晨": 0, "早晨": 0, "早上": 0, "上午": 0, "am": 0,
    "中午": 12, "下午": 12, "傍晚": 12, "晚上": 12, "夜里": 12, "pm": 12,
}  # fmt: skip
_COMMON: Final = re.compile(
    r"""(?P<year>\d{4})\ ?[-/.年]\ ?(?P<month>\d{1,2})\ ?[-/.月]\ ?(?P<day>\d{1,2})\ ?日?
    \ ?(?:\(?(?:星期|周|礼拜)[一二三四五六日天]\)?)?
    (?:[\ T]?(?P<half>[^\W\d]{2})?\ ?(?P<hour>\d{1,2})(?:(?::|[时点]\ ?(?=\d))(?P<minute>\d{1,2})\ ?分?|[时点]整?)
    (?::?(?P<second>\d{1,2})秒?(?:\.\d+)?)?\ ?(?P<after>[ap]m)?)?""",
    re.VERBOSE | re.IGNORECASE,
)
"""Year, month, day in this order: `2021-3-1 9:30`, `2021年3月1日 9:30:05`, `2021/3/1 下午3:30`."""
_SERIAL: Final = re.compile(r"\d{5}(?:\.\d+)?")
_EXCEL: Final = datetime(1899, 12, 30)
_SERIALS: Final = range(25_569, 73_051)
"""The serial numbers from 1970 to 2099: Excel shows them for a date whose cell has lost its format."""


def reader_of(times: Times) -> Callable[[str], datetime | None]:
    """A function that parses a text into a time with an offset from UTC; None if no format matches."""
    zone = ZoneInfo(times.zone)

    @lru_cache(REMEMBERED)
    def read(text: str) -> datetime | None:
        moment = _iso(text) or _declared(text, times.formats) or _common(text) or _serial(text)
        return _in(zone, moment) if moment else None

    return read


def _in(zone: ZoneInfo, moment: datetime) -> datetime:
    """The time with a fixed offset: Python compares times of one zone by their wall clock, which is wrong around a
    clock change."""
    local = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return local.replace(tzinfo=timezone(local.utcoffset() or timedelta()), fold=0)


def _iso(text: str) -> datetime | None:
    if text[4:5] != "-":
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _declared(text: str, formats: tuple[str, ...]) -> datetime | None:
    for form in formats:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None


def _common(text: str) -> datetime | None:
    match = _COMMON.fullmatch(" ".join(unicodedata.normalize("NFKC", text).split()))
    if match is None:
        return None
    hour = _hour(int(match["hour"] or 0), (match["half"] or match["after"] or "").lower())
    try:
        day = datetime(int(match["year"]), int(match["month"]), int(match["day"]))
        return (
            None
            if hour is None
            else day.replace(hour=hour, minute=int(match["minute"] or 0), second=int(match["second"] or 0))
        )
    except ValueError:
        return None


def _hour(hour: int, half: str) -> int | None:
    """The hour of the day; None if the word is unknown or contradicts the hour, as in 上午15:00."""
    if not half:
        return hour
    from_noon = _HALVES.get(half)
    if from_noon is None or (hour > 12 and not from_noon):
        return None
    if half in ("晚上", "夜里") and hour == 12:
        return None  # ambiguous: midnight of this day or of the next
    if half == "中午" and hour in (11, 12):
        return hour
    return hour if hour > 12 else hour % 12 + from_noon


def _serial(text: str) -> datetime | None:
    if not _SERIAL.fullmatch(text) or int(float(text)) not in _SERIALS:
        return None
    return _EXCEL + timedelta(seconds=round(float(text) * 86_400))


class TimeParser:
    """Parses times of columns, with the rule for dates without a time of day."""

    def __init__(self, times: Times, rule: DatesWithoutTime | None) -> None:
        self._read, self._rule = reader_of(times), rule
        self._zone = ZoneInfo(times.zone)
        self._looks = " 或 or ".join(times.formats or ("2021-03-01 09:30:00",))

    def read(self, text: str, column: str) -> datetime:
        """The time in a text of this column; raises `BadRow`."""
        read = self._read(text)
        if read is None:
            raise BadRow(column, text, f"时间格式应为 / a time must look like {self._looks}")
        return read

    def at(self, cells: Mapping[str, str], column: str, after: datetime | None = None) -> datetime:
        """The time in a column; a date without time is not earlier than `after` on the same day. Raises `BadRow`."""
        read = self.read(cells[column], column)
        if after and self._rule and read.time() == self._rule.at:
            same_day = after.astimezone(read.tzinfo).date() == read.date()
            return max(read, after) if same_day else read
        return self._again(read, after) if after and read < after else read

    def _again(self, read: datetime, after: datetime) -> datetime:
        """In the hour that a clock change repeats, take the second occurrence if the first one is too early."""
        wall = read.replace(tzinfo=None)
        first, second = (_in(self._zone, wall.replace(fold=fold)) for fold in (0, 1))
        return second if read == first and second >= after else read
