"""Defines the timeline of a case: one entry for each fact."""

from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from shared.contracts.demand import facts as f
from shared.contracts.examples import ID, with_examples

_BY_A_SERVICE: Final = "service:"


def is_entry(fact: f.Fact) -> bool:
    """Whether a fact of another service is shown in the timeline. That a service looked up a contact to send a message
    is not shown."""
    return not (isinstance(fact, f.PersonalDataViewed) and fact.by.startswith(_BY_A_SERVICE))


_ENTRY: Final[dict[str, JsonValue]] = {
    "id": ID,
    "at": "2021-05-12T01:30:00Z",
    "type": "demand.supplemented",
    "by": "intake",
    "data": {"text": "早上七点最挤"},
}


class TimelineEntry(BaseModel):
    """One fact; `data` has the fields of its JSON Schema (`shared/contracts/published/schemas`)."""

    model_config = ConfigDict(json_schema_extra=with_examples(_ENTRY))

    id: UUID
    at: datetime
    type: str = Field(description="such as `demand.returned`, without the version")
    by: str = Field(description="the service that told it: intake, routing or feedback")
    data: dict[str, JsonValue]
