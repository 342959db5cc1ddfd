"""Boundaries of divisions: finding the division of a point, and mistakes in boundaries."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.cli.pack import app
from services.intake.submission.domain import SubmitDemand
from services.intake.submission.placing import Placed, placed
from shared.contracts.demand.facts import Location, PlacedBy
from shared.jurisdiction.boundaries import FILE
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.loader import load_packs
from tests.jurisdiction.conftest import PACKS

TOWN, VILLAGE, SIBLING = "440605011000", "440605011001", "440605011004"
Ring = list[list[float]]
Spoil = Callable[[list[dict[str, Any]]], None]


def square(west: float, south: float, size: float) -> Ring:
    east, north = west + size, south + size
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def feature(code: str, ring: Ring) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"code": code, "name": code},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def features() -> list[dict[str, Any]]:
    """A town of ten kilometres with two villages side by side in its corner."""
    return [
        feature(TOWN, square(113.1, 23.0, 0.1)),
        feature(VILLAGE, square(113.1, 23.0, 0.02)),
        feature(SIBLING, square(113.12, 23.0, 0.02)),
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Nanhai with these invented boundaries."""
    shutil.copytree(PACKS / "nanhai", tmp_path / "nanhai")
    write(tmp_path, features())
    return tmp_path


def write(folder: Path, listed: list[dict[str, Any]]) -> None:
    text = json.dumps({"type": "FeatureCollection", "features": listed}, indent=1)
    (folder / "nanhai" / FILE).write_text(text, "utf-8")


@pytest.fixture
def packs(folder: Path) -> Jurisdictions:
    return load_packs(folder, ["nanhai"])


@pytest.mark.parametrize(
    ("lat", "lon", "code"),
    [
        (23.01, 113.11, VILLAGE),
        (23.01, 113.13, SIBLING),
        (23.05, 113.15, TOWN),
        (23.5, 113.15, None),
    ],
)
def test_a_point_lies_in_the_smallest_division_that_contains_it(
    packs: Jurisdictions, lat: float, lon: float, code: str | None
):
    pack = packs.get("nanhai")
    assert pack
    assert pack.division_at(lat, lon) == code
    assert pack.with_catalogue(pack.rules, pack.usual_limits).division_at(lat, lon) == code


def raised(
    packs: Jurisdictions, own: str | None = None, lat: float = 23.01, lon: float = 113.11, **more: Any
) -> Placed:
    command = SubmitDemand(title="路灯不亮", location=Location(lat=lat, lon=113.11), **more)
    return placed(command, own, packs)


def test_a_demand_with_only_a_point_gets_the_division_of_the_point(packs: Jurisdictions):
    root = "440605000000"
    for own, more in ((None, {}), (root, {}), (TOWN, {}), (None, {"jurisdiction": "nanhai"})):
        place = raised(packs, own, **more)
        assert (place.command.division, place.by) == (VILLAGE, PlacedBy.DIVISION), (own, more)
    named = raised(packs, division=SIBLING)
    assert named.command.division == SIBLING, "what is named counts"


def test_a_point_outside_of_every_boundary_waits_for_a_person(packs: Jurisdictions):
    place = raised(packs, lat=23.5)
    assert (place.command.division, place.by) == ("440605000000", PlacedBy.POINT)
    elsewhere = raised(packs, own=SIBLING)
    assert (elsewhere.command.division, elsewhere.by) == (SIBLING, PlacedBy.DIVISION), "a village takes its own"


def test_a_pack_without_boundaries_accepts_a_point():
    place = raised(load_packs(PACKS, ["nanhai"]))
    assert (place.command.division, place.by) == ("440605000000", PlacedBy.POINT)


def swapped(listed: list[dict[str, Any]]) -> None:
    listed[1]["geometry"]["coordinates"] = [[[lat, lon] for lon, lat in square(113.1, 23.0, 0.02)]]


def bow_tie(listed: list[dict[str, Any]]) -> None:
    listed[1]["geometry"]["coordinates"] = [
        [[113.1, 23.0], [113.12, 23.02], [113.12, 23.0], [113.1, 23.02], [113.1, 23.0]]
    ]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda listed: listed[1]["properties"].update(code="440605999999"), "'440605999999' is not a division in"),
        (lambda listed: listed[2].update(properties={"name": "x"}), "feature 3 needs properties.code"),
        (lambda listed: listed[2]["properties"].update(code=VILLAGE), "has two boundaries"),
        (lambda listed: listed[1].update(geometry={"type": "Point", "coordinates": [113, 23]}), "not 'Point'"),
        (swapped, "in GeoJSON the longitude comes first"),
        (bow_tie, "the shape is not valid: Self-intersection"),
        (lambda listed: listed[2].update(feature(SIBLING, square(113.11, 23.0, 0.02))), "share 50% of the smaller one"),
    ],
)
def test_mistakes_in_boundaries_are_reported_by_the_check_of_the_pack(folder: Path, spoil: Spoil, message: str):
    listed = features()
    spoil(listed)
    write(folder, listed)
    result = CliRunner().invoke(app, ["check", str(folder / "nanhai")])
    assert result.exit_code == 1
    assert message in result.output
    assert FILE in result.output


def test_small_gaps_between_boundaries_are_no_mistake_and_a_village_outside_of_its_town_is_a_warning(folder: Path):
    assert CliRunner().invoke(app, ["check", str(folder / "nanhai")]).exit_code == 0
    listed = features()
    listed[2].update(feature(SIBLING, square(113.1199, 22.99, 0.02)))
    write(folder, listed)
    result = CliRunner().invoke(app, ["check", str(folder / "nanhai")])
    assert result.exit_code == 0, result.output
    assert "50% of 440605011004 lies outside of 440605011000, its parent" in result.output
