"""Intake's questions to its database, one function each."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from shared.chassis.database import Connection
from shared.chassis.writes import Writes
from shared.contracts.demand import Demand
from shared.contracts.facts import ChannelKind, DemandSubmitted, HistoryContinued


class Channel(NamedTuple):
    """A front end that has shown its key, with the division of what comes without one."""

    id: str
    kind: ChannelKind
    scopes: frozenset[str]
    division: str | None = None
    name: str = ""


class Submission(NamedTuple):
    """A row of `submission`, in the order of `submission_row`."""

    id: UUID
    channel: str
    idempotency_key: str
    external_id: str | None
    fingerprint: bytes
    number: str
    submitted_at: datetime
    programme: UUID | None = None


async def put_channel(
    db: Connection, id: str, kind: ChannelKind, name: str, key_hash: bytes, scopes: Sequence[str]
) -> None:
    """Add a channel, or give a known one a new key."""
    await db.execute(
        """
        INSERT INTO channel (id, kind, name, key_hash, scopes) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, name = excluded.name,
            key_hash = excluded.key_hash, scopes = excluded.scopes, revoked_at = NULL,
            old_key_hash = NULL, old_key_until = NULL
        """,
        id, kind, name, key_hash, list(scopes),
    )  # fmt: skip


async def serials(db: Connection, count: int) -> list[int]:
    """The next serials for demand numbers."""
    rows = await db.fetch("SELECT nextval('demand_number') AS n FROM generate_series(1, $1)", count)
    return [row["n"] for row in rows]


async def share_references(db: Connection, channel: str) -> None:
    """Keep the channel's references from becoming sightings while they are submitted."""
    await db.execute("SELECT pg_advisory_xact_lock_shared(hashtextextended('reference:' || $1, 0))", channel)


_SUBMISSIONS: Final = """
    INSERT INTO submission (id, channel, idempotency_key, external_id, fingerprint, number, submitted_at, programme)
    SELECT id, channel, idempotency_key, external_id, fingerprint, number, submitted_at, programme
    FROM unnest($1::submission_row[]) WITH ORDINALITY AS wanted
        (id, channel, idempotency_key, external_id, fingerprint, number, submitted_at, programme, place)
"""


def put(writes: Writes, wanted: Sequence[Submission], known: Exception) -> None:
    """Write submissions without references; writing raises `known` when one of them was written before."""
    writes.add(_SUBMISSIONS, _ordered(wanted))
    writes.clash("submission_channel_idempotency_key_key", known)


async def claim(db: Connection, wanted: Sequence[Submission]) -> set[UUID]:
    """Write the submissions that are new and say which, of twins the first in order; waits for one being written."""
    rows = await db.fetch(
        f"""
        {_SUBMISSIONS}
        WHERE NOT EXISTS (
            SELECT FROM sighting WHERE (channel, external_id) = (wanted.channel, wanted.external_id)
        )
        ORDER BY place
        ON CONFLICT DO NOTHING RETURNING id
        """,
        _ordered(wanted),
    )
    return {row["id"] for row in rows}


async def known(db: Connection, wanted: Sequence[Submission]) -> dict[UUID, Submission]:
    """For each submission that is not new, the one that was first: same key, same reference, or sighted under it."""
    rows = await db.fetch(
        """
        SELECT DISTINCT ON (asked.id) asked.id AS asked, first.*
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS asked (id, channel, key, external_id)
        LEFT JOIN sighting USING (channel, external_id)
        JOIN submission AS first ON first.id = sighting.demand_id
            OR first.channel = asked.channel AND first.idempotency_key = asked.key
            OR first.channel = asked.channel AND first.external_id = asked.external_id
        ORDER BY asked.id, (first.channel, first.idempotency_key) = (asked.channel, asked.key) DESC
        """,
        *_columns([(s.id, s.channel, s.idempotency_key, s.external_id) for s in wanted]),
    )
    return {
        row["asked"]: Submission(
            row["id"], row["channel"], row["idempotency_key"], row["external_id"],
            row["fingerprint"], row["number"], row["submitted_at"], row["programme"],
        )
        for row in rows
    }  # fmt: skip


class Told(NamedTuple):
    """A fact that intake told: its wire type, its JSON, when it happened."""

    type: str
    payload: str
    at: datetime


async def imported(db: Connection, ids: Sequence[UUID]) -> dict[UUID, list[Told]]:
    """Of each imported demand, its submission and what continued its history, in the order of telling."""
    rows = await db.fetch(
        """
        SELECT aggregateid, type, payload, time FROM journal
        WHERE aggregateid = ANY($1::uuid[]) AND type = ANY($2::text[]) ORDER BY position
        """,
        list(ids),
        [DemandSubmitted.wire_type(), HistoryContinued.wire_type()],
    )
    found: dict[UUID, list[Told]] = {}
    for row in rows:
        found.setdefault(row["aggregateid"], []).append(Told(row["type"], row["payload"], row["time"]))
    return found


async def fingerprints(db: Connection, ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """The content of each submission as its fingerprint; empty after an erasure."""
    rows = await db.fetch("SELECT id, fingerprint FROM submission WHERE id = ANY($1::uuid[])", list(ids))
    return {row["id"]: row["fingerprint"] or b"" for row in rows}


async def put_fingerprints(db: Connection, fingerprints: Mapping[UUID, bytes]) -> None:
    """The content of a record from now on, by its demand."""
    if fingerprints:
        await db.execute(
            """
            UPDATE submission SET fingerprint = moved.fingerprint
            FROM unnest($1::uuid[], $2::bytea[]) AS moved (id, fingerprint) WHERE submission.id = moved.id
            """,
            list(fingerprints),
            list(fingerprints.values()),
        )


async def withdraw(db: Connection, ids: Sequence[UUID]) -> None:
    """Take claims back that this transaction made."""
    if ids:
        await db.execute("DELETE FROM submission WHERE id = ANY($1)", list(ids))


async def demand_by_id(db: Connection, id: UUID) -> Demand | None:
    """The demand as far as intake has heard."""
    state = await db.fetchval("SELECT state::text FROM demand WHERE id = $1", id)
    return Demand.model_validate_json(state) if state else None


async def demand_by_number(db: Connection, number: str) -> Demand | None:
    """The demand with this number as far as intake has heard."""
    state = await db.fetchval(
        "SELECT demand.state::text FROM submission JOIN demand USING (id) WHERE submission.number = $1",
        number,
    )
    return Demand.model_validate_json(state) if state else None


def _ordered(wanted: Sequence[Submission]) -> list[Submission]:
    # In one order, so that two requests with the same keys cannot block each other.
    return sorted(wanted, key=lambda s: (s.channel, s.idempotency_key))


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]
