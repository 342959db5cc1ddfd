"""Stores and checks revocations of staff tokens and sessions before they expire."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.chassis.database.pool import Connection
from shared.chassis.work.retention import Expired

EXPIRED: Final = Expired("staff_revocation", "revoked_at < $1", timedelta(days=8))
"""Revocations that are not needed any more: a token lives at most a week."""


@dataclass(frozen=True, slots=True)
class Revocable:
    """A token or session that may be revoked by its identity, by its person, or by their unit; `made_at` is when it was
    made."""

    identity: str
    name: str
    unit: str
    made_at: datetime


async def is_revoked(db: Connection, token: Revocable) -> bool:
    """Whether the token itself was revoked, or all tokens of its person or unit after it was made."""
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
    """Revoke one token; a repetition changes nothing."""
    await db.execute(
        "INSERT INTO staff_revocation (token, revoked_at) VALUES ($1, $2) ON CONFLICT (token) DO NOTHING", identity, at
    )


async def revoke_bearers(db: Connection, unit: str, name: str | None, at: datetime) -> None:
    """Revoke all tokens made until `at` of a person at a unit, or (with `name` None) of all people there."""
    await db.execute("INSERT INTO staff_revocation (unit, name, revoked_at) VALUES ($1, $2, $3)", unit, name, at)
