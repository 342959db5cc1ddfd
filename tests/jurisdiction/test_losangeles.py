"""A second pack works without new code: real requests of Los Angeles reach the bureaus that owned them."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.contracts.demand.facts import RequestKind
from shared.jurisdiction.catalogue import Assignment
from shared.jurisdiction.pack import Pack

REQUESTS = Path(__file__).parents[3] / "shared" / "data" / "myla311_2017.csv"


def requests() -> Iterator[tuple[str, str, str]]:
    with REQUESTS.open(encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            division = f"la-cd-{int(row['CD']):02}" if row["CD"] else "la"
            yield division, row["RequestType"], row["Owner"].lower()


@pytest.mark.skipif(not REQUESTS.exists(), reason="the requests of 2017 are not beside the repository")
def test_almost_every_request_of_2017_reaches_the_bureau_that_owned_it(losangeles: Pack) -> None:
    codes = {category.name.en: category.code for category in losangeles.leaf_categories}
    elsewhere = []
    for division, request_type, owner in requests():
        routing = losangeles.route(division, codes[request_type], RequestKind.HELP)
        assert isinstance(routing, Assignment)
        if routing.lead_unit != owner:
            elsewhere.append((request_type, owner, routing.lead_unit))
    assert elsewhere == [("Other", "bos", "ita")] * 30


def test_los_angeles_has_no_limit_because_none_is_documented(losangeles: Pack) -> None:
    routing = losangeles.route("la-cd-13", "bulky-items", RequestKind.HELP)
    assert routing == Assignment(rule_id="collection", lead_unit="bos")


def test_a_request_that_names_no_category_goes_to_311(losangeles: Pack) -> None:
    assert losangeles.route("la", None, RequestKind.HELP) == Assignment(rule_id="default", lead_unit="ita")


def test_los_angeles_has_fifteen_council_districts_and_neither_stations_nor_teams(losangeles: Pack) -> None:
    districts = [division.code for division in losangeles.divisions if division.parent == "la"]
    assert districts == [f"la-cd-{number:02}" for number in range(1, 16)]
    assert {losangeles.station_of(code) for code in districts} == {None}
    assert {losangeles.team_of(code) for code in districts} == {None}
