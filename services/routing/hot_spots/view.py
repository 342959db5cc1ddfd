"""Makes the answers about common demands."""

from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from services.routing.hot_spots.queries import StoredHotSpot
from shared.chassis.http.pagination import Page
from shared.contracts.demand.state import Demand, Status
from shared.contracts.examples import AT, CATEGORY, DIVISION, ID, NUMBER, RESOLVED_AT, TITLE, UNIT, with_examples

_SPOT: Final[dict[str, JsonValue]] = {
    "id": ID,
    "division": DIVISION,
    "category": CATEGORY,
    "phrases": ["校车", "风雨棚"],
    "size": 6,
    "first_at": AT,
    "last_at": RESOLVED_AT,
    "found_at": RESOLVED_AT,
    "demands": [
        {
            "id": ID,
            "number": NUMBER,
            "title": TITLE,
            "status": "in_progress",
            "unit": UNIT,
            "division": DIVISION,
            "submitted_at": AT,
        }
    ],
}


class CommonDemand(BaseModel):
    """One of the demands of a hot spot, as it is now."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    number: str
    title: str = Field(description="masked")
    status: Status
    unit: str | None = None
    division: str
    submitted_at: datetime | None = None


class HotSpotView(BaseModel):
    """Common demands (共性需求) with their evidence."""

    id: UUID = Field(description="that of its first demand")
    division: str = Field(description="the smallest that contains all of them")
    category: str | None = Field(None, description="the narrowest that contains all of them")
    phrases: list[str] = Field(description="what most of them say")
    size: int
    first_at: datetime
    last_at: datetime
    found_at: datetime
    demands: list[CommonDemand] = Field(description="the first two hundred, oldest first")


class HotSpotList(Page):
    """Common demands, the latest first."""

    model_config = ConfigDict(json_schema_extra=with_examples({"hot_spots": [_SPOT]}))

    hot_spots: list[HotSpotView]


def view(stored: StoredHotSpot, demands: list[Demand]) -> HotSpotView:
    """A hot spot with its demands."""
    return HotSpotView(
        id=stored.id,
        division=stored.division,
        category=stored.category,
        phrases=stored.phrases,
        size=stored.size,
        first_at=stored.first_at,
        last_at=stored.last_at,
        found_at=stored.found_at,
        demands=[CommonDemand.model_validate(demand) for demand in demands],
    )
