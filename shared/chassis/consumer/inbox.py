"""The inbox of a service: its tables of parked facts, of notes already seen, and of offsets already handled."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final, NamedTuple
from uuid import UUID

from shared.chassis.base.findings import COUNTED_UP_TO
from shared.chassis.consumer.record import Record
from shared.chassis.database.pool import Connection
from shared.chassis.database.write_batch import WriteBatch

Place = tuple[str, UUID, int]
"""The position of a fact in the history of its aggregate: the stream, the aggregate's id, the sequence."""


@dataclass(slots=True)
class Loaded:
    """What the database holds for a batch: states of aggregates (JSON), parked facts, and ids of notes seen."""

    states: dict[str, dict[UUID, str]] = field(default_factory=dict)
    """By stream and by the aggregate's id."""
    parked: dict[Place, Record] = field(default_factory=dict)
    seen: set[UUID] = field(default_factory=set)
    tables: int | None = None
    """The oid of the table `progress` that was read: a rebuild replaces the tables, and the oid changes."""


async def load(db: Connection, tables: Mapping[str, str], keys: Collection[UUID], notes: Collection[UUID]) -> Loaded:
    """Load all that a batch needs in one query; `tables` holds the repositories' tables by stream.

    Locks nothing: writing raises `Stale` if another writer was first.
    """
    loaded = Loaded({stream: {} for stream in tables})
    for stream, id, state, sequence, record in await db.fetch(_query(tuple(tables.items())), list(keys), list(notes)):
        if state is not None:
            loaded.states[stream][id] = state
        elif id is None:
            loaded.tables = sequence
        elif record is not None:
            loaded.parked[stream, id, sequence] = Record.unpack(record)
        else:
            loaded.seen.add(id)
    return loaded


@cache
def _query(tables: Sequence[tuple[str, str]]) -> str:
    aggregates = " UNION ALL ".join(
        f"""SELECT '{stream}' AS stream, id, state::text, NULL::integer AS sequence, NULL::bytea AS record
        FROM "{table}" WHERE id = ANY($1)"""  # noqa: S608 (names of the service's own repositories)
        for stream, table in tables
    )
    return f"""{aggregates}
        UNION ALL SELECT stream, aggregateid, NULL, sequence, record FROM parked WHERE aggregateid = ANY($1)
        UNION ALL SELECT NULL, id, NULL, NULL, NULL FROM note_seen WHERE id = ANY($2)
        UNION ALL SELECT NULL, NULL, NULL, 'progress'::regclass::oid::bigint, NULL
        """  # noqa: S608


START: Final[Place] = ("", UUID(int=0), 0)
"""Before every parked fact."""


class Next(NamedTuple):
    """Parked facts that were looked at: how many, the last of them, and the aggregates whose next fact is among them,
    each with its stream."""

    looked_at: int
    last: Place
    aggregates: Sequence[tuple[str, UUID]]


async def ready_facts(db: Connection, tables: Mapping[str, str], after: Place, most: int) -> Next:
    """Looks at `most` parked facts behind the place of one, in the order of the table's key, so that it takes as long
    among a million as among a thousand; `tables` as for `load`."""
    stream, key, sequence = after
    rows = await db.fetch(_next_query(tuple(tables.items())), key, sequence, stream, most)
    last = (rows[-1]["stream"], rows[-1]["aggregateid"], rows[-1]["sequence"]) if rows else after
    return Next(len(rows), last, [(row["stream"], row["aggregateid"]) for row in rows if row["is_next"]])


