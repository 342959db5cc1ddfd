"""Reads times as a mapping declares them; each text is worked out once."""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from deploy.importing.mapping import DatesWithoutTime, Times
from deploy.importing.rows import BadRow

REMEMBERED: Final = 16_384


def reader_of(times: Times) -> Callable[[str], datetime | None]:
    """Text to a time with its zone; None where no format fits."""
    zone = ZoneInfo(times.zone)

    @lru_cache(REMEMBERED)
    def read(written: str) -> datetime | None:
        found = _iso(written)
        if found:
            return found if found.tzinfo else found.replace(tzinfo=zone)
        for form in times.formats:
            try:
                return datetime.strptime(written, form).replace(tzinfo=zone)
            except ValueError:
                continue
        return None

    return read


def _iso(written: str) -> datetime | None:
    if written[4:5] != "-":
        return None
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        return None


class Clock:
    """Times by column, with the rule for dates that have no time of day."""

    def __init__(self, times: Times, rule: DatesWithoutTime | None) -> None:
        self._read, self._rule = reader_of(times), rule
        self._looks = " 或 or ".join(times.formats or ("2021-03-01 09:30:00",))

    def at(self, cells: dict[str, str], column: str, after: datetime | None = None) -> datetime:
        """The time in a column; a mere date is not before what came earlier on that day. Raises `BadRow`."""
        written = cells[column]
        read = self._read(written)
        if read is None:
            raise BadRow(column, written, f"时间格式应为 / a time must look like {self._looks}")
        if after and self._rule and read.time() == self._rule.at:
            same_day = after.astimezone(read.tzinfo).date() == read.date()
            return max(read, after) if same_day else read
        return read
