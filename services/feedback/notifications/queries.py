"""Feedback's SQL about messages, for the people who look after them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from services.feedback.notifications.messages import MESSAGE
from shared.chassis.database.pool import Connection, Pool
from shared.chassis.work.intent_gauges import backlog
from shared.chassis.work.intent_queue import Waits
from shared.chassis.work.intents import IntentState


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message; `via` is its gateway, `reference` how that calls it, `position` its place among all. Addresses are
    nowhere in it."""

    id: UUID
    position: int
    jurisdiction: str
    number: str
    template: str
    state: IntentState
    waits: str
    via: str
    reference: str
    attempts: int
    cause: str
    created_at: datetime
    due_at: datetime
    finished_at: datetime | None
    text: str


_ROWS = """
    SELECT id, position, coalesce(body ->> 'jurisdiction', '') AS jurisdiction,
        coalesce(body ->> 'number', '') AS number, body ->> 'template' AS template, state,
        coalesce(waits, '') AS waits, coalesce(via, '') AS via, coalesce(reference, '') AS reference, attempts,
        coalesce(cause, '') AS cause, created_at, due_at, finished_at, body ->> 'text' AS text
    FROM intent WHERE kind = $1
"""


async def messages_in(db: Connection, states: Sequence[IntentState], limit: int) -> list[MessageRow]:
    """The oldest messages in these states."""
    rows = await db.fetch(f"{_ROWS} AND state = ANY($2) ORDER BY created_at LIMIT $3", MESSAGE, states, limit)
    return [_row(row) for row in rows]


async def waiting(db: Connection) -> int:
    """How many messages wait to be sent."""
    count: int = await db.fetchval("SELECT count(*) FROM intent WHERE kind = $1 AND state = 'pending'", MESSAGE)
    return count


async def messages_of(db: Connection, number: str) -> list[MessageRow]:
    """All messages about a demand, in order."""
    rows = await db.fetch(
        f"{_ROWS} AND body ->> 'number' = $2 ORDER BY position",
        MESSAGE,
        number,
    )
    return [_row(row) for row in rows]


async def one_message(db: Connection, id: UUID) -> MessageRow | None:
    """The message with this id; None if there is none."""
    row = await db.fetchrow(f"{_ROWS} AND id = $2", MESSAGE, id)
    return _row(row) if row else None


async def page_of_messages(
    db: Connection, jurisdiction: str, states: Sequence[IntentState], number: str, before: int | None, limit: int
) -> list[MessageRow]:
    """The messages of a jurisdiction in these states, or about one demand, the newest first; only those before the
    position `before`."""
    rows = await db.fetch(
        f"""
        {_ROWS} AND body ->> 'jurisdiction' = $2 AND position < coalesce($5, 9223372036854775807)
            AND (($4 <> '' AND body ->> 'number' = $4) OR ($4 = '' AND state = ANY($3)))
        ORDER BY position DESC LIMIT $6
        """,
        MESSAGE,
        jurisdiction,
        states,
        number,
        before,
        limit,
    )
    return [_row(row) for row in rows]


async def counts(db: Connection, jurisdiction: str) -> dict[IntentState, int]:
    """How many messages of a jurisdiction are not over, by state."""
    rows = await db.fetch(
        """
        SELECT state, count(*) AS messages FROM intent
        WHERE kind = $1 AND state IN ('pending', 'sending', 'failed', 'unknown') AND body ->> 'jurisdiction' = $2
        GROUP BY state
        """,
        MESSAGE,
        jurisdiction,
    )
    return {IntentState(row["state"]): row["messages"] for row in rows}


async def waiting_by_gateway(db: Connection) -> dict[str, int]:
    """How many messages each gateway has or keeps waiting."""
    rows = await db.fetch(
        """
        SELECT via, count(*) AS messages FROM intent
        WHERE kind = $1 AND state IN ('pending', 'sending') AND via IS NOT NULL GROUP BY via
        """,
        MESSAGE,
    )
    return {row["via"]: row["messages"] for row in rows}


def _row(row: asyncpg.Record) -> MessageRow:
    return MessageRow(**dict(row) | {"state": IntentState(row["state"])})


async def held_messages(pool: Pool) -> int:
    """The number of messages that wait because their address has had as many as it gets within an hour, at most
    `COUNTED_UP_TO`."""
    async with pool.acquire(timeout=5) as db:
        waiting = {why: number for why, number, _ in await backlog(db, MESSAGE)}
    return waiting.get(Waits.HOURLY_LIMIT, 0)