@cache
def _next_query(tables: Sequence[tuple[str, str]]) -> str:
    known = [f"known_{n}" for n in range(len(tables))]
    joins = " ".join(
        f"""LEFT JOIN "{table}" AS {alias} ON stream = '{stream}' AND {alias}.id = aggregateid"""
        for alias, (stream, table) in zip(known, tables, strict=True)
    )
    versions = ", ".join(f"{alias}.version" for alias in known)
    streams = ", ".join(f"'{stream}'" for stream, _ in tables)
    return f"""
        SELECT stream, aggregateid, sequence,
            stream IN ({streams}) AND sequence = coalesce({versions}, 0) + 1 AS is_next
        FROM (
            SELECT stream, aggregateid, sequence FROM parked WHERE (aggregateid, sequence, stream) > ($1, $2, $3)
            ORDER BY aggregateid, sequence, stream LIMIT $4
        ) AS looked_at {joins}
        ORDER BY aggregateid, sequence, stream
        """  # noqa: S608 (names of the service's own repositories)


def park(writes: WriteBatch, waiting: Mapping[Place, Record]) -> None:
    """Store facts that came before an earlier fact of their aggregate."""
    if waiting:
        rows = [(*place, record.pack()) for place, record in waiting.items()]
        writes.add(
            """
            INSERT INTO parked (stream, aggregateid, sequence, record)
            SELECT * FROM unnest($1::text[], $2::uuid[], $3::int[], $4::bytea[]) ON CONFLICT DO NOTHING
            """,
            *map(list, zip(*rows, strict=True)),
        )


def unpark(writes: WriteBatch, places: Collection[Place]) -> None:
    """Forget parked facts that wait no longer."""
    if places:
        writes.add(
            """
            DELETE FROM parked WHERE (stream, aggregateid, sequence)
                IN (SELECT * FROM unnest($1::text[], $2::uuid[], $3::int[]))
            """,
            *map(list, zip(*places, strict=True)),
        )


def mark_seen(writes: WriteBatch, notes: Sequence[UUID]) -> None:
    """Store the ids of notes that were applied; writing raises `Stale` if another consumer stored one of them."""
    if notes:
        writes.add(
            "INSERT INTO note_seen (id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING", list(notes), rows=len(notes)
        )


def advance(writes: WriteBatch, records: Sequence[Record], tables: int | None = None) -> None:
    """Store the next offset of each partition, in the transaction that applies the records.

    With `tables`, the oid from `load`, writing raises `Stale` if a rebuild has replaced the tables since.
    """
    next_offsets: dict[tuple[str, int], int] = {}
    for record in records:
        partition = (record.topic, record.partition)
        next_offsets[partition] = max(record.offset + 1, next_offsets.get(partition, 0))
    writes.add(
        """
        INSERT INTO progress (topic, partition, next_offset)
        SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[])
        WHERE $4::bigint IS NULL OR $4 = 'progress'::regclass::oid::bigint
        ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset, handled_at = now()
        """,
        [topic for topic, _ in next_offsets],
        [number for _, number in next_offsets],
        list(next_offsets.values()),
        tables,
        rows=len(next_offsets),
    )


class Parked(NamedTuple):
    """The parked facts of one stream: their number (at most `COUNTED_UP_TO`), the number of their aggregates, and the
    age of the oldest in seconds."""

    stream: str
    facts: int
    aggregates: int
    seconds: float


async def parked_backlog(db: Connection) -> Sequence[Parked]:
    """Count the parked facts of each stream that has any. At most `COUNTED_UP_TO` of each stream are read, so that
    many parked facts of one stream do not hide those of another."""
    rows = await db.fetch(
        """
        WITH RECURSIVE streams (stream) AS (
            SELECT min(stream) FROM parked
            UNION ALL
            SELECT (SELECT min(parked.stream) FROM parked WHERE parked.stream > streams.stream)
            FROM streams WHERE streams.stream IS NOT NULL
        )
        SELECT stream, count(*), count(DISTINCT aggregateid), extract(epoch FROM now() - min(since))::float8
        FROM streams CROSS JOIN LATERAL (
            SELECT aggregateid, since FROM parked WHERE parked.stream = streams.stream ORDER BY since LIMIT $1
        ) AS first
        WHERE stream IS NOT NULL GROUP BY stream ORDER BY stream
        """,
        COUNTED_UP_TO,
    )
    return [Parked(*row) for row in rows]
