"""The tables beside the repositories of a service: parked facts, notes already seen, progress."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple
from uuid import UUID

from shared.chassis.base.findings import COUNTED_UP_TO
from shared.chassis.consumer.record import Record
from shared.chassis.database.pool import Connection
from shared.chassis.database.write_batch import WriteBatch

Place = tuple[str, UUID, int]
"""A fact's place in the life of its aggregate: the stream, the aggregate's id, the sequence."""


@dataclass(slots=True)
class Loaded:
    """What is known of a batch: aggregates as they are stored, facts that wait for an earlier one, notes seen."""

    states: dict[str, dict[UUID, str]] = field(default_factory=dict)
    """By stream and by the aggregate's id."""
    parked: dict[Place, Record] = field(default_factory=dict)
    seen: set[UUID] = field(default_factory=set)
    tables: int | None = None
    """Which tables were read: the oid of `progress`, which is another one once the tables were built anew."""


async def load(db: Connection, tables: Mapping[str, str], keys: Collection[UUID], notes: Collection[UUID]) -> Loaded:
    """Everything in one query, `tables` being the repositories' tables by stream.

    Locks nothing: writing raises `Stale` when another writer was first.
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


async def whose_turn_has_come(db: Connection, tables: Mapping[str, str]) -> list[tuple[str, UUID]]:
    """The aggregates whose next fact is parked, each with its stream; `tables` as for `load`."""
    turns: list[tuple[str, UUID]] = []
    for stream, table in tables.items():
        rows = await db.fetch(
            f"""
            SELECT aggregateid FROM parked LEFT JOIN "{table}" AS known ON known.id = aggregateid
            WHERE stream = $1 AND sequence = coalesce(known.version, 0) + 1 ORDER BY aggregateid
            """,  # noqa: S608 (names of the service's own repositories)
            stream,
        )
        turns += [(stream, row["aggregateid"]) for row in rows]
    return turns


def park(writes: WriteBatch, waiting: Mapping[Place, Record]) -> None:
    """Keep facts that came too early."""
    if waiting:
        rows = [(*place, record.pack()) for place, record in waiting.items()]
        writes.add(
            """
            INSERT INTO parked (stream, aggregateid, sequence, record)
            SELECT * FROM unnest($1::text[], $2::uuid[], $3::int[], $4::bytea[]) ON CONFLICT DO NOTHING
            """,
            *map(list, zip(*rows, strict=True)),
        )


def unpark(writes: WriteBatch, done: Collection[Place]) -> None:
    """Forget parked facts that wait no longer."""
    if done:
        writes.add(
            """
            DELETE FROM parked WHERE (stream, aggregateid, sequence)
                IN (SELECT * FROM unnest($1::text[], $2::uuid[], $3::int[]))
            """,
            *map(list, zip(*done, strict=True)),
        )


def mark_seen(writes: WriteBatch, notes: Sequence[UUID]) -> None:
    """Remember notes, each once; writing raises `Stale` when another reader was first."""
    if notes:
        writes.add(
            "INSERT INTO note_seen (id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING", list(notes), rows=len(notes)
        )


def advance(writes: WriteBatch, records: Sequence[Record], tables: int | None = None) -> None:
    """Remember how far was read, in the transaction that used it.

    With `tables`, as `load` gave them, writing raises `Stale` where others have taken their place since.
    """
    last: dict[tuple[str, int], int] = {}
    for record in records:
        place = (record.topic, record.partition)
        last[place] = max(record.offset + 1, last.get(place, 0))
    writes.add(
        """
        INSERT INTO progress (topic, partition, next_offset)
        SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[])
        WHERE $4::bigint IS NULL OR $4 = 'progress'::regclass::oid::bigint
        ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset, handled_at = now()
        """,
        [topic for topic, _ in last],
        [partition for _, partition in last],
        list(last.values()),
        tables,
        rows=len(last),
    )


class Parked(NamedTuple):
    """What of one stream is parked: facts, up to `COUNTED_UP_TO`, of how many aggregates, and since how many seconds
    the first."""

    stream: str
    facts: int
    aggregates: int
    seconds: float


async def parked_backlog(db: Connection) -> Sequence[Parked]:
    """By stream what is parked; nothing of a stream of which nothing is. Of each the first alone are looked at: many
    of one stream hide no other."""
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
