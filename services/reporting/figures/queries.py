"""Reporting's questions to its database, one function each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from shared.chassis.database.pool import Connection
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand.facts import (
    DemandSubmitted,
    DemandUnpublished,
    PublicationAllowed,
    PublicationRefused,
)
from shared.contracts.demand.groups import PUBLICATION_NOTES
from shared.contracts.demand.state import Demand
from shared.contracts.envelope import Envelope


def put_facts(writes: WriteBatch, heard: Sequence[Envelope]) -> None:
    """Keep what was heard."""
    rows = [(e.id, e.key, e.sequence, e.type, e.source, e.time) for e in heard]
    writes.add(
        """
        INSERT INTO fact (id, demand_id, sequence, type, source, time)
        SELECT * FROM unnest($1::fact_row[]) ON CONFLICT DO NOTHING
        """,
        rows,
    )


def call_channels(writes: WriteBatch, raised: Sequence[DemandSubmitted]) -> None:
    """Keep what the channels of these demands are called; rows in one order, and written where they have changed."""
    rows = {fact.channel: (fact.channel_kind, fact.channel_name) for fact in raised if fact.channel_name}
    if rows:
        ids = sorted(rows)
        writes.add(
            """
            INSERT INTO channel AS known (id, kind, name)
            SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
            ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, name = excluded.name
            WHERE (known.kind, known.name) IS DISTINCT FROM (excluded.kind, excluded.name)
            """,
            ids, [str(rows[id][0]) for id in ids], [rows[id][1] for id in ids],
        )  # fmt: skip


def add(writes: WriteBatch, table: str, period: str, counts: Mapping[tuple[str, date, str, str, str], int]) -> None:
    """Add differences to a counter table; rows in one order, so that two writers cannot block each other."""
    rows = sorted((*row, n) for row, n in counts.items() if n)
    if rows:
        writes.add(
            f"""
            INSERT INTO {table} AS known (jurisdiction, {period}, dimension, key, measure, n)
            SELECT * FROM unnest($1::counter_row[])
            ON CONFLICT (jurisdiction, dimension, {period}, key, measure) DO UPDATE SET n = known.n + excluded.n
            """,  # noqa: S608 (two tables, named in this service)
            rows,
        )


def owe(writes: WriteBatch, counts: Mapping[tuple[str, datetime], int]) -> None:
    """Add differences to what is owed; rows in one order, as above."""
    rows = sorted((*row, n) for row, n in counts.items() if n)
    if rows:
        writes.add(
            """
            INSERT INTO owed AS known (jurisdiction, due_at, n)
            SELECT * FROM unnest($1::owed_row[])
            ON CONFLICT (jurisdiction, due_at) DO UPDATE SET n = known.n + excluded.n
            """,
            rows,
        )


async def overdue(db: Connection, jurisdiction: str, at: datetime) -> int:
    """Open demands whose due time has passed."""
    count: int = await db.fetchval(
        "SELECT coalesce(sum(n), 0)::bigint FROM owed WHERE jurisdiction = $1 AND due_at < $2", jurisdiction, at
    )
    return count


async def channels(db: Connection) -> dict[str, str]:
    """What people call the registered channels, by their ids."""
    return {row["id"]: row["name"] for row in await db.fetch("SELECT id, name FROM channel")}


async def heard_at(db: Connection) -> datetime | None:
    """When the last batch was folded in."""
    moment: datetime | None = await db.fetchval("SELECT max(handled_at) FROM progress")
    return moment


async def demand_by_number(db: Connection, number: str) -> Demand | None:
    """The demand with this number."""
    state = await db.fetchval("SELECT state::text FROM demand_facts WHERE number = $1", number)
    return Demand.model_validate_json(state) if state else None


@dataclass(frozen=True, slots=True)
class Told:
    """One fact of a demand as it was heard."""

    id: UUID
    sequence: int | None
    type: str
    source: str
    time: datetime


async def withheld(db: Connection, ids: Sequence[UUID]) -> frozenset[UUID]:
    """Those of the demands whose citizens want nothing published, or whose publication was taken back last.

    A citizen's yes and no are told by one service, under the demand's lock: the later one counts.
    """
    rows = await db.fetch(
        """
        SELECT demand_id FROM (
            SELECT DISTINCT ON (demand_id, type = ANY($3)) demand_id, type FROM fact
            WHERE demand_id = ANY($1::uuid[]) AND type = ANY($2::text[])
            ORDER BY demand_id, type = ANY($3), time DESC, type = $4 DESC, id DESC
        ) AS last WHERE type = ANY($5)
        """,
        list(ids),
        [kind.wire_type() for kind in PUBLICATION_NOTES],
        [PublicationRefused.wire_type(), PublicationAllowed.wire_type()],
        PublicationRefused.wire_type(),
        [PublicationRefused.wire_type(), DemandUnpublished.wire_type()],
    )
    return frozenset(row["demand_id"] for row in rows)


async def facts_of(db: Connection, number: str) -> list[Told]:
    """Everything that was said of a demand, in order."""
    rows = await db.fetch(
        """
        SELECT fact.id, fact.sequence, fact.type, fact.source, fact.time
        FROM fact JOIN demand_facts ON demand_facts.id = fact.demand_id
        WHERE demand_facts.number = $1 ORDER BY fact.time, fact.sequence NULLS LAST
        """,
        number,
    )
    return [Told(*row.values()) for row in rows]
