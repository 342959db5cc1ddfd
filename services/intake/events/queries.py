"""Intake's SQL about events, one function for each statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from services.intake.events.cursor import Head
from shared.chassis.database.pool import Connection

WAKE: Final = "events.intake"
"""The PostgreSQL channel on which a channel's name is notified if it has new events."""
LOOKED_AT: Final = 10_000
"""A filtered page reads at most so many events, so that a rare type costs no more than a frequent one."""


@dataclass(frozen=True, slots=True)
class EventFilter:
    """The filter of events; None does not filter. `types` are types of facts, without versions."""

    types: Sequence[str] | None = None
    jurisdiction: str | None = None
    divisions: Sequence[str] | None = None
    categories: Sequence[str] | None = None
    number: str | None = None

    @property
    def narrows(self) -> bool:
        """Whether the filter leaves events out so that many may have to be read; events of one demand have an index."""
        return any((self.types, self.jurisdiction, self.divisions, self.categories)) and self.number is None


class StoredEvent(NamedTuple):
    """An event with its place; `event` is a `ChannelEvent` as JSON."""

    place: int
    event: str


class EventPage(NamedTuple):
    """A page of events in order, the place of the last one that was read, and whether there may be more right now."""

    head: Head
    events: Sequence[StoredEvent]
    place: int
    more: bool


RECENT: Final = timedelta(days=7)
"""A roll-out takes at most so long."""
_MISSED: Final = """
    WITH head AS MATERIALIZED (
        SELECT greatest(clock_timestamp(), placed_at + interval '1 microsecond') AS at FROM event_head FOR UPDATE
    ), missed AS (
        INSERT INTO demand_change (demand_id, channel, changed_at)
        SELECT id, channel, head.at FROM submission, head
        WHERE recorded_at > now() - $1::interval
            AND NOT EXISTS (SELECT FROM demand_change WHERE demand_id = submission.id)
        ON CONFLICT DO NOTHING RETURNING changed_at
    ), placed AS (
        UPDATE event_head SET placed_at = head.at FROM head WHERE EXISTS (SELECT FROM missed)
    )
    SELECT count(*) FROM missed
"""
_THEIRS: Final = "channel = $1"
_ALL: Final = "(channel = $1 OR NOT is_confidential)"
_PAGE: Final = """
    WITH bound AS (
        SELECT place FROM demand_event WHERE $8 AND {theirs} AND place > $2 ORDER BY place OFFSET {looked_at} LIMIT 1
    )
    SELECT feed, last_place, (SELECT min(place) FROM demand_event), (SELECT place FROM bound), found.place, found.event
    FROM event_head LEFT JOIN LATERAL (
        SELECT place, event FROM demand_event
        WHERE {theirs} AND place > $2 AND ((SELECT place FROM bound) IS NULL OR place <= (SELECT place FROM bound))
            AND ($3::text[] IS NULL OR type = ANY($3))
            AND ($4::text IS NULL OR jurisdiction = $4)
            AND ($5::text[] IS NULL OR division = ANY($5))
            AND ($6::text[] IS NULL OR category = ANY($6))
            AND ($7::text IS NULL OR number = $7)
        ORDER BY place LIMIT $9
    ) AS found ON true
    ORDER BY found.place
"""


async def head(db: Connection) -> Head:
    """The ends of the stream."""
    row = await db.fetchrow("SELECT feed, last_place, (SELECT min(place) FROM demand_event) FROM event_head")
    assert row
    return Head(*row)


async def page(db: Connection, channel: str, reads_all: bool, after: int, filter: EventFilter, limit: int) -> EventPage:
    """A page of a channel's events after a place. It is one statement, so it sees all events up to the head."""
    rows = await db.fetch(
        _PAGE.format(theirs=_ALL if reads_all else _THEIRS, looked_at=LOOKED_AT - 1),
        channel, after, filter.types, filter.jurisdiction, filter.divisions, filter.categories, filter.number,
        filter.narrows, limit,
    )  # fmt: skip
    feed, last, oldest, bound, first, _ = rows[0]
    events = [] if first is None else [StoredEvent(row["place"], row["event"]) for row in rows]
    reached = events[-1].place if len(events) == limit else bound if bound is not None else last
    return EventPage(Head(feed, last, oldest), events, max(reached, after), reached < last)


async def end_cursors(db: Connection) -> None:
    """Make all earlier cursors invalid: whoever has one is told how to continue."""
    await db.execute("UPDATE event_head SET feed = gen_random_uuid()")


async def has_pending(db: Connection) -> bool:
    """Whether any fact waits for its place."""
    waits: bool = await db.fetchval("SELECT EXISTS (SELECT FROM event_pending)")
    return waits


async def note_missed(db: Connection) -> int:
    """Record demands as changed that a version without events took in within `RECENT`, during a roll-out; returns how
    many. Must run in a transaction, because it locks the head."""
    missed: int = await db.fetchval(_MISSED, RECENT)
    return missed


async def place_pending(db: Connection, limit: int) -> int:
    """Give places to committed facts; returns how many. Must run in a transaction, because it locks the head.

    A fact is committed before the next one of its demand can be written, so the order of `position` is right for both.
    """
    row = await db.fetchrow(
        """
        SELECT last_place, greatest(clock_timestamp(), placed_at + interval '1 microsecond')
        FROM event_head FOR UPDATE
        """
    )
    assert row
    last, at = row
    count, placed = await _move(db, last, at, limit)
    await db.execute("UPDATE event_head SET last_place = last_place + $1, placed_at = $2", placed, at)
    return count


async def _move(db: Connection, last: int, at: datetime, limit: int) -> tuple[int, int]:
    """Move facts to the events; returns how many were moved, and how many of them became events."""
    row = await db.fetchrow(
        """
        WITH waiting AS (
            DELETE FROM event_pending WHERE position = ANY(
                ARRAY(SELECT position FROM event_pending ORDER BY position LIMIT $3)
            ) RETURNING *
        ), known AS (
            SELECT waiting.*, submission.channel FROM waiting LEFT JOIN submission ON submission.id = demand_id
        ), placed AS (
            INSERT INTO demand_event
            SELECT $1 + row_number() OVER (ORDER BY position), channel, type, is_confidential, number, jurisdiction,
                division, category, event, $2
            FROM known WHERE event IS NOT NULL ORDER BY position
            RETURNING channel
        ), changed AS (
            INSERT INTO demand_change AS known SELECT DISTINCT demand_id, channel, $2 FROM known
            ON CONFLICT (demand_id) DO UPDATE SET changed_at = excluded.changed_at
        ), woken AS (
            SELECT pg_notify($4, channel) FROM (SELECT DISTINCT coalesce(channel, '') FROM placed) AS theirs (channel)
        )
        SELECT (SELECT count(*) FROM waiting), (SELECT count(*) FROM placed), (SELECT count(*) FROM woken)
        """,
        last, at, limit, WAKE,
    )  # fmt: skip
    assert row
    return row[0], row[1]
