"""Checks that the secret behind citizens' codes and pseudonyms is still the one with which this database began."""

import hmac
from typing import Final

from shared.chassis.base.checks import Check
from shared.chassis.database.pool import PASSING, Pool

_PURPOSE: Final = b"huying: the mark of the lasting secret"
_OTHER: Final = (
    "intake: the secret codes of citizens were derived from another secret, so none of them would be valid:"
    " set HUYING_LASTING_SECRET to the value that HUYING_SECRET had when this database was created"
)


def lasting_secret_check(pool: Pool, secret: str) -> Check:
    """A check that fails if `secret` is not the secret of the first start. At the first start its mark (an HMAC) is
    stored; later starts compare with it."""
    mark = hmac.digest(secret.encode(), _PURPOSE, "sha256")
    cached_marks: list[bytes] = []

    async def check() -> str | None:
        try:
            if not cached_marks:
                cached_marks.append(await _first_mark(pool, mark))
        except PASSING as fault:
            return f"intake: the database does not answer: {fault!r}"
        return None if hmac.compare_digest(cached_marks[0], mark) else _OTHER

    return check


async def _first_mark(pool: Pool, mark: bytes) -> bytes:
    async with pool.acquire(timeout=2) as db:
        await db.execute("INSERT INTO lasting_secret (mark) VALUES ($1) ON CONFLICT DO NOTHING", mark)
        first: bytes = await db.fetchval("SELECT mark FROM lasting_secret")
        return first
