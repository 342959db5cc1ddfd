"""Reads the events that a channel may receive, from a cursor on."""

import re
from dataclasses import dataclass
from typing import Final

from services.intake.channels.channel import Channel
from services.intake.events import cursor, queries
from services.intake.events.cursor import NOW
from services.intake.events.documents import EventList
from services.intake.events.queries import EventFilter, EventPage
from services.intake.public.lookup import PublicLookup, categories_within, divisions_within
from services.intake.tracking.lookup import READ_ALL
from shared.chassis.database.pool import Connection, Pool
from shared.contracts.channel_view import VISIBLE, ChannelEvent
from shared.contracts.refusals import Code, FieldError, Refused

TYPES: Final = tuple(sorted(kind.type for kind in VISIBLE))
_VERSION: Final = re.compile(r"\.v\d+$", re.ASCII)


@dataclass(frozen=True, slots=True)
class EventQuestion:
    """The filter of a request; an empty field does not filter."""

    types: tuple[str, ...] = ()
    jurisdiction: str | None = None
    division: str = ""
    category: str = ""
    number: str | None = None


@dataclass(frozen=True, slots=True)
class EventLookup:
    """Reads events; every method raises `Refused`."""

    pool: Pool
    public: PublicLookup

    def filter(self, question: EventQuestion) -> EventFilter:
        """The filter of a request: a division or a category includes everything below it."""
        narrowed = question.jurisdiction or question.division or question.category
        pack = self.public.pack(question.jurisdiction) if narrowed else None
        return EventFilter(
            types=_types(question.types) or None,
            jurisdiction=pack.id if pack else None,
            divisions=divisions_within(pack, question.division) if pack else None,
            categories=categories_within(pack, question.category) if pack else None,
            number=question.number,
        )

    async def start(self, after: str) -> int:
        """The place of a cursor; without one the beginning of the stored events."""
        async with self.pool.acquire(timeout=5) as db:
            head = await queries.head(db)
        if after == NOW:
            return head.last
        return cursor.read(after, head) if after else head.beginning

    async def page(self, db: Connection, channel: Channel, after: int, filter: EventFilter, limit: int) -> EventPage:
        """A page of events after a place; raises `Refused` if events after it were removed."""
        event_page = await queries.page(db, channel.id, READ_ALL in channel.scopes, after, filter, limit)
        cursor.require_kept(after, event_page.head)
        return event_page

    async def list(self, channel: Channel, after: str, filter: EventFilter, limit: int) -> EventList:
        """A page of events after a cursor."""
        place = await self.start(after)
        async with self.pool.acquire(timeout=5) as db:
            event_page = await self.page(db, channel, place, filter, limit)
        return EventList(
            events=[ChannelEvent.model_validate_json(row.event) for row in event_page.events],
            cursor=cursor.encode(event_page.head, event_page.place),
            more=event_page.more,
        )


def _types(names: tuple[str, ...]) -> list[str]:
    """The types of facts, without versions; raises `Refused` for a type that channels never get."""
    types = [_VERSION.sub("", type) for type in names]
    unknown = next((type for type in types if type not in TYPES), None)
    if unknown is not None:
        names_of_types = ", ".join(TYPES)
        error = FieldError(
            "type", f"没有这种事件，可选：{names_of_types}", f"is none of: {names_of_types}", "demand.resolved"
        )
        raise Refused(Code.INVALID, f"type: {error.en}", f"type：{error.zh}", (error,))
    return types
