"""Reporting's SQL about facts, counters and channels, one function for each statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from shared.chassis.database.pool import Connection
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand.facts import (
    DemandPublished,
    DemandSubmitted,
    DemandUnpublished,
    PublicationRefused,
)
from shared.contracts.demand.state import Demand
from shared.contracts.envelope import Envelope


def put_facts(writes: WriteBatch, envelopes: Sequence[Envelope]) -> None:
    """Insert facts, without their texts."""
    rows = [(e.id, e.key, e.sequence, e.type, e.source, e.time) for e in envelopes]
    writes.add(
        """
        INSERT INTO fact (id, demand_id, sequence, type, source, time)
        SELECT * FROM unnest($1::fact_row[]) ON CONFLICT DO NOTHING
        """,
        rows,
    )


def put_channels(writes: WriteBatch, raised: Sequence[DemandSubmitted]) -> None:
    """Insert or rename the channels of these demands. All writers take the rows in the same order, so that two cannot
    deadlock."""
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


def put_agreements(writes: WriteBatch, agreed: Sequence[tuple[UUID, int]]) -> None:
    """Insert how many refusals of publication each citizen took back; rows in the same order, as above."""
    highest: dict[UUID, int] = {}
    for key, refusals in agreed:
        highest[key] = max(refusals, highest.get(key, 0))
    writes.add(
        """
        INSERT INTO agreement AS known SELECT * FROM unnest($1::uuid[], $2::integer[])
        ON CONFLICT (demand_id) DO UPDATE SET refusals = greatest(known.refusals, excluded.refusals)
        """,
        sorted(highest),
        [highest[key] for key in sorted(highest)],
    )


def add(writes: WriteBatch, table: str, period: str, counts: Mapping[tuple[str, date, str, str, str], int]) -> None:
    """Add differences to a counter table. All writers take the rows in the same order, so that two cannot deadlock."""
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


def add_owed(writes: WriteBatch, counts: Mapping[tuple[str, datetime], int]) -> None:
    """Add differences to the counts of owed answers; rows in the same order, as above."""
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
    """How many open demands are past their due time."""
    count: int = await db.fetchval(
        "SELECT coalesce(sum(n), 0)::bigint FROM owed WHERE jurisdiction = $1 AND due_at < $2", jurisdiction, at
    )
    return count


async def channels(db: Connection) -> dict[str, str]:
    """The names of the registered channels, by their ids."""
    return {row["id"]: row["name"] for row in await db.fetch("SELECT id, name FROM channel")}


async def last_batch_at(db: Connection) -> datetime | None:
    """When the last batch was projected; None before the first."""
    moment: datetime | None = await db.fetchval("SELECT max(handled_at) FROM progress")
    return moment


async def demand_by_number(db: Connection, number: str) -> Demand | None:
    """The demand with this number; None if there is none."""
    state = await db.fetchval("SELECT state::text FROM demand_facts WHERE number = $1", number)
    return Demand.model_validate_json(state) if state else None


@dataclass(frozen=True, slots=True)
class FactSummary:
    """One fact of a demand, without its texts."""

    id: UUID
    sequence: int | None
    type: str
    source: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Consents:
    """What citizens and offices decided about the publication of some demands."""

    withheld: frozenset[UUID] = frozenset()
    """Demands whose citizens refused after the submission and did not agree again, or whose publication was taken back
    last."""
    allowed: frozenset[UUID] = frozenset()
    """Demands whose citizens agreed after the submission and did not refuse again."""


NOTHING_SAID: Final = Consents()


async def consents(db: Connection, ids: Sequence[UUID]) -> Consents:
    """What was decided about the publication of these demands. An agreement takes back as many refusals as it names, in
    whatever order they arrive (ADR 43)."""
    rows = await db.fetch(
        """
        SELECT id, refusals > coalesce(allowed, 0) AS is_refused, allowed IS NOT NULL AS is_allowed, is_taken_back
        FROM (
            SELECT asked.id,
                (SELECT count(*) FROM fact WHERE demand_id = asked.id AND type = $2) AS refusals,
                (SELECT refusals FROM agreement WHERE demand_id = asked.id) AS allowed,
                (SELECT type = $3 FROM fact WHERE demand_id = asked.id AND type IN ($3, $4)
                    ORDER BY time DESC, fact.id DESC LIMIT 1) AS is_taken_back
            FROM unnest($1::uuid[]) AS asked (id)
        ) AS said
        """,
        list(ids),
        PublicationRefused.wire_type(),
        DemandUnpublished.wire_type(),
        DemandPublished.wire_type(),
    )
    return Consents(
        frozenset(row["id"] for row in rows if row["is_refused"] or row["is_taken_back"]),
        frozenset(row["id"] for row in rows if row["is_allowed"] and not row["is_refused"]),
    )


async def facts_of(db: Connection, number: str) -> list[FactSummary]:
    """All facts of a demand, in the order of their times."""
    rows = await db.fetch(
        """
        SELECT fact.id, fact.sequence, fact.type, fact.source, fact.time
        FROM fact JOIN demand_facts ON demand_facts.id = fact.demand_id
        WHERE demand_facts.number = $1 ORDER BY fact.time, fact.sequence NULLS LAST
        """,
        number,
    )
    return [FactSummary(*row.values()) for row in rows]
