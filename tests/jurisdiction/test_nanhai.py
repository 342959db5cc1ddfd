"""The pack of Nanhai matches the statistics and the article."""

import csv
from collections import Counter
from pathlib import Path
from time import process_time
from timeit import repeat

import pytest

from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.loader import load_packs
from shared.jurisdiction.pack import Pack

PACKS = Path(__file__).parents[2] / "deploy" / "jurisdictions"
TABLE = Path(__file__).parents[3] / "shared" / "data" / "nanhai_divisions.csv"


def test_nanhai_is_one_district_of_seven_towns_and_307_villages(nanhai: Pack) -> None:
    assert Counter(division.level for division in nanhai.divisions) == {"district": 1, "town": 7, "village": 307}


@pytest.mark.skipif(not TABLE.exists(), reason="the table of the statistics is not beside the repository")
def test_the_divisions_are_those_of_the_statistics(nanhai: Pack) -> None:
    with TABLE.open(encoding="utf-8") as file:
        expected = {(row["code"], row["name"], row["level"]) for row in csv.DictReader(file)}
    assert {(division.code, division.name, division.level) for division in nanhai.divisions} == expected


def test_every_village_has_its_station_and_its_team(nanhai: Pack) -> None:
    villages = [division.code for division in nanhai.divisions if division.level == "village"]
    for village in villages:
        station, team = nanhai.station_of(village), nanhai.team_of(village)
        assert station is not None
        assert team is not None
        assert station.division_code == village
        assert team.village_unit == station.id
    assert len(nanhai.teams) == 307


def test_the_ancestors_of_a_village_end_at_the_district(nanhai: Pack) -> None:
    assert nanhai.ancestors("440605011004") == ("440605011004", "440605011000", "440605000000")
    assert nanhai.is_within("440605011004", "440605000000")
    assert not nanhai.is_within("440605011004", "440605125000")
    assert nanhai.ancestors("999") == ()


def test_the_fund_gives_every_village_half_a_million_yuan_and_the_district_about_150_million(
    nanhai: Pack,
) -> None:
    assert nanhai.fund is not None
    assert nanhai.fund.amount_per_year == 500_000
    assert 307 * nanhai.fund.amount_per_year == pytest.approx(150_000_000, rel=0.03)


def test_the_lists_have_three_levels(nanhai: Pack) -> None:
    assert [list_level.level for list_level in nanhai.list_levels] == ["district", "town", "village"]


def test_citizens_choose_in_two_levels(nanhai: Pack) -> None:
    assert len(nanhai.leaf_categories) >= 12
    assert nanhai.category_ancestors("gas") == ("gas", "housing")
    assert max(len(nanhai.category_ancestors(leaf.code)) for leaf in nanhai.leaf_categories) == 2


def test_the_jurisdiction_of_a_division_is_found(jurisdictions: Jurisdictions, nanhai: Pack) -> None:
    assert jurisdictions.of_division("440605011004") is nanhai
    assert jurisdictions.of_division("la-cd-07") is jurisdictions.get("losangeles")
    assert jurisdictions.of_division("110000000000") is None
    assert [pack.id for pack in jurisdictions] == ["nanhai", "losangeles"]


def test_every_process_can_afford_to_load_all_packs() -> None:
    def load() -> Jurisdictions:
        return load_packs(PACKS, ["nanhai", "losangeles"])

    assert min(repeat(load, timer=process_time, number=1, repeat=3)) < 0.3, "seconds"
