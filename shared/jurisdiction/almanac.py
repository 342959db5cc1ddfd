"""Writes a `holidays.yaml` from the library `holidays`; running services do not use it."""

from collections.abc import Iterator
from importlib.metadata import version

from holidays import HolidayBase, country_holidays

from shared.jurisdiction.parts import Year

_HEADER = """\
# Days that differ from an ordinary week. Written by
#   huying pack holidays {country} {first} {last} > holidays.yaml
# and compared with that library by a test. Correct by hand where the government decides otherwise.
# announced: false = the make-up working days of that year were not published yet; write it again then.
source: python-holidays {version}, country {country}
weekly_rest: [saturday, sunday]
years:
"""


def almanac(country: str, first: int, last: int) -> dict[int, Year]:
    """The years from `first` to `last`. In a country with make-up working days, a year counts as announced if it has
    some."""
    days = _days(country, first, last)
    return {number: _year(number, days) for number in range(first, last + 1)}


def calendar_as_yaml(country: str, first: int, last: int) -> str:
    """The text of the file; each holiday has its name as a comment."""
    days = _days(country, first, last)
    header = _HEADER.format(country=country, first=first, last=last, version=version("holidays"))
    return header + "".join(line + "\n" for year in range(first, last + 1) for line in _lines(year, days))


def _days(country: str, first: int, last: int) -> HolidayBase:
    """The holidays with names in the country's own language, so that its clerks recognise them."""
    language = country_holidays(country).default_language
    return country_holidays(country, language=language, years=range(first, last + 1))


def _year(number: int, days: HolidayBase) -> Year:
    work = tuple(sorted(day for day in days.weekend_workdays if day.year == number))
    rest = tuple(sorted(day for day in days if day.year == number))
    return Year(announced=bool(work) or not days.weekend_workdays, rest=rest, work=work)


def _lines(number: int, days: HolidayBase) -> Iterator[str]:
    year = _year(number, days)
    yield f"  {number}:"
    if not year.announced:
        yield "    announced: false"
    yield "    rest:"
    yield from (f"      - {day}  # {days[day]}" for day in year.rest)
    if year.work:
        yield "    work:"
        yield from (f"      - {day}" for day in year.work)
