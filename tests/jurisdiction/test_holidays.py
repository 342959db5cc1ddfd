"""The calendars of the packs are those of the `holidays` library."""

import pytest

from shared.jurisdiction.almanac import almanac
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack


@pytest.mark.parametrize(
    ("pack_id", "country", "first", "last"), [("nanhai", "CN", 2021, 2027), ("losangeles", "US", 2017, 2027)]
)
def test_the_holidays_of_a_pack_equal_those_of_the_library(
    jurisdictions: Jurisdictions, pack_id: str, country: str, first: int, last: int
) -> None:
    pack = jurisdictions.get(pack_id)
    assert pack is not None
    assert pack.years == almanac(country, first, last), f"write it again: huying pack holidays {country} …"


def test_a_year_without_published_make_up_days_says_so(nanhai: Pack) -> None:
    assert [number for number, year in nanhai.years.items() if not year.announced] == [2027]
    assert all(year.work for number, year in nanhai.years.items() if number < 2027)


def test_los_angeles_moves_no_working_days(losangeles: Pack) -> None:
    assert all(year.announced and not year.work for year in losangeles.years.values())
