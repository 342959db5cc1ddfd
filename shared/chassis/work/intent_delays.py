"""Intents that wait, since nobody can say whom they are for, or since it is not their time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.chassis.database.pool import Connection


@dataclass(frozen=True, slots=True)
class Delay:
    """An intent of which nobody can say whom it is for: why, and for how many seconds it waits.

    One that is not to go out before `until` waits for that; with `gathers` others become one with it, see `PutOff`.
    """

    id: UUID
    waits: str
    cause: str
    seconds: float
    until: datetime | None = None
    gathers: bytes | None = None


async def put_off(db: Connection, delays: Sequence[Delay]) -> None:
    """Let intents wait, since nobody can say whom they are for, or since it is not their time. Those that wait for
    their time hold up nothing else that their recipient is to get."""
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
