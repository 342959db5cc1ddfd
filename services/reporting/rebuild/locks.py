"""Holds back those who write to the views, and for a moment those who read them, without making anybody wait long."""

import asyncio
import random
from typing import Final

import asyncpg

from services.reporting.rebuild.tables import DERIVED, IN_USE, SUMMED
from shared.chassis.database.pool import Connection
from shared.contracts.refusals import Code, Refused

TRIES: Final = 200
PAUSE: Final = 0.2
# A connection that waits for a second looks for a deadlock, and may be the one that ends. Whoever reads must never be
# that one: its wait for us is shorter.
_READERS_WAIT: Final = "300ms"
# The vacuum of PostgreSQL makes way after a second.
_WRITERS_WAIT: Final = "2s"


async def hold_writers(db: Connection) -> None:
    """Within the transaction, let nobody write to the views: the projector waits, everybody may read."""
    await _lock(db, "SHARE ROW EXCLUSIVE", _WRITERS_WAIT, DERIVED)


async def hold_everybody(db: Connection) -> None:
    """Within the transaction, let nobody read them either."""
    await _lock(db, "ACCESS EXCLUSIVE", _READERS_WAIT, (*DERIVED, *SUMMED))
    await db.execute("SET LOCAL lock_timeout = 0")


async def _lock(db: Connection, mode: str, wait: str, tables: tuple[str, ...]) -> None:
    """All of them or none, tried again and again; raises `Refused` in the end."""
    named = ", ".join(f"{IN_USE}.{table}" for table in tables)
    for _ in range(TRIES):
        try:
            async with db.transaction():
                await db.execute(f"SET LOCAL lock_timeout = '{wait}'")
                await db.execute(f"LOCK TABLE {named} IN {mode} MODE")
            return
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            await asyncio.sleep(PAUSE * random.uniform(0.5, 1.0))
    raise Refused(
        Code.UNAVAILABLE,
        "somebody uses the views all the time, so that they could not be replaced; run it again later",
        "视图一直被占用，未能切换，请稍后重试",
    )
