"""Which tokens of staff are worth nothing any more, though their time is not over."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.chassis.database.pool import Connection
from shared.chassis.work.retention import Expired

EXPIRED: Final = Expired("staff_revocation", "revoked_at < $1", timedelta(days=8))
"""Revocations that nobody needs any more: no token lives for as long as a week and a day."""


@dataclass(frozen=True, slots=True)
class Revocable:
    """What a token can be revoked by: itself, who bears it, or their unit; and when it was made."""

    identity: str
    name: str
    unit: str
    made_at: datetime


async def is_revoked(db: Connection, token: Revocable) -> bool:
    """Whether the token, or every token that its person or its unit had by a moment, was revoked."""
    is_revoked: bool = await db.fetchval(
        """
        SELECT EXISTS (SELECT FROM staff_revocation WHERE token = $1)
            OR EXISTS (SELECT FROM staff_revocation
                WHERE unit = $3 AND (name IS NULL OR name = $2) AND revoked_at >= $4)
        """,
        token.identity,
        token.name,
        token.unit,
        token.made_at,
    )
    return is_revoked


async def revoke_token(db: Connection, identity: str, at: datetime) -> None:
    """Make one token worthless; again changes nothing."""
    await db.execute(
        "INSERT INTO staff_revocation (token, revoked_at) VALUES ($1, $2) ON CONFLICT (token) DO NOTHING", identity, at
    )


async def revoke_bearers(db: Connection, unit: str, name: str | None, at: datetime) -> None:
    """Make every token worthless that a person of a unit, or everybody there, was given until `at`."""
    await db.execute("INSERT INTO staff_revocation (unit, name, revoked_at) VALUES ($1, $2, $3)", unit, name, at)
