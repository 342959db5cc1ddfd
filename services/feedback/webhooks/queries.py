"""SQL about webhooks: their owners, their filters, and their state."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from services.feedback.webhooks.domain import DisabledFor
from shared.chassis.base.findings import COUNTED_UP_TO
from shared.chassis.database.pool import Connection


@dataclass(frozen=True, slots=True)
class WebhookRow:
    """A webhook. Either `channel` or `jurisdiction` is its owner; a filter of None takes everything."""

    id: UUID
    channel: str | None
    jurisdiction: str | None
    created_by: str
    created_at: datetime
    url: str
    description: str
    types: Sequence[str] | None
    divisions: Sequence[str] | None
    categories: Sequence[str] | None
    channels: Sequence[str] | None
    secret: bytes
    secret_previous: bytes | None
    previous_until: datetime | None
    delivered_at: datetime | None = None
    failing_since: datetime | None = None
    disabled_at: datetime | None = None
    disabled_for: DisabledFor | None = None

    @property
    def owner(self) -> str:
        """The owner: the id of the channel or of the jurisdiction."""
        return f"channel {self.channel}" if self.channel else f"jurisdiction {self.jurisdiction}"

    @property
    def sealed_secrets(self) -> list[bytes]:
        """The secrets that sign now, the new one first."""
        return [self.secret, *([self.secret_previous] if self.secret_previous else [])]


@dataclass(frozen=True, slots=True)
class WebhookBacklog:
    """How many deliveries of a webhook wait, and since when the oldest one waits."""

    deliveries: int
    oldest: datetime | None


NONE_WAITS: Final = WebhookBacklog(0, None)
_COLUMNS: Final = tuple(field.name for field in fields(WebhookRow))


async def put(db: Connection, row: WebhookRow) -> None:
    """Insert or update a webhook."""
    places = ", ".join(f"${n}" for n in range(1, len(_COLUMNS) + 1))
    changes = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])
    await db.execute(
        f"INSERT INTO webhook ({', '.join(_COLUMNS)}) VALUES ({places}) ON CONFLICT (id) DO UPDATE SET {changes}",  # noqa: S608
        *(getattr(row, name) for name in _COLUMNS),
    )


async def remove(db: Connection, id: UUID) -> None:
    """Delete a webhook and its waiting deliveries; retention deletes its log later."""
    await db.execute("DELETE FROM webhook WHERE id = $1", id)
    await db.execute("DELETE FROM webhook_delivery WHERE webhook = $1 AND state = 'pending'", id)


async def locked(db: Connection, id: UUID) -> WebhookRow | None:
    """One webhook, locked until the transaction ends; None if there is none."""
    row = await db.fetchrow("SELECT * FROM webhook WHERE id = $1 FOR UPDATE", id)
    return _row(row) if row else None


async def of_owner(db: Connection, channel: str | None, jurisdiction: str | None) -> list[WebhookRow]:
    """The webhooks of a channel or of a jurisdiction, the oldest first."""
    rows = await db.fetch(
        "SELECT * FROM webhook WHERE channel = $1 OR jurisdiction = $2 ORDER BY created_at, id", channel, jurisdiction
    )
    return [_row(row) for row in rows]


async def every_webhook(db: Connection) -> list[WebhookRow]:
    """All webhooks, the oldest first."""
    return [_row(row) for row in await db.fetch("SELECT * FROM webhook ORDER BY created_at, id")]


async def waiting(db: Connection, ids: Sequence[UUID]) -> dict[UUID, WebhookBacklog]:
    """The waiting deliveries of these webhooks, counted up to 10,000 each; a webhook without any is left out."""
    rows = await db.fetch(
        """
        SELECT webhook, count(*) AS deliveries, min(created_at) AS oldest
        FROM unnest($1::uuid[]) AS one (webhook) CROSS JOIN LATERAL (
            SELECT created_at FROM webhook_delivery
            WHERE webhook_delivery.webhook = one.webhook AND state = 'pending' ORDER BY position LIMIT $2
        ) AS first
        GROUP BY webhook
        """,
        list(ids),
        COUNTED_UP_TO,
    )
    return {row["webhook"]: WebhookBacklog(row["deliveries"], row["oldest"]) for row in rows}


async def late(db: Connection) -> WebhookBacklog:
    """How many deliveries have been due for more than ten minutes, of webhooks that are enabled; counted up to 10,000
    each."""
    row = await db.fetchrow(
        """
        SELECT count(*) AS deliveries, min(first.created_at) AS oldest
        FROM webhook CROSS JOIN LATERAL (
            SELECT created_at FROM webhook_delivery WHERE webhook_delivery.webhook = webhook.id AND state = 'pending'
                AND due_at < now() - interval '10 minutes'
            ORDER BY due_at LIMIT $1
        ) AS first
        WHERE disabled_at IS NULL AND failing_since IS NULL
        """,
        COUNTED_UP_TO,
    )
    assert row
    return WebhookBacklog(row["deliveries"], row["oldest"])


async def disable(db: Connection, ids: Sequence[UUID], why: DisabledFor, at: datetime) -> list[UUID]:
    """Disable these webhooks; returns those that were enabled so far."""
    rows = await db.fetch(
        """
        UPDATE webhook SET disabled_at = $3, disabled_for = $2 WHERE id = ANY($1) AND disabled_at IS NULL RETURNING id
        """,
        list(ids),
        why.value,
        at,
    )
    return [row["id"] for row in rows]


async def reseal(db: Connection, row: WebhookRow, secret: bytes, previous: bytes | None) -> None:
    """Store the secrets sealed with another key, unless they were changed meanwhile."""
    await db.execute(
        "UPDATE webhook SET secret = $2, secret_previous = $3 WHERE id = $1 AND secret = $4",
        row.id,
        secret,
        previous,
        row.secret,
    )


async def forget_previous(db: Connection, at: datetime) -> None:
    """Delete replaced secrets whose time is over."""
    await db.execute("UPDATE webhook SET secret_previous = NULL, previous_until = NULL WHERE previous_until <= $1", at)


def _row(row: asyncpg.Record) -> WebhookRow:
    values: dict[str, Any] = {name: row[name] for name in _COLUMNS}
    return WebhookRow(**values | {"disabled_for": DisabledFor(row["disabled_for"]) if row["disabled_for"] else None})
