"""The HTTP route of events: pages, or a stream of server-sent events."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Query, Request

from services.intake.channels.channel import Channel
from services.intake.channels.keys import ChannelKey, Scope, channel_with
from services.intake.events.documents import EventList
from services.intake.events.lookup import EventLookup, EventQuestion
from services.intake.events.stream_view import EventStream, EventStreamResponse
from services.intake.events.streams import OpenStreams
from services.intake.public.api import About, Id, Where
from shared.contracts.examples import EVENT_CURSOR, NUMBER
from shared.contracts.numbers import AS_TYPED, DemandNumber

MEDIA_TYPE: Final = "text/event-stream"
After = Annotated[
    str,
    Query(
        max_length=64,
        examples=[EVENT_CURSOR],
        description="`cursor` of the page before, or `id` of an event of the stream; `now`: what happens from now on;"
        " without it everything that is kept",
    ),
]
Limit = Annotated[int, Query(ge=1, le=200, description="of a page; a stream has no end")]
Types = Annotated[
    list[str],
    Query(max_length=40, examples=[["demand.resolved"]], description="these types alone; with or without a version"),
]
OfDemand = Annotated[DemandNumber | None, Query(examples=[NUMBER], description=f"of this demand alone; {AS_TYPED}")]
LastEventId = Annotated[
    str,
    Header(alias="Last-Event-ID", max_length=64, description="of a stream: `id` of the last event; counts for `after`"),
]
_STREAM: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "a page; with `Accept: text/event-stream` a stream of the same events, each with its cursor as"
        " `id`, and `event: end` with the reason before the server closes it",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
    }
}


def routes(lookup: EventLookup, streams: OpenStreams) -> APIRouter:
    """The route of a channel's events."""
    router = APIRouter(tags=["intake"])
    Reader = Annotated[Channel, Depends(channel_with(lookup.pool, Scope.SUBMIT))]  # noqa: N806 (a type)

    @router.get("/v1/events", response_model=EventList, responses=_STREAM)
    async def follow_events(
        request: Request,
        channel: Reader,
        key: ChannelKey,
        after: After = "",
        limit: Limit = 100,
        type: Types = [],  # noqa: B006 (the parameter's name; FastAPI copies it)
        jurisdiction: Id = None,
        division: Where = "",
        category: About = "",
        number: OfDemand = None,
        last_event_id: LastEventId = "",
    ) -> Any:
        """The facts of this channel's demands, each once and in order, as far as the citizen may read them."""
        filter = lookup.filter(EventQuestion(tuple(type), jurisdiction, division, category, number))
        if MEDIA_TYPE not in request.headers.get("accept", ""):
            return await lookup.list(channel, after, filter, limit)
        place = await lookup.start(last_event_id or after)
        return EventStreamResponse(EventStream(lookup, streams, streams.open(channel), key or "", place, filter))

    return router
