"""The journal: the outbox of a service. Its facts are appended in the transaction that changes the aggregates."""

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
"""The most bytes of a fact. A broker accepts 1,048,576 bytes with headers and framing (`message.max.bytes`)."""
# PostgreSQL delivers the notification at the commit. The join with `woken` gives the transaction its id before it
# takes a position in the journal: `relay/gaps.py` relies on this order.
_APPEND: Final = f"""
    WITH woken AS MATERIALIZED (SELECT pg_notify('{WAKE}.' || current_schema(), ''), pg_current_xact_id())
    INSERT INTO journal ({COLUMNS})
    SELECT fact.* FROM woken, unnest($1::journal_row[]) AS fact
"""  # noqa: S608 (constants)


def append(writes: WriteBatch, envelopes: Sequence[Envelope], *, once: bool = False) -> None:
    """Add facts to the journal, and wake the relay at the commit.

    Raises `Refused` if a fact is too large. `writes.write` raises `Stale` if another writer was first.
    With `once`, facts whose ids are in the journal already are skipped.
    """
    if not envelopes:
        return
    for envelope in envelopes:
        _check_size(envelope)
    rows = [
        (e.id, e.stream, e.key, e.type, e.source, e.subject, e.time, e.sequence,
         e.causation, e.correlation, e.traceparent, e.imported, e.data)
        for e in envelopes
    ]  # fmt: skip
    writes.add(f"{_APPEND} ON CONFLICT (id) DO NOTHING" if once else _APPEND, rows)
    for constraint in ("journal_one_writer", "journal_pkey"):
        writes.clash(constraint, Stale())


def _check_size(envelope: Envelope) -> None:
    """Refuse a fact that the broker would refuse: the relay could send neither it nor the facts after it."""
    # A character has at most four bytes in UTF-8, so short texts need not be encoded to be measured.
    if len(envelope.data) * 4 > LARGEST and (size := len(envelope.data.encode())) > LARGEST:
        en = (
            f"{envelope.type} of {envelope.subject} has {size:,} bytes; the limit is {LARGEST:,}:"
            " shorten it, or send it in several parts"
        )
        raise Refused(Code.TOO_LARGE, en, f"内容过大（{size:,} 字节，上限 {LARGEST:,}），请精简或分次提交")


def from_row(row: asyncpg.Record) -> Envelope:
    """The envelope that was appended; `row` holds the columns `COLUMNS`."""
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
