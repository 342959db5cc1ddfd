"""Maps of the portal: offered if tiles are configured, drawn in their coordinates, and never with an exact house."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final
from uuid import uuid4

import httpx
import orjson
import pytest
from pydantic import ValidationError

from services.intake.inbound.coordinates import from_gcj02, to_gcj02
from services.intake.settings import IntakeSettings
from services.intake.web.map_tiles import MapTiles
from services.intake.web.map_view import coarse
from shared.chassis.database.pool import Pool
from shared.contracts.demand.facts import Location
from tests import story
from tests.intake.test_publications import OTHER_TOWN, hears, published
from tests.intake.test_raise import TOWN, VILLAGE, WORDS, client_of
from tests.intake.visitor import Visitor
from tests.jurisdiction.conftest import PACKS
from tests.jurisdiction.test_boundaries import features, write
from tests.keys import KEYS

TILES: Final = "https://tiles.example.gov.cn/{z}/{x}/{y}.png"
HOUSE: Final = Location(lat=23.04567, lon=113.15678)
POLICY: Final = "content-security-policy"


@pytest.fixture
async def mapped(database: str, pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    """A portal with a map in WGS-84, and packs without boundaries."""
    async with client_of(database, pool, map_tiles=TILES, map_attribution="© 天地图 <b>") as client:
        yield client


@pytest.fixture
async def bounded(database: str, pool: Pool, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A portal with a map in GCJ-02, and made-up boundaries of Nanhai."""
    shutil.copytree(PACKS / "nanhai", tmp_path / "nanhai")
    write(tmp_path, features())
    settings = {"map_tiles": TILES, "map_coordinates": "gcj02", "jurisdictions_dir": tmp_path}
    async with client_of(database, pool, jurisdictions="nanhai", **settings) as client:
        yield client


async def test_without_tiles_no_map_is_offered_and_no_other_host_is_named(client: httpx.AsyncClient, pool: Pool):
    await hears(pool, uuid4(), (story.SUBMISSION, 0), (published(1), 1))
    page = await client.get("/demands")
    assert "data-opens-map" not in page.text
    assert "img-src" not in page.headers[POLICY]
    assert (await client.get("/demands/map.json")).status_code == 404


async def test_only_pages_with_a_map_may_load_pictures_from_its_host(mapped: httpx.AsyncClient, pool: Pool):
    await hears(pool, uuid4(), (story.SUBMISSION, 0), (published(1), 1))
    response = await mapped.get("/demands")
    visitor = Visitor(mapped)
    await visitor.writes(WORDS)
    await visitor.places(TOWN)
    for page in (response, visitor.answer):
        assert page.headers[POLICY].endswith("; img-src 'self' https://tiles.example.gov.cn")
        assert f'data-tiles="{TILES}"' in page.text
        assert "© 天地图 &lt;b&gt;" in page.text
        assert '<script src="/assets/leaflet' not in page.text
    for path in ("/", "/raise", "/follow", "/privacy"):
        assert "img-src" not in (await mapped.get(path, follow_redirects=True)).headers[POLICY]


async def test_a_place_on_a_chinese_map_becomes_a_position_and_its_division(bounded: httpx.AsyncClient, pool: Pool):
    visitor = Visitor(bounded)
    await visitor.writes(WORDS)
    # Within the village in WGS-84, but half a kilometre outside of it in the map's coordinates.
    map_position = to_gcj02(23.019, 113.1195)
    assert map_position.lon > 113.12
    await visitor.send(lat=f"{map_position.lat:.5f}", lon=f"{map_position.lon:.5f}", go="pointed")
    assert "已选地点：桂城街道" in visitor.page
    await visitor.send(go="next")
    for step in ({}, {}):
        await visitor.send(**step)
    payload = orjson.loads(await pool.fetchval("SELECT payload FROM journal WHERE sequence = 1"))
    assert (payload["division"], payload["location"]) == (VILLAGE, {"lat": 23.019, "lon": 113.1195})


async def test_a_place_outside_of_the_area_is_refused_and_selects_nothing(bounded: httpx.AsyncClient):
    visitor = Visitor(bounded)
    await visitor.writes(WORDS)
    await visitor.send(lat="31.2", lon="121.5", go="pointed")
    assert visitor.answer.status_code == 422
    assert "这个位置不在受理范围内" in visitor.page
    assert "已选地点" not in visitor.page


async def test_a_marker_is_in_the_middle_of_a_square_and_never_on_the_house(mapped: httpx.AsyncClient, pool: Pool):
    placed = story.SUBMISSION.model_copy(update={"location": HOUSE, "jurisdiction": "nanhai", "division": VILLAGE})
    await hears(pool, uuid4(), (placed, 0), (published(1), 1))
    without_position = placed.model_copy(update={"location": None, "division": TOWN, "number": "NH21-000002-X"})
    await hears(pool, uuid4(), (without_position, 0), (published(1), 2))
    unreleased = placed.model_copy(update={"number": "NH21-000003-X"})
    await hears(pool, uuid4(), (unreleased, 0))
    body = (await mapped.get("/demands/map.json")).json()
    (marker,) = body["places"]
    assert (marker["lat"], marker["lon"], marker["count"]) == (23.045, 113.155, 1)
    assert marker["href"] == f"/demands?division={VILLAGE}"
    assert body["unplaced"] == "另有1件没有位置，请看下面的列表。"
    assert str(HOUSE.lat) not in str(body)
    assert (await mapped.get("/demands/map.json", params={"division": OTHER_TOWN})).json()["places"] == []


@pytest.mark.parametrize(("lat", "lon"), [(23.029, 113.143), (39.9087, 116.3975), (43.82, 87.61), (34.05, -118.24)])
def test_a_position_converted_for_a_chinese_map_converts_back(lat: float, lon: float):
    converted = to_gcj02(lat, lon)
    converted_back = from_gcj02(converted.lat, converted.lon)
    assert (converted_back.lat, converted_back.lon) == (pytest.approx(lat, abs=2e-6), pytest.approx(lon, abs=2e-6))
    assert (converted.lon != lon) == (lon > 0), "outside of China nothing is shifted"


def test_every_position_of_a_square_has_the_same_middle():
    assert coarse(23.0401, 113.1501) == coarse(23.0499, 113.1599) == Location(lat=23.045, lon=113.155)
    assert coarse(-0.001, -0.001) == Location(lat=-0.005, lon=-0.005)
    assert coarse(None, 113.0) is None


def test_tiles_of_this_host_allow_no_other_host():
    assert MapTiles("/tiles/{z}/{x}/{y}.png").host == ""
    assert MapTiles("http://127.0.0.1:8099/{z}/{x}/{y}.png?tk=1").host == "http://127.0.0.1:8099"


@pytest.mark.parametrize(
    "address",
    [
        "https://{s}.example.gov.cn/{z}/{x}/{y}.png", "https://tiles.example.gov.cn/{z}/{x}.png",
        "https://tiles.example.gov.cn; script-src *//{z}/{x}/{y}", "ftp://tiles.example.gov.cn/{z}/{x}/{y}",
    ],
)  # fmt: skip
def test_an_invalid_address_of_tiles_stops_the_start(address: str):
    with pytest.raises(ValidationError, match="map_tiles"):
        IntakeSettings.model_validate(KEYS | {"DATABASE_URL": "postgresql://x@y/z", "map_tiles": address})
