"""Defines the map tiles: their URL, their coordinate system, and where a map begins; pure."""

from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from services.intake.inbound.coordinates import from_gcj02, to_gcj02
from shared.contracts.demand.facts import Location
from shared.jurisdiction.pack import Pack

Coordinates = Literal["wgs84", "gcj02"]
CLOSE: Final = 16
BETWEEN: Final = 13
NEAR: Final = 11
WORLD: Final = 2
"""The zoom levels of a street, a town, a district, and the world."""


@dataclass(frozen=True, slots=True)
class MapTiles:
    """The map tiles. `address` has {z}, {x} and {y}; if it is empty, no map is offered. `coordinates` is the coordinate
    system of the tiles: many Chinese maps use GCJ-02."""

    address: str = ""
    attribution: str = ""
    coordinates: Coordinates = "wgs84"

    @property
    def host(self) -> str:
        """The host from which a page with a map may load pictures, for the content security policy."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""

    def drawn(self, point: Location) -> Location:
        """The position on the map of a WGS-84 position."""
        return to_gcj02(point.lat, point.lon) if self.coordinates == "gcj02" else point

    def meant(self, lat: float, lon: float) -> Location:
        """The WGS-84 position of a position on the map."""
        return from_gcj02(lat, lon) if self.coordinates == "gcj02" else Location(lat=lat, lon=lon)

    def begins(
        self, pack: Pack | None, point: Location | None = None, around: Location | None = None
    ) -> dict[str, Any]:
        """The values with which a template draws a map: at a point, else around the middle of a division or of the
        jurisdiction."""
        middle = point or around or (pack.map_centre if pack else None)
        zoom = CLOSE if point else BETWEEN if around else NEAR if middle else WORLD
        shown = self.drawn(middle or Location(lat=0, lon=0))
        return {
            "tiles": self.address,
            "attribution": self.attribution,
            "lat": round(shown.lat, 5),
            "lon": round(shown.lon, 5),
            "zoom": zoom,
        }


def middle_of(pack: Pack, division: str) -> Location | None:
    """A point near the middle of a division; None if the pack has no boundary of it."""
    return pack.boundaries.centre_of(division) if pack.boundaries else None
