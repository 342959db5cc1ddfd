"""Checks the boundaries of a pack: known codes, valid shapes, and no overlap of sibling divisions."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Final

from shared.jurisdiction.boundaries import FILE, Feature, area, read_features
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.problems import PackError, PackProblem, ProblemSeverity

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

SLIVER: Final = 0.01
"""The part of the smaller area that may overlap: boundaries of different sources never match exactly."""
Shapes = dict[str, "tuple[Feature, BaseGeometry]"]


def check_boundaries(directory: Path, pack: Pack) -> Iterator[PackProblem]:
    """The problems of the boundaries. It needs shapely and takes seconds, so only `huying pack check` uses it."""
    if not (directory / FILE).is_file():
        return
    try:
        features = read_features(directory / FILE)
    except PackError as fault:
        yield from fault.problems
        return
    shapes: Shapes = {}
    for feature in features:
        if pack.division(feature.code) is None:
            yield PackProblem(feature.spot, f"{feature.code!r} is not a division in divisions.csv")
        elif feature.code in shapes:
            yield PackProblem(feature.spot, f"{feature.code!r} has two boundaries; combine them into one MultiPolygon")
        else:
            yield from _examined(feature, shapes)
    yield from _at_one_place(shapes, pack)
    yield from _outside_their_parents(shapes, pack)


def _examined(feature: Feature, shapes: Shapes) -> Iterator[PackProblem]:
    """Check one shape, and add it to `shapes` if it is valid."""
    from shapely import is_valid_reason

    try:
        shape = area(feature)
    except PackError as fault:
        yield from fault.problems
        return
    west, south, east, north = shape.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        what = (
            f"{feature.code}: ({west:g}, {south:g}) is not a longitude and latitude: in GeoJSON the longitude"
            " comes first"
        )
        yield PackProblem(feature.spot, what)
    elif not shape.is_valid or shape.is_empty:
        yield PackProblem(feature.spot, f"{feature.code}: the shape is not valid: {is_valid_reason(shape)}")
    else:
        shapes[feature.code] = (feature, shape)


def _at_one_place(shapes: Shapes, pack: Pack) -> Iterator[PackProblem]:
    families: dict[str | None, list[str]] = {}
    for code in shapes:
        division = pack.division(code)
        families.setdefault(division.parent if division else None, []).append(code)
    for siblings in families.values():
        for code, other in combinations(siblings, 2):
            (feature, first), (_, second) = shapes[code], shapes[other]
            if not first.intersects(second):
                continue
            share = first.intersection(second).area / min(first.area, second.area)
            if share > SLIVER:
                what = f"{code} and {other} share {share:.0%} of the smaller one; correct one of them"
                yield PackProblem(feature.spot, what)


def _outside_their_parents(shapes: Shapes, pack: Pack) -> Iterator[PackProblem]:
    for code, (feature, shape) in shapes.items():
        division = pack.division(code)
        around = shapes.get(division.parent or "") if division else None
        if around and (outside := shape.difference(around[1]).area / shape.area) > SLIVER:
            what = f"{outside:.0%} of {code} lies outside of {division.parent if division else ''}, its parent"
            yield PackProblem(feature.spot, what, ProblemSeverity.WARNING)
