"""Routing's SQL about cases, one function for each statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from services.routing.cases.policies import words_of
from services.routing.cases.timeline import TimelineEntry
from shared.chassis.database.pool import Connection
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand.facts import DemandSubmitted, DemandTriaged, Location, StatusFact
from shared.contracts.demand.state import Demand
from shared.contracts.envelope import Envelope
from shared.contracts.event_types import current_data, parse


@dataclass(frozen=True, slots=True)
class StoredCase:
    """Everything that routing has stored about one demand."""

    demand: Demand
    text: str
    location: Location | None
    attachments: tuple[str, ...]
    timeline: list[TimelineEntry]
    status_facts: list[tuple[StatusFact, datetime]]
    """The status facts after the submission, in sequence, each with its time."""


async def id_of(db: Connection, number: str) -> UUID | None:
    """The id of the demand with this number; None if routing has none."""
    id: UUID | None = await db.fetchval("SELECT id FROM demand WHERE number = $1", number)
    return id


async def by_number(db: Connection, number: str) -> Demand | None:
    """The state of the demand with this number; None if routing has none."""
    state = await db.fetchval("SELECT state::text FROM demand WHERE number = $1", number)
    return Demand.model_validate_json(state) if state else None


async def words(db: Connection, demand: Demand) -> str:
    """The text in which rules look for keywords: title and text of the demand, masked."""
    text = await db.fetchval("SELECT text FROM wording WHERE demand_id = $1", demand.id)
    return words_of(demand, text or "")


async def lock(db: Connection, numbers: Sequence[str]) -> None:
    """Lock these demands until the transaction ends. They are locked in the order of their ids, so that two merges
    cannot deadlock."""
    await db.execute("SELECT FROM demand WHERE number = ANY($1::text[]) ORDER BY id FOR UPDATE", list(numbers))


async def case(db: Connection, number: str) -> StoredCase | None:
    """The demand with this number, with what the citizen submitted and all facts since; None if routing has none."""
    row = await db.fetchrow(
        """
        SELECT demand.id, state::text, coalesce(text, '') AS text, location::text, attachments
        FROM demand LEFT JOIN wording ON demand_id = demand.id WHERE number = $1
        """,
        number,
    )
    if row is None:
        return None
    past = await _past(db, row["id"])
    return StoredCase(
        Demand.model_validate_json(row["state"]),
        row["text"],
        Location.model_validate_json(row["location"]) if row["location"] else None,
        tuple(row["attachments"] or ()),
        [_entry(fact) for fact in past],
        _status_facts(past),
    )


async def merged_into(db: Connection, id: UUID) -> Sequence[asyncpg.Record]:
    """The number, title and status of each demand that was merged into this one."""
    rows: Sequence[asyncpg.Record] = await db.fetch(
        "SELECT number, state ->> 'title' AS title, status FROM demand"
        " WHERE parent = $1 AND status = 'merged' ORDER BY id LIMIT 100",
        id,
    )
    return rows


async def similar(db: Connection, demand: Demand) -> Sequence[asyncpg.Record]:
    """The number, title and status of open cases with the same unit, category and division; at most five, newest
    first."""
    rows: Sequence[asyncpg.Record] = await db.fetch(
        """
        SELECT number, state ->> 'title' AS title, status FROM demand
        WHERE open_unit = $1 AND id <> $2 AND category = $3 AND division = $4
        ORDER BY id DESC LIMIT 5
        """,
        demand.unit,
        demand.id,
        demand.category,
        demand.division,
    )
    return rows


async def _past(db: Connection, demand_id: UUID) -> list[asyncpg.Record]:
    """All facts of a demand: routing's own from its journal, those of other services from `heard_fact`."""
    rows: list[asyncpg.Record] = await db.fetch(
        """
        SELECT id, type, source, time, sequence, payload FROM journal WHERE aggregateid = $1
        UNION ALL
        SELECT id, type, source, time, sequence, payload FROM heard_fact WHERE demand_id = $1
        ORDER BY time, sequence NULLS LAST, id
        """,
        demand_id,
    )
    return rows


def _entry(row: asyncpg.Record) -> TimelineEntry:
    return TimelineEntry(
        id=row["id"],
        type=row["type"].rpartition(".")[0],
        by=row["source"].rpartition("/")[2],
        at=row["time"],
        data=current_data(row["type"], row["payload"]),
    )


async def status_facts(db: Connection, demand_id: UUID) -> list[tuple[StatusFact, datetime]]:
    """The status facts of a demand after its submission, of all services, in sequence."""
    return _status_facts(await _past(db, demand_id))


