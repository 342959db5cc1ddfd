"""Notices that the secret behind citizens' codes and pseudonyms is another one than this database began with."""

import hmac
from typing import Final

from shared.chassis.base.checks import Check
from shared.chassis.database.pool import PASSING, Pool

_PURPOSE: Final = b"huying: the mark of the lasting secret"
_OTHER: Final = (
    "intake: citizens' codes hang on another secret than now, and none that was told would fit:"
    " set HUYING_LASTING_SECRET to what HUYING_SECRET was when this database began"
)


def lasting_secret_kept(pool: Pool, secret: str) -> Check:
    """Whether the secret is the one of the first start; the first start decides which that is."""
    mark = hmac.digest(secret.encode(), _PURPOSE, "sha256")
    known: list[bytes] = []

    async def check() -> str | None:
        try:
            if not known:
                known.append(await _first_mark(pool, mark))
        except PASSING as fault:
            return f"intake: the database does not answer: {fault!r}"
        return None if hmac.compare_digest(known[0], mark) else _OTHER

    return check


async def _first_mark(pool: Pool, mark: bytes) -> bytes:
    async with pool.acquire(timeout=2) as db:
        await db.execute("INSERT INTO lasting_secret (mark) VALUES ($1) ON CONFLICT DO NOTHING", mark)
        first: bytes = await db.fetchval("SELECT mark FROM lasting_secret")
        return first
