"""The answer of the event route: a page of a channel's events."""

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.channel_view import ChannelEvent
from shared.contracts.examples import EVENT, EVENT_CURSOR, with_examples


class EventList(BaseModel):
    """Events in the order in which they were numbered, each demand's in the order in which they happened."""

    model_config = ConfigDict(
        json_schema_extra=with_examples({"events": [EVENT], "cursor": EVENT_CURSOR, "more": False})
    )

    events: list[ChannelEvent]
    cursor: str = Field(description="send it as `after` in the next request; store it also if the page has no events")
    more: bool = Field(
        description="true: request the next page at once. A page of a filtered list may be empty and still have more"
    )
