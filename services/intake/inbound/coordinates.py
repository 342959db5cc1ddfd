"""Converts positions of Chinese maps (GCJ-02) to WGS-84 and back.

Rule: GCJ-02 shifts a position by a published polynomial on the Krasovsky ellipsoid; the inverse is found by iteration.
"""

from math import cos, pi, sin, sqrt
from typing import Final

from shared.contracts.demand.facts import Location

_AXIS: Final = 6378245.0
_ECCENTRICITY: Final = 0.00669342162296594323
_ROUNDS: Final = 4


def from_gcj02(lat: float, lon: float) -> Location:
    """The WGS-84 position, within about a centimetre; outside China nothing is shifted."""
    if not _is_shifted(lat, lon):
        return Location(lat=lat, lon=lon)
    found_lat, found_lon = lat, lon
    for _ in range(_ROUNDS):
        north, east = _shift(found_lat, found_lon)
        found_lat, found_lon = lat - north, lon - east
    return Location(lat=found_lat, lon=found_lon)


def to_gcj02(lat: float, lon: float) -> Location:
    """The position in GCJ-02; outside China nothing is shifted."""
    if not _is_shifted(lat, lon):
        return Location(lat=lat, lon=lon)
    north, east = _shift(lat, lon)
    return Location(lat=lat + north, lon=lon + east)


def _is_shifted(lat: float, lon: float) -> bool:
    return 72.004 <= lon <= 137.8347 and 0.8293 <= lat <= 55.8271


def _shift(lat: float, lon: float) -> tuple[float, float]:
    x, y = lon - 105, lat - 35
    curved = 1 - _ECCENTRICITY * sin(lat / 180 * pi) ** 2
    north = _north(x, y) / (_AXIS * (1 - _ECCENTRICITY) / curved**1.5) * 180 / pi
    east = _east(x, y) / (_AXIS / sqrt(curved) * cos(lat / 180 * pi)) * 180 / pi
    return north, east


def _north(x: float, y: float) -> float:
    plane = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    short = 20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)
    long = 20 * sin(y * pi) + 40 * sin(y / 3 * pi) + 160 * sin(y / 12 * pi) + 320 * sin(y / 30 * pi)
    return plane + (short + long) * 2 / 3


def _east(x: float, y: float) -> float:
    plane = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    short = 20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)
    long = 20 * sin(x * pi) + 40 * sin(x / 3 * pi) + 150 * sin(x / 12 * pi) + 300 * sin(x / 30 * pi)
    return plane + (short + long) * 2 / 3
