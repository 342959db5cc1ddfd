"""Sessions of staff at the pages: stored in the database, and found by the hash of the secret in the cookie."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.chassis.base.clock import now
from shared.chassis.database.pool import Connection, Pool
from shared.chassis.work.retention import Expired
from shared.identity import revocations
from shared.identity.person import Person
from shared.identity.revocations import Revocable
from shared.identity.settings import SignInSettings

EXPIRED: Final = Expired("staff_session", "least(ends_at, idle_until) < $1", timedelta(hours=1))
TOUCHED_AFTER: Final = timedelta(minutes=1)
"""The age of a session's stored last use after which a request stores it again."""


@dataclass(frozen=True, slots=True)
class StaffSession:
    """A session; `id_token` is the issuer's token, which is needed to sign out there (None without an issuer)."""

    person: Person
    began_at: datetime
    id_token: str | None


@dataclass(frozen=True, slots=True)
class StaffSessions:
    """Begins, finds and ends sessions; all processes with the same database share them."""

    pool: Pool
    idle: timedelta
    longest: timedelta
    clock: Callable[[], datetime] = now

    @classmethod
    def of(cls, settings: SignInSettings, pool: Pool) -> "StaffSessions":
        """With the time limits of the settings."""
        idle, longest = timedelta(minutes=settings.session_idle_minutes), timedelta(hours=settings.session_hours)
        return cls(pool, idle, longest)

    async def begin(self, person: Person, id_token: str | None = None, before: str | None = None) -> str:
        """Begin a session; returns its secret. `before` is the secret of the browser's old session, which ends."""
        secret, at = secrets.token_urlsafe(32), self.clock()
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            if before is not None:
                await db.execute("DELETE FROM staff_session WHERE id = $1", _hashed(before))
            await db.execute(
                """
                INSERT INTO staff_session (id, name, unit, roles, id_token, began_at, ends_at, idle_until, subject)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                """,
                _hashed(secret),
                person.name,
                person.unit,
                sorted(person.roles),
                id_token,
                at,
                at + self.longest,
                at + self.idle,
                person.subject,
            )
        return secret

    async def find(self, secret: str) -> StaffSession | None:
        """The session with this secret; None if it has ended, was idle for too long, or was revoked."""
        id, at = _hashed(secret), self.clock()
        async with self.pool.acquire(timeout=5) as db:
            row = await db.fetchrow(
                """
                SELECT name, unit, roles, id_token, began_at, idle_until, subject FROM staff_session
                WHERE id = $1 AND ends_at > $2 AND idle_until > $2
                """,
                id,
                at,
            )
            if row is None:
                return None
            revocable = Revocable(id.hex(), row["name"], row["unit"], row["began_at"])
            if await revocations.is_revoked(db, revocable):
                return None
            await self._touch(db, id, row["idle_until"], at)
        person = Person(row["name"], row["unit"], frozenset(row["roles"]), row["subject"])
        return StaffSession(person, row["began_at"], row["id_token"])

    async def _touch(self, db: Connection, id: bytes, idle_until: datetime, at: datetime) -> None:
        if at + self.idle - idle_until >= min(TOUCHED_AFTER, self.idle / 2):
            await db.execute("UPDATE staff_session SET idle_until = $2 WHERE id = $1", id, at + self.idle)

    async def end(self, secret: str) -> None:
        """End a session, if it exists."""
        async with self.pool.acquire(timeout=5) as db:
            await db.execute("DELETE FROM staff_session WHERE id = $1", _hashed(secret))


async def end_all(db: Connection) -> int:
    """End all sessions, so that everybody must sign in again; returns how many there were."""
    return int((await db.execute("DELETE FROM staff_session")).split()[-1])


def csrf_token(secret: str) -> str:
    """The CSRF token for the forms of a session; only the owner of the secret can compute it."""
    return hmac.new(secret.encode(), b"csrf", hashlib.sha256).hexdigest()


def _hashed(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
