"""Reads the dead letters of a service, for those who mend them."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from shared.chassis.database import Connection
from shared.chassis.record import Record


@dataclass(frozen=True, slots=True)
class Letter:
    """A record that could not be handled, and why."""

    id: int
    cluster_id: str
    record: Record
    cause: str
    happened_at: datetime

    @property
    def place(self) -> str:
        """Where the record lies."""
        return f"{self.record.topic}/{self.record.partition}/{self.record.offset}"


_SELECT = "SELECT id, cluster_id, record, cause, happened_at FROM dead_letter"


async def waiting(db: Connection) -> list[Letter]:
    """Those that were not handled since, oldest first."""
    return [_letter(row) for row in await db.fetch(f"{_SELECT} WHERE redriven_at IS NULL ORDER BY id")]


async def one(db: Connection, id: int) -> Letter | None:
    """The letter with this id."""
    row = await db.fetchrow(f"{_SELECT} WHERE id = $1", id)
    return _letter(row) if row else None


async def mark_redriven(db: Connection, id: int) -> None:
    """Remember that it was handled after all."""
    await db.execute("UPDATE dead_letter SET redriven_at = now() WHERE id = $1", id)


def _letter(row: asyncpg.Record) -> Letter:
    return Letter(row["id"], row["cluster_id"], Record.unpack(row["record"]), row["cause"], row["happened_at"])
