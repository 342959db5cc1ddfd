"""Routing's questions to its database, one function each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.routing.cases.timeline import TimelineEntry
from shared.chassis.database.pool import Connection
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand.facts import DemandSubmitted, Location
from shared.contracts.demand.state import Demand
from shared.contracts.envelope import Envelope
from shared.contracts.event_types import current_data


@dataclass(frozen=True, slots=True)
class StoredCase:
    """What routing knows of one demand."""

    demand: Demand
    text: str
    location: Location | None
    attachments: tuple[str, ...]
    timeline: list[TimelineEntry]


async def id_of(db: Connection, number: str) -> UUID | None:
    """The demand with this number."""
    id: UUID | None = await db.fetchval("SELECT id FROM demand WHERE number = $1", number)
    return id


async def case(db: Connection, number: str) -> StoredCase | None:
    """A demand, what the citizen submitted, and everything that was told of it since."""
    row = await db.fetchrow(
        """
        SELECT demand.id, state::text, coalesce(text, '') AS text, location::text, attachments
        FROM demand LEFT JOIN wording ON demand_id = demand.id WHERE number = $1
        """,
        number,
    )
    if row is None:
        return None
    return StoredCase(
        Demand.model_validate_json(row["state"]),
        row["text"],
        Location.model_validate_json(row["location"]) if row["location"] else None,
        tuple(row["attachments"] or ()),
        await _timeline(db, row["id"]),
    )


async def _timeline(db: Connection, demand_id: UUID) -> list[TimelineEntry]:
    """What routing told is in its journal; what others told was kept when it was heard."""
    rows = await db.fetch(
        """
        SELECT id, type, source, time, sequence, payload FROM journal WHERE aggregateid = $1
        UNION ALL
        SELECT id, type, source, time, sequence, payload FROM heard_fact WHERE demand_id = $1
        ORDER BY time, sequence NULLS LAST, id
        """,
        demand_id,
    )
    return [
        TimelineEntry(
            id=row["id"],
            type=row["type"].rpartition(".")[0],
            by=row["source"].rpartition("/")[2],
            at=row["time"],
            data=current_data(row["type"], row["payload"]),
        )
        for row in rows
    ]


async def assisted(db: Connection, unit: str, after: UUID | None, limit: int) -> list[Demand]:
    """What a unit assists with while another leads, oldest first."""
    rows = await db.fetch(
        """
        SELECT state::text FROM demand
        WHERE state -> 'assisting' ? $1 AND status IN ('routed', 'accepted', 'in_progress', 'listed')
            AND ($2::uuid IS NULL OR id > $2)
        ORDER BY id LIMIT $3
        """,
        unit,
        after,
        limit,
    )
    return [Demand.model_validate_json(row["state"]) for row in rows]


async def worklist(db: Connection, unit: str, after: UUID | None, limit: int) -> list[Demand]:
    """What lies with a unit, oldest first."""
    rows = await db.fetch(
        """
        SELECT state::text FROM demand
        WHERE unit = $1 AND status IN ('routed', 'accepted', 'in_progress', 'listed') AND ($2::uuid IS NULL OR id > $2)
        ORDER BY id LIMIT $3
        """,
        unit,
        after,
        limit,
    )
    return [Demand.model_validate_json(row["state"]) for row in rows]


async def triage(db: Connection, jurisdiction: str, after: UUID | None, limit: int) -> list[Demand]:
    """What waits for a dispatcher of a jurisdiction, oldest first."""
    rows = await db.fetch(
        """
        SELECT state::text FROM demand
        WHERE status = 'triage' AND state ->> 'jurisdiction' = $1 AND ($2::uuid IS NULL OR id > $2)
        ORDER BY id LIMIT $3
        """,
        jurisdiction,
        after,
        limit,
    )
    return [Demand.model_validate_json(row["state"]) for row in rows]


def put_submissions(writes: WriteBatch, submitted: Mapping[UUID, DemandSubmitted]) -> None:
    """Keep what citizens wrote, where it is and which files they sent, by demand."""
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


def put_heard(writes: WriteBatch, envelopes: Sequence[Envelope]) -> None:
    """Keep what other services told, for the timeline of its case."""
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