def _status_facts(past: Sequence[asyncpg.Record]) -> list[tuple[StatusFact, datetime]]:
    numbered = sorted((row for row in past if row["sequence"] is not None), key=lambda row: row["sequence"])
    facts = ((parse(row["type"], row["payload"]), row["time"]) for row in numbered)
    return [(fact, at) for fact, at in facts if isinstance(fact, StatusFact)]


def put_submissions(writes: WriteBatch, submitted: Mapping[UUID, DemandSubmitted]) -> None:
    """Insert the texts, places and files of demands, by the ids of the demands."""
    writes.add(
        """
        INSERT INTO wording (demand_id, text, location, attachments)
        SELECT demand_id, text, location::jsonb, string_to_array(nullif(files, ''), ' ')
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS new (demand_id, text, location, files)
        ON CONFLICT DO NOTHING
        """,
        list(submitted),
        [fact.text for fact in submitted.values()],
        [fact.location and fact.location.model_dump_json() for fact in submitted.values()],
        [" ".join(fact.attachments) for fact in submitted.values()],
    )


def put_received_facts(writes: WriteBatch, envelopes: Sequence[Envelope]) -> None:
    """Insert facts of other services, for the timelines of their cases."""
    writes.add(
        """
        INSERT INTO heard_fact (id, demand_id, type, source, time, sequence, payload)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::int[], $7::text[])
        ON CONFLICT DO NOTHING
        """,
        [envelope.id for envelope in envelopes],
        [envelope.key for envelope in envelopes],
        [envelope.type for envelope in envelopes],
        [envelope.source for envelope in envelopes],
        [envelope.time for envelope in envelopes],
        [envelope.sequence for envelope in envelopes],
        [envelope.data for envelope in envelopes],
    )


class Attention(NamedTuple):
    """What notes add to the marks of a demand; `words_at` is when its citizen last said something."""

    demand_id: UUID
    urges: int = 0
    supports: int = 0
    words_at: datetime | None = None
    escalated_to: str | None = None

    def joined(self, later: "Attention") -> "Attention":
        """The sum of both; `later` wins where there can be only one value."""
        latest = max(filter(None, (self.words_at, later.words_at)), default=None)
        return Attention(
            self.demand_id,
            self.urges + later.urges,
            self.supports + later.supports,
            latest,
            later.escalated_to or self.escalated_to,
        )


def put_attention(writes: WriteBatch, rows: Sequence[Attention]) -> None:
    """Add these values to the marks of demands."""
    sums: dict[UUID, Attention] = {}
    for row in rows:
        earlier = sums.get(row.demand_id)
        sums[row.demand_id] = earlier.joined(row) if earlier else row
    # In a statement after the batch's own, because that writes the same rows of `demand`.
    writes.after.add(
        """
        UPDATE demand SET
            urges = demand.urges + new.urges, supports = demand.supports + new.supports,
            words_at = greatest(demand.words_at, new.words_at),
            escalated_to = coalesce(new.escalated_to, demand.escalated_to)
        FROM unnest($1::attention_row[]) AS new WHERE demand.id = new.demand_id
        """,
        list(sums.values()),
    )


class TriageReason(NamedTuple):
    """Why a demand is in triage, which units were suggested, and what the citizen wrote."""

    reason: str
    suggestions: tuple[str, ...]
    text: str


async def triage_reasons(db: Connection, ids: Sequence[UUID]) -> dict[UUID, TriageReason]:
    """By the id of each demand the last reason for its triage, of routing itself or of imported history."""
    rows = await db.fetch(
        """
        SELECT DISTINCT ON (demand_id) demand_id, payload, coalesce(text, '') AS text FROM (
            SELECT aggregateid AS demand_id, payload, time FROM journal
            WHERE aggregateid = ANY($1::uuid[]) AND type LIKE 'demand.triaged.%'
            UNION ALL
            SELECT demand_id, payload, time FROM heard_fact
            WHERE demand_id = ANY($1::uuid[]) AND type LIKE 'demand.triaged.%'
        ) AS triaged LEFT JOIN wording USING (demand_id) ORDER BY demand_id, time DESC
        """,
        list(ids),
    )
    reasons = {}
    for row in rows:
        fact = DemandTriaged.model_validate_json(row["payload"])
        reasons[row["demand_id"]] = TriageReason(fact.reason, fact.suggestions, row["text"])
    return reasons
