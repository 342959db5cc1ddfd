"""Locks the tables against writers, and for a moment also against readers, without letting anybody wait long."""

import asyncio
import random
from typing import Final

import asyncpg

from services.reporting.rebuild.tables import DERIVED, IN_USE, SUMMED
from shared.chassis.database.pool import Connection
from shared.contracts.refusals import Code, Refused

TRIES: Final = 200
PAUSE: Final = 0.2
# After waiting for a second, PostgreSQL looks for a deadlock and ends one of the connections. We wait for less than
# that, so that it never ends a reader.
_READERS_WAIT: Final = "300ms"
# Longer than a second, after which an automatic vacuum gives up its lock for us.
_WRITERS_WAIT: Final = "2s"


async def hold_writers(db: Connection) -> None:
    """Lock the tables against writers until the transaction ends: the projector waits, everybody may read."""
    await _lock(db, "SHARE ROW EXCLUSIVE", _WRITERS_WAIT, DERIVED)


async def hold_everybody(db: Connection) -> None:
    """Lock the tables against readers too, until the transaction ends."""
    await _lock(db, "ACCESS EXCLUSIVE", _READERS_WAIT, (*DERIVED, *SUMMED))
    await db.execute("SET LOCAL lock_timeout = 0")


async def _lock(db: Connection, mode: str, wait: str, tables: tuple[str, ...]) -> None:
    """Lock all tables or none; try again several times, then raise `Refused`."""
    tables_sql = ", ".join(f"{IN_USE}.{table}" for table in tables)
    for _ in range(TRIES):
        try:
            async with db.transaction():
                await db.execute(f"SET LOCAL lock_timeout = '{wait}'")
                await db.execute(f"LOCK TABLE {tables_sql} IN {mode} MODE")
            return
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            await asyncio.sleep(PAUSE * random.uniform(0.5, 1.0))
    raise Refused(
        Code.UNAVAILABLE,
        "the views are in use all the time, so they could not be replaced; run this again later",
        "视图一直被占用，未能切换，请稍后重试",
    )
