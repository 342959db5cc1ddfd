"""Dead letters: records that could not be handled, stored with the cause and published to a topic of their own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg
import orjson
import structlog
from structlog.contextvars import bound_contextvars

from shared.chassis.aggregates import journal
from shared.chassis.base.clock import now, uuid5
from shared.chassis.base.findings import COUNTED_UP_TO
from shared.chassis.consumer.record import Record
from shared.chassis.database.pool import Connection
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.envelope import Envelope, source_of, traceparent_of
from shared.contracts.text import shortened
from shared.contracts.topics import DEAD_LETTERS, STREAM_OF
from shared.contracts.trace_context import parse

log = structlog.get_logger()
NAMESPACE: Final = UUID("6f0c1c56-5b0e-4c8e-9a55-0a2f7f3d1f10")
LONGEST_CAUSE: Final = 2000
_KEY: Final = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_UNSTORABLE: Final = re.compile(r"[\x00\ud800-\udfff]")


class RejectedRecord(NamedTuple):
    """A record that cannot be handled, and the cause, as text that a table, a topic and a log can hold."""

    record: Record
    cause: str

    @classmethod
    def because(cls, record: Record, cause: object) -> "RejectedRecord":
        """Escape NUL and lone surrogates in `cause`: it may quote the record, and PostgreSQL and JSON refuse them."""
        text = _UNSTORABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", str(cause))
        return cls(record, shortened(text, LONGEST_CAUSE))

    @property
    def bare(self) -> "RejectedRecord":
        """The same without key, headers and value of the record, for a record that cannot be stored."""
        return self._replace(record=self.record._replace(key=None, headers=(), value=None))

    @property
    def place(self) -> tuple[str, int, int]:
        """The position of the record: topic, partition, offset."""
        return self.record.topic, self.record.partition, self.record.offset


async def stored_places(db: Connection, cluster_id: str, dead: Sequence[RejectedRecord]) -> set[tuple[str, int, int]]:
    """The places of those rejected records that are stored as dead letters already."""
    rows = await db.fetch(
        """
        SELECT topic, partition, "offset" FROM dead_letter
        WHERE cluster_id = $1 AND (topic, partition, "offset") IN
            (SELECT * FROM unnest($2::text[], $3::int[], $4::bigint[]))
        """,
        cluster_id,
        *map(list, zip(*(rejected.place for rejected in dead), strict=True)),
    )
    return {(row["topic"], row["partition"], row["offset"]) for row in rows}


def put(writes: WriteBatch, cluster_id: str, service: str, dead: Sequence[RejectedRecord]) -> None:
    """Add dead letters to the table and to the journal, from which the relay sends them to their topic."""
    if not dead:
        return
    rows = [(*rejected.place, cluster_id, rejected.record.pack(), rejected.cause) for rejected in dead]
    writes.add(
        """
        INSERT INTO dead_letter (topic, partition, "offset", cluster_id, record, cause)
        SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[], $4::text[], $5::bytea[], $6::text[])
        ON CONFLICT DO NOTHING
        """,
        *map(list, zip(*rows, strict=True)),
    )
    journal.append(writes, [_envelope(rejected, cluster_id, service, now()) for rejected in dead], once=True)


def log_all(dead: Sequence[RejectedRecord]) -> None:
    """Log a line for each, with the trace and the aggregate if the record names them."""
    for rejected in dead:
        with bound_contextvars(**_names(rejected.record)):
            log.error("dead letter", place=rejected.place, cause=rejected.cause)


def _names(record: Record) -> dict[str, str]:
    names, stream = dict[str, str](), STREAM_OF.get(record.topic)
    if stream and _KEY.fullmatch(record.key or b""):
        names[stream] = (record.key or b"").decode()
    if (traceparent := traceparent_of(record.headers)) and (trace := parse(traceparent)):
        names["trace"] = f"{trace.trace_id:032x}"
    return names


def _envelope(dead: RejectedRecord, cluster_id: str, service: str, at: datetime) -> Envelope:
    """The fact about a dead letter: place and cause, and the record itself unless that makes the fact too large."""
    record = dead.record
    place = f"{cluster_id}/{record.topic}/{record.partition}/{record.offset}"
    name = uuid5(NAMESPACE, f"{service}:{place}")
    data = {"reader": service, "place": place, "cause": dead.cause}
    with_record = orjson.dumps(data | {"record": orjson.loads(record.pack())})
    return Envelope(
        id=name,
        stream=DEAD_LETTERS.carries,
        key=name,
        type="huying.dead-lettered.v1",
        source=source_of(service),
        subject=place,
        time=at,
        sequence=None,
        causation=None,
        correlation=None,
        traceparent=traceparent_of(record.headers),
        imported=False,
        data=(with_record if len(with_record) <= journal.LARGEST else orjson.dumps(data)).decode(),
    )


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A stored dead letter."""

    id: int
    cluster_id: str
    record: Record
    cause: str
    happened_at: datetime

    @property
    def place(self) -> str:
        """The position of the record as text: topic/partition/offset."""
        return f"{self.record.topic}/{self.record.partition}/{self.record.offset}"


class WaitingLetter(NamedTuple):
    """A dead letter as a list shows it, without the record."""

    id: int
    place: str
    cause: str
    happened_at: datetime


async def waiting(db: Connection, after: int, most: int) -> list[WaitingLetter]:
    """The dead letters that were not redriven yet, oldest first: at most `most` of them with ids above `after`."""
    rows = await db.fetch(
        """
        SELECT id, concat_ws('/', topic, partition, "offset"), cause, happened_at FROM dead_letter
        WHERE redriven_at IS NULL AND id > $1 ORDER BY id LIMIT $2
        """,
        after,
        most,
    )
    return [WaitingLetter(*row) for row in rows]


async def backlog(db: Connection) -> tuple[int, float]:
    """The number of those (at most `COUNTED_UP_TO`), and the age of the oldest in seconds; both 0 if there are none."""
    row = await db.fetchrow(
        """
        SELECT count(*), extract(epoch FROM now() - min(happened_at)) FROM (
            SELECT happened_at FROM dead_letter WHERE redriven_at IS NULL ORDER BY happened_at LIMIT $1
        ) AS first
        """,
        COUNTED_UP_TO,
    )
    assert row
    return row[0], float(row[1] or 0)


async def by_id(db: Connection, id: int) -> DeadLetter | None:
    """The dead letter with this id."""
    row = await db.fetchrow("SELECT id, cluster_id, record, cause, happened_at FROM dead_letter WHERE id = $1", id)
    return _letter(row) if row else None


async def mark_redriven(db: Connection, id: int) -> None:
    """Store that the record was redriven: it was handled successfully later."""
    await db.execute("UPDATE dead_letter SET redriven_at = now() WHERE id = $1", id)


def _letter(row: asyncpg.Record) -> DeadLetter:
    return DeadLetter(row["id"], row["cluster_id"], Record.unpack(row["record"]), row["cause"], row["happened_at"])
