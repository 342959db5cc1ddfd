"""The boundaries of divisions: finds the division in which a point lies.

shapely is imported at the first look-up, because few processes need it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from shared.contracts.demand.facts import Location
from shared.jurisdiction.parts import Division
from shared.jurisdiction.problems import FileLine, PackError, PackProblem
from shared.jurisdiction.tree import Tree

if TYPE_CHECKING:
    from shapely import STRtree
    from shapely.geometry.base import BaseGeometry

FILE: Final = "boundaries.geojson"
AREAS: Final = frozenset({"Polygon", "MultiPolygon"})


class Feature(NamedTuple):
    """One boundary in the file; `geometry` is GeoJSON in WGS-84, longitude first."""

    spot: FileLine
    code: str
    name: str
    geometry: dict[str, Any]


def read_features(path: Path) -> list[Feature]:
    """The boundaries in a file; raises `PackError` if it is not GeoJSON, or if a feature has no division's code."""
    try:
        text = path.read_text("utf-8-sig")
        document = json.loads(text)
    except (UnicodeDecodeError, ValueError) as fault:
        line = getattr(fault, "lineno", 1)
        raise PackError([PackProblem(FileLine(str(path), line), f"this is no GeoJSON: {fault}")]) from None
    if not isinstance(document, dict) or not isinstance(document.get("features"), list):
        raise PackError([PackProblem(FileLine(str(path), 1), "this is no GeoJSON FeatureCollection")])
    features, problems = [], []
    for n, feature in enumerate(document["features"], 1):
        properties = feature.get("properties") or {} if isinstance(feature, dict) else {}
        code, geometry = properties.get("code"), feature.get("geometry") if isinstance(feature, dict) else None
        if isinstance(code, str) and isinstance(geometry, dict):
            features.append(Feature(_spot(path, text, code), code, str(properties.get("name", "")), geometry))
        else:
            what = f"feature {n} needs properties.code, the code of a division as text, and a geometry"
            problems.append(PackProblem(FileLine(str(path), 1), what))
    if problems:
        raise PackError(problems)
    return features


def _spot(path: Path, text: str, code: str) -> FileLine:
    at = text.find(f'"{code}"')
    return FileLine(str(path), text.count("\n", 0, max(at, 0)) + 1)


@dataclass(frozen=True)
class Boundaries:
    """The boundaries of a pack, with an index (a tree of rectangles) for fast look-ups."""

    path: Path
    places: Tree[Division]

    def division_at(self, lat: float, lon: float) -> str | None:
        """The smallest division whose boundary contains the point, or None; WGS-84 degrees."""
        from shapely import Point

        areas = [self._areas[at] for at in self._index.query(Point(lon, lat), predicate="intersects")]
        return min(areas, key=self._order)[0] if areas else None

    def centre_of(self, code: str) -> Location | None:
        """A point inside the boundary of a division, near its middle; None if it has no boundary."""
        geometry = self._by_code.get(code)
        if geometry is None:
            return None
        point = geometry.representative_point()
        return Location(lat=point.y, lon=point.x)

    def load(self) -> None:
        """Read the file now, so that the first request does not have to wait for it."""
        _ = self._index

    def _order(self, area: "tuple[str, BaseGeometry]") -> tuple[int, float]:
        code, geometry = area
        return -len(self.places.ancestors(code)), geometry.area

    @cached_property
    def _areas(self) -> "Sequence[tuple[str, BaseGeometry]]":
        features = [feature for feature in read_features(self.path) if self.places.get(feature.code)]
        return [(feature.code, area(feature)) for feature in features]

    @cached_property
    def _by_code(self) -> "Mapping[str, BaseGeometry]":
        return dict(self._areas)

    @cached_property
    def _index(self) -> "STRtree":
        from shapely import STRtree

        return STRtree([geometry for _, geometry in self._areas])


def area(feature: Feature) -> "BaseGeometry":
    """The boundary of a feature as a shape; raises `PackError`."""
    from shapely.errors import ShapelyError
    from shapely.geometry import shape

    try:
        if feature.geometry.get("type") in AREAS:
            return shape(feature.geometry)
    except (ShapelyError, ValueError, TypeError, LookupError, AttributeError) as fault:
        raise PackError([PackProblem(feature.spot, f"{feature.code}: this geometry cannot be read: {fault}")]) from None
    what = f"{feature.code}: a boundary is a Polygon or a MultiPolygon, not {feature.geometry.get('type')!r}"
    raise PackError([PackProblem(feature.spot, what)])


def boundaries_of(directory: Path, divisions: Iterable[Division]) -> Boundaries | None:
    """The boundaries of the pack in a folder; None if it has no such file."""
    path = directory / FILE
    return Boundaries(path, Tree(divisions)) if path.is_file() else None
