"""Appends to a journal as a service does."""

from collections.abc import Sequence

from shared.chassis.aggregates import journal
from shared.chassis.database.pool import Connection
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.envelope import Envelope


async def append(db: Connection, envelopes: Sequence[Envelope]) -> None:
    """Append; raises `Refused` when another writer was first."""
    writes = WriteBatch()
    journal.append(writes, envelopes)
    await writes.write(db)
