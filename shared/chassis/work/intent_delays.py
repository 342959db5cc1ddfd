"""Delays intents whose recipient is not known at present, or which must not be sent before a certain time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.chassis.database.pool import Connection


@dataclass(frozen=True, slots=True)
class Delay:
    """An intent to delay: the reason in a word (`waits`), the cause, and the seconds until the next try.

    With `until`, it must not be sent before that time. With `gathers`, it will be merged with others, see `PutOff`.
    """

    id: UUID
    waits: str
    cause: str
    seconds: float
    until: datetime | None = None
    gathers: bytes | None = None


async def put_off(db: Connection, delays: Sequence[Delay]) -> None:
    """Delay intents. An intent with `until` does not hold up other intents for the same recipient."""
    await db.execute(
        """
        UPDATE intent SET due_at = coalesce(late.until, now() + make_interval(secs => late.seconds)),
            waits = late.waits, cause = late.cause, failures = failures + (late.until IS NULL)::integer,
            recipient = CASE WHEN late.until IS NULL THEN recipient END, gathers = late.gathers,
            via = CASE WHEN late.until IS NULL THEN via END
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::float8[], $5::timestamptz[], $6::bytea[])
            AS late (id, waits, cause, seconds, until, gathers)
        WHERE intent.id = late.id AND state = 'pending'
        """,
        *map(list, zip(*((d.id, d.waits, d.cause, d.seconds, d.until, d.gathers) for d in delays), strict=True)),
    )
