"""Finds the events that a channel may receive, from a cursor on."""

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
    """Which events a channel wants; what is empty does not narrow."""

    types: tuple[str, ...] = ()
    jurisdiction: str | None = None
    division: str = ""
    category: str = ""
    number: str | None = None


@dataclass(frozen=True, slots=True)
class EventLookup:
    """Every method raises `Refused`."""

    pool: Pool
    public: PublicLookup

    def filter(self, question: EventQuestion) -> EventFilter:
        """The filter of a question: a division and a category stand for everything below them too."""
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
        """The place that a cursor stands for; without one the beginning of what is kept."""
        async with self.pool.acquire(timeout=5) as db:
            head = await queries.head(db)
        if after == NOW:
            return head.last
        return cursor.read(after, head) if after else head.beginning

    async def page(self, db: Connection, channel: Channel, after: int, filter: EventFilter, limit: int) -> EventPage:
        """Some events behind a place; raises `Refused` where some of them are no longer kept."""
        event_page = await queries.page(db, channel.id, READ_ALL in channel.scopes, after, filter, limit)
        cursor.require_kept(after, event_page.head)
        return event_page

    async def list(self, channel: Channel, after: str, filter: EventFilter, limit: int) -> EventList:
        """A page of events behind a cursor."""
        place = await self.start(after)
        async with self.pool.acquire(timeout=5) as db:
            event_page = await self.page(db, channel, place, filter, limit)
        return EventList(
            events=[ChannelEvent.model_validate_json(one.event) for one in event_page.events],
            cursor=cursor.written(event_page.head, event_page.place),
            more=event_page.more,
        )


def _types(names: tuple[str, ...]) -> list[str]:
    """The types of facts without a version; raises `Refused` for one that channels never hear."""
    types = [_VERSION.sub("", type) for type in names]
    unknown = next((type for type in types if type not in TYPES), None)
    if unknown is not None:
        known = ", ".join(TYPES)
        error = FieldError("type", f"没有这种事件，可选：{known}", f"is none of: {known}", "demand.resolved")
        raise Refused(Code.INVALID, f"type: {error.en}", f"type：{error.zh}", (error,))
    return types
