"""The timer kind that records `demand.clustered` for the first demand of a hot spot, when it is found and when it has
doubled."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from services.routing.hot_spots.domain import HotSpot
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand, Status

HOT_SPOT: Final = "hot-spot"
"""The kind of timer that records a hot spot."""
_EVIDENCE: Final = 200


def payload(spot: HotSpot) -> dict[str, Any]:
    """The JSON payload of the timer, from the hot spot as it is now."""
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


def clustered_facts(demand: Demand, payload: Mapping[str, Any], now: datetime) -> Sequence[tuple[f.Fact, datetime]]:
    """The facts of the timer; none for a demand that routing does not know."""
    if demand.status is Status.NONE:
        return ()
    return ((f.DemandClustered.model_validate(payload), now),)
