"""Whenever a hot spot is found or has doubled, that is told of its first demand."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from services.routing.hot_spots.domain import HotSpot
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand, Status

HOT_SPOT: Final = "hot-spot"
"""The kind of the timer that tells it."""
_EVIDENCE: Final = 200


def payload(spot: HotSpot) -> dict[str, Any]:
    """What is told of a hot spot as it is now, as JSON."""
    fact = f.DemandClustered(
        hot_spot=spot.id,
        demands=len(spot.demands),
        numbers=tuple(demand.number for demand in spot.demands[:_EVIDENCE]),
        division=spot.division,
        category=spot.category,
        phrases=tuple(phrase[:100] for phrase in spot.phrases),
        since=spot.first_at,
    )
    return fact.model_dump(mode="json")


def told(demand: Demand, payload: Mapping[str, Any], now: datetime) -> Sequence[tuple[f.Fact, datetime]]:
    """The note, of a demand that routing knows."""
    if demand.status is Status.NONE:
        return ()
    return ((f.DemandClustered.model_validate(payload), now),)
