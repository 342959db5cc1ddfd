"""Where the pictures of maps come from, in which coordinates they are drawn, and where a map begins; pure."""

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
"""Zoom levels: a street, a town, a district, everything."""


@dataclass(frozen=True, slots=True)
class MapTiles:
    """The pictures of maps. `address` has {z}, {x} and {y}; an empty one means that no map is offered. `coordinates` is
    the system in which the pictures are drawn: many Chinese maps are in GCJ-02."""

    address: str = ""
    attribution: str = ""
    coordinates: Coordinates = "wgs84"

    @property
    def host(self) -> str:
        """Where a page with a map may load pictures from beside our own host, for the content policy."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""

    def drawn(self, point: Location) -> Location:
        """Where a WGS-84 position lies on the map."""
        return to_gcj02(point.lat, point.lon) if self.coordinates == "gcj02" else point

    def meant(self, lat: float, lon: float) -> Location:
        """The WGS-84 position of a place on the map."""
        return from_gcj02(lat, lon) if self.coordinates == "gcj02" else Location(lat=lat, lon=lon)

    def begins(
        self, pack: Pack | None, point: Location | None = None, around: Location | None = None
    ) -> dict[str, Any]:
        """What a template needs to draw a map: at a point, around the middle of a place, or of a jurisdiction."""
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
    """A point near the middle of a division; None where the pack has no boundary of it."""
    return pack.boundaries.centre_of(division) if pack.boundaries else None
