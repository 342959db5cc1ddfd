"""SQL about the log of a webhook: deliveries, their tries, and sending them again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.feedback.webhooks.domain import DeliveryState
from shared.chassis.database.pool import Connection
from shared.chassis.work.retention import Expired


@dataclass(frozen=True, slots=True)
class LoggedAttempt:
    """One try of a delivery."""

    number: int
    at: datetime
    status: int | None
    cause: str
    milliseconds: int


@dataclass(frozen=True, slots=True)
class LoggedDelivery:
    """A delivery with its last tries, the latest first."""

    webhook: UUID
    event: UUID
    position: int
    number: str
    type: str
    at: datetime
    state: DeliveryState
    attempts: int
    due_at: datetime
    created_at: datetime
    finished_at: datetime | None
    body: str
    tries: Sequence[LoggedAttempt]


SHOWN_TRIES: Final = 12
_AGAIN: Final = """
    UPDATE webhook_delivery SET state = 'pending', due_at = $2, failures = 0, finished_at = NULL WHERE webhook = $1
"""


def spent(days: int) -> tuple[Expired, ...]:
    """What retention deletes from the logs after so many days, sent or not."""
    after = timedelta(days=days)
    return Expired("webhook_delivery", "created_at < $1", after), Expired("webhook_attempt", "at < $1", after)


async def deliveries(
    db: Connection, webhook: UUID, state: DeliveryState | None, number: str, before: int, limit: int
) -> list[LoggedDelivery]:
    """The log of a webhook, the newest first, before a position; only of one state or one demand if these are given."""
    rows = await db.fetch(
        """
        SELECT * FROM webhook_delivery WHERE webhook = $1 AND position < $2 AND ($3::text IS NULL OR state = $3)
            AND ($4 = '' OR number = $4) ORDER BY position DESC LIMIT $5
        """,
        webhook,
        before,
        state,
        number,
        limit,
    )
    return await _logged(db, webhook, [dict(row) for row in rows])


async def one_delivery(db: Connection, webhook: UUID, event: UUID) -> LoggedDelivery | None:
    """One delivery with its tries; None if it is not in the log."""
    row = await db.fetchrow("SELECT * FROM webhook_delivery WHERE (webhook, event) = ($1, $2)", webhook, event)
    return (await _logged(db, webhook, [dict(row)]))[0] if row else None


async def _logged(db: Connection, webhook: UUID, rows: Sequence[dict[str, Any]]) -> list[LoggedDelivery]:
    attempts = await db.fetch(
        """
        SELECT event, number, at, status, cause, milliseconds FROM webhook_attempt
        WHERE webhook = $1 AND event = ANY($2) ORDER BY number DESC
        """,
        webhook,
        [row["event"] for row in rows],
    )
    tries: dict[UUID, list[LoggedAttempt]] = {}
    for attempt in attempts:
        fields = dict(attempt)
        tries.setdefault(fields.pop("event"), []).append(LoggedAttempt(**fields))
    names = [name for name in LoggedDelivery.__dataclass_fields__ if name != "tries"]
    return [
        LoggedDelivery(
            **{name: row[name] for name in names} | {"state": DeliveryState(row["state"])},
            tries=tries.get(row["event"], [])[:SHOWN_TRIES],
        )
        for row in rows
    ]


async def redeliver_event(db: Connection, webhook: UUID, event: UUID, at: datetime) -> int:
    """Queue one event again with the same id; returns how many deliveries that are: 0 if it is not in the log."""
    done = await db.execute(f"{_AGAIN} AND event = $3", webhook, at, event)
    return int(done.split()[-1])


async def redeliver_since(
    db: Connection, webhook: UUID, since: datetime, until: datetime, only_failed: bool, at: datetime
) -> int:
    """Queue again all events from `since` until before `until`, in their first order; returns how many."""
    done = await db.execute(
        f"{_AGAIN} AND at >= $3 AND at < $4 AND (NOT $5 OR state = 'failed')", webhook, at, since, until, only_failed
    )
    return int(done.split()[-1])


async def put_test(db: Connection, webhook: UUID, event: UUID, type: str, body: str, at: datetime) -> None:
    """Queue an event that belongs to no demand; it waits for no other."""
    await db.execute(
        """
        INSERT INTO webhook_delivery (webhook, event, demand, number, type, at, body)
        VALUES ($1, $2, $2, '', $3, $4, $5)
        """,
        webhook,
        event,
        type,
        at,
        body,
    )
