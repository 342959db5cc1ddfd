"""The journal: what a service tells, appended in the transaction that made it true."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from shared.chassis.database.write_batch import Stale, WriteBatch
from shared.contracts.envelope import Envelope
from shared.contracts.refusals import Code, Refused

COLUMNS: Final = (
    "id, aggregatetype, aggregateid, type, source, subject, time, sequence,"
    " causation, correlation, traceparent, imported, payload"
)
WAKE: Final = "journal"
LARGEST: Final = 900_000
"""Bytes of a fact; a broker takes 1,048,576 with headers and framing (`message.max.bytes`)."""
# Notified at the commit. A row is joined to `woken`, so that the transaction has its id before it takes a position:
# see `unsent`.
_APPEND: Final = f"""
    WITH woken AS MATERIALIZED (SELECT pg_notify('{WAKE}.' || current_schema(), ''), pg_current_xact_id())
    INSERT INTO journal ({COLUMNS})
    SELECT told.* FROM woken, unnest($1::journal_row[]) AS told
"""  # noqa: S608 (constants)


def append(writes: WriteBatch, told: Sequence[Envelope], *, once: bool = False) -> None:
    """Append and wake the relay; raises `Refused` for a fact too large, writing raises `Stale` after another writer.

    With `once`, an id that stands in the journal already was told then, and is not told again.
    """
    if not told:
        return
    for one in told:
        _fits(one)
    rows = [
        (e.id, e.stream, e.key, e.type, e.source, e.subject, e.time, e.sequence,
         e.causation, e.correlation, e.traceparent, e.imported, e.data)
        for e in told
    ]  # fmt: skip
    writes.add(f"{_APPEND} ON CONFLICT (id) DO NOTHING" if once else _APPEND, rows)
    for constraint in ("journal_one_writer", "journal_pkey"):
        writes.clash(constraint, Stale())


def _fits(told: Envelope) -> None:
    """Refuse what no broker would take; the relay could never send it, nor anything after it."""
    # A character has three bytes at most where JSON keeps it as it is, and four as a pair.
    if len(told.data) * 4 > LARGEST and (size := len(told.data.encode())) > LARGEST:
        en = (
            f"{told.type} of {told.subject} has {size:,} bytes; a fact may have {LARGEST:,}: say less, or in more steps"
        )
        raise Refused(Code.TOO_LARGE, en, f"内容过大（{size:,} 字节，上限 {LARGEST:,}），请精简或分次提交")


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
