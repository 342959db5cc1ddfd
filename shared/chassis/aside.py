"""The tables beside a ledger: parked facts, dead letters, notes already seen, progress."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import orjson

from shared.chassis import journal
from shared.chassis.clock import now, uuid5
from shared.chassis.database import Connection
from shared.chassis.record import Record
from shared.chassis.writes import Writes
from shared.contracts.envelope import Envelope
from shared.contracts.topics import DEAD_LETTERS

NAMESPACE = UUID("6f0c1c56-5b0e-4c8e-9a55-0a2f7f3d1f10")


async def parked(db: Connection, keys: Collection[UUID]) -> dict[tuple[UUID, int], Record]:
    """Facts of these aggregates that wait for an earlier one."""
    rows = await db.fetch("SELECT aggregateid, sequence, record FROM parked WHERE aggregateid = ANY($1)", list(keys))
    return {(row["aggregateid"], row["sequence"]): Record.unpack(row["record"]) for row in rows}


def park(writes: Writes, waiting: Sequence[tuple[Record, Envelope]]) -> None:
    """Keep facts that came too early."""
    if waiting:
        rows = [(envelope.key, envelope.sequence, record.pack()) for record, envelope in waiting]
        writes.add(
            """
            INSERT INTO parked (aggregateid, sequence, record)
            SELECT * FROM unnest($1::uuid[], $2::int[], $3::bytea[]) ON CONFLICT DO NOTHING
            """,
            *map(list, zip(*rows, strict=True)),
        )


def unpark(writes: Writes, done: Collection[tuple[UUID, int]]) -> None:
    """Forget parked facts that have been applied."""
    if done:
        writes.add(
            "DELETE FROM parked WHERE (aggregateid, sequence) IN (SELECT * FROM unnest($1::uuid[], $2::int[]))",
            *map(list, zip(*done, strict=True)),
        )


async def unseen(db: Connection, notes: Sequence[UUID]) -> set[UUID]:
    """Which of these notes are new; from now on they are not."""
    if not notes:
        return set()
    rows = await db.fetch(
        "INSERT INTO note_seen (id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING RETURNING id",
        list(set(notes)),
    )
    return {row["id"] for row in rows}


async def bury(db: Connection, cluster_id: str, service: str, dead: Sequence[tuple[Record, str]]) -> None:
    """Write dead letters to the table and, through the journal, to their topic; once each."""
    fresh = []
    for record, cause in dead:
        known = await db.fetchval(
            """
            INSERT INTO dead_letter (topic, partition, "offset", cluster_id, record, cause)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING id
            """,
            record.topic, record.partition, record.offset, cluster_id, record.pack(), cause,
        )  # fmt: skip
        if known is not None:
            fresh.append(_letter(service, cluster_id, record, cause, now()))
    writes = Writes()
    journal.append(writes, fresh)
    await writes.write(db)


def _letter(service: str, cluster_id: str, record: Record, cause: str, at: datetime) -> Envelope:
    place = f"{cluster_id}/{record.topic}/{record.partition}/{record.offset}"
    name = uuid5(NAMESPACE, f"{service}:{place}")
    told = {"reader": service, "place": place, "cause": cause, "record": orjson.loads(record.pack())}
    return Envelope(
        id=name,
        stream=DEAD_LETTERS.carries,
        key=name,
        type="huying.dead-lettered.v1",
        source=f"/services/{service}",
        subject=place,
        time=at,
        sequence=None,
        causation=None,
        correlation=None,
        traceparent=None,
        imported=False,
        data=orjson.dumps(told).decode(),
    )


def progress(writes: Writes, records: Sequence[Record]) -> None:
    """Remember how far was read, in the transaction that used it."""
    last: dict[tuple[str, int], int] = {}
    for record in records:
        place = (record.topic, record.partition)
        last[place] = max(record.offset + 1, last.get(place, 0))
    writes.add(
        """
        INSERT INTO progress (topic, partition, next_offset)
        SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[])
        ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset, handled_at = now()
        """,
        [topic for topic, _ in last],
        [partition for _, partition in last],
        list(last.values()),
    )
