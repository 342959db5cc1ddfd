"""Feedback's questions to its database, one function each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.chassis.database import Connection


@dataclass(frozen=True, slots=True)
class Message:
    """A notification to be sent."""

    id: UUID
    demand_id: UUID
    fact_id: UUID
    contact: UUID | None
    template: str
    body: str


async def put_messages(db: Connection, messages: Sequence[Message]) -> None:
    """Write intents; one for each demand, fact and template."""
    if messages:
        await db.executemany(
            """
            INSERT INTO notification (id, demand_id, fact_id, contact, template, body)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING
            """,
            [(m.id, m.demand_id, m.fact_id, m.contact, m.template, m.body) for m in messages],
        )


async def claim_messages(db: Connection, limit: int) -> list[Message]:
    """Take messages to send; nobody else gets them."""
    rows = await db.fetch(
        """
        UPDATE notification SET state = 'sending', attempts = attempts + 1, claimed_at = now()
        WHERE id IN (
            SELECT id FROM notification WHERE state = 'pending' ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED
        )
        RETURNING id, demand_id, fact_id, contact, template, body
        """,
        limit,
    )
    return [Message(*row.values()) for row in rows]


async def finish_message(db: Connection, id: UUID, state: str, cause: str | None) -> None:
    """Record what became of a message."""
    await db.execute(
        "UPDATE notification SET state = $2, cause = $3, finished_at = now() WHERE id = $1", id, state, cause
    )


async def abandon_claims(db: Connection, older_than_seconds: float) -> int:
    """Messages whose sender died between claim and record: nobody can know, so they are never sent blindly again."""
    done = await db.execute(
        "UPDATE notification SET state = 'unknown', cause = 'the sender ended in the middle', finished_at = now()"
        " WHERE state = 'sending' AND claimed_at < now() - make_interval(secs => $1)",
        older_than_seconds,
    )
    return int(done.split()[-1])


async def plan_closings(db: Connection, due: Sequence[tuple[UUID, datetime]], ended: Sequence[UUID]) -> None:
    """Remember when demands are to be closed, and forget those that went on."""
    if ended:
        await db.execute("DELETE FROM closing WHERE demand_id = ANY($1)", list(ended))
    if due:
        await db.execute(
            """
            INSERT INTO closing (demand_id, due_at) SELECT * FROM unnest($1::uuid[], $2::timestamptz[])
            ON CONFLICT (demand_id) DO UPDATE SET due_at = excluded.due_at
            """,
            [id for id, _ in due],
            [at for _, at in due],
        )


async def due_closings(db: Connection, now: datetime, limit: int) -> list[UUID]:
    """Demands whose time to be rated is over."""
    rows = await db.fetch(
        "SELECT demand_id FROM closing WHERE due_at <= $1 ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED",
        now,
        limit,
    )
    return [row["demand_id"] for row in rows]
