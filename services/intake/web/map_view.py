"""Places the markers of released demands on a map; pure."""

import math
from collections.abc import Iterable
from typing import Any, Final

from services.intake.publications.map_queries import DivisionCount
from services.intake.tracking.names import address
from services.intake.web.map_tiles import MapTiles, middle_of
from services.intake.web.visit import PageVisit
from shared.contracts.demand.facts import Location
from shared.jurisdiction.pack import Pack

CELLS: Final = 100
"""So many cells to a degree. Our choice: a demand whose place has no boundary is shown in the middle of a square of
about a kilometre, so that no marker stands on a house."""


def markers(
    counts: Iterable[DivisionCount], pack: Pack, tiles: MapTiles, visit: PageVisit, **asked: str
) -> dict[str, Any]:
    """One marker for each division that has a position, with the link to its list; and how many demands have no
    position."""
    places, unplaced = [], 0
    for count in counts:
        point = middle_of(pack, count.division) or coarse(count.lat, count.lon)
        if point is None:
            unplaced += count.demands
            continue
        shown, name = tiles.drawn(point), address(pack, count.division)
        href = visit.to("/demands", **asked | {"division": count.division})
        words = visit.say(f"{name}：{count.demands}件", f"{name}: {count.demands}")
        places.append(
            {
                "lat": round(shown.lat, 5),
                "lon": round(shown.lon, 5),
                "count": count.demands,
                "words": words,
                "href": href,
            }
        )
    return {"places": places, "unplaced": visit.say(*_unplaced(unplaced)) if unplaced else ""}


def coarse(lat: float | None, lon: float | None) -> Location | None:
    """The middle of the square in which a position lies; None without a position."""
    if lat is None or lon is None:
        return None
    return Location(lat=(math.floor(lat * CELLS) + 0.5) / CELLS, lon=(math.floor(lon * CELLS) + 0.5) / CELLS)


def _unplaced(count: int) -> tuple[str, str]:
    return f"另有{count}件没有位置，请看下面的列表。", f"{count} more have no position: see the list below."
