"""The journal: what a service tells, appended in the transaction that made it true."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from shared.chassis.database import Connection
from shared.contracts.envelope import Envelope
from shared.contracts.refusals import Code, Refused

COLUMNS: Final = (
    "id, aggregatetype, aggregateid, type, source, subject, time, sequence,"
    " causation, correlation, traceparent, imported, payload"
)
_APPEND: Final = f"""
    INSERT INTO journal ({COLUMNS})
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[],
        $7::timestamptz[], $8::int[], $9::uuid[], $10::uuid[], $11::text[], $12::bool[], $13::text[])
"""  # noqa: S608 (a constant list of columns)
WAKE: Final = "journal"


async def append(db: Connection, told: Sequence[Envelope]) -> None:
    """Append in one statement and wake the relay; raises `Refused` when another writer was first."""
    if not told:
        return
    rows = [
        (e.id, e.stream, e.key, e.type, e.source, e.subject, e.time, e.sequence,
         e.causation, e.correlation, e.traceparent, e.imported, e.data)
        for e in told
    ]  # fmt: skip
    # Notified at the commit. The transaction has its id before it takes a position: see `unsent`.
    await db.execute("SELECT pg_notify($1 || '.' || current_schema(), ''), pg_current_xact_id()", WAKE)
    try:
        await db.execute(_APPEND, *map(list, zip(*rows, strict=True)))
    except asyncpg.UniqueViolationError as fault:
        raise Refused(Code.CONFLICT, "another request told the next fact of this demand first") from fault


def from_row(row: asyncpg.Record) -> Envelope:
    """The envelope as it was appended; `row` holds `COLUMNS`."""
    return Envelope(
        id=row["id"],
        stream=row["aggregatetype"],
        key=row["aggregateid"],
        type=row["type"],
        source=row["source"],
        subject=row["subject"],
        time=row["time"],
        sequence=row["sequence"],
        causation=row["causation"],
        correlation=row["correlation"],
        traceparent=row["traceparent"],
        imported=row["imported"],
        data=row["payload"],
    )
