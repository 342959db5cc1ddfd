"""Intake's SQL about recorded history, one function for each statement."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.chassis.database.pool import Connection
from shared.contracts.demand.facts import DemandSubmitted, HistoryContinued


class StoredFact(NamedTuple):
    """A fact in intake's journal: its wire type, its JSON, and when it happened."""

    type: str
    payload: str
    at: datetime


async def imported(db: Connection, ids: Sequence[UUID]) -> dict[UUID, list[StoredFact]]:
    """By the id of each imported demand, its `demand.submitted` and `demand.history-continued`, the earliest first."""
    rows = await db.fetch(
        """
        SELECT aggregateid, type, payload, time FROM journal
        WHERE aggregateid = ANY($1::uuid[]) AND type = ANY($2::text[]) ORDER BY position
        """,
        list(ids),
        [DemandSubmitted.wire_type(), HistoryContinued.wire_type()],
    )
    facts: dict[UUID, list[StoredFact]] = {}
    for row in rows:
        facts.setdefault(row["aggregateid"], []).append(StoredFact(row["type"], row["payload"], row["time"]))
    return facts


async def put_fingerprints(db: Connection, fingerprints: Mapping[UUID, bytes]) -> None:
    """Replace the fingerprints of submissions, by the ids of their demands."""
    if fingerprints:
        await db.execute(
            """
            UPDATE submission SET fingerprint = moved.fingerprint
            FROM unnest($1::uuid[], $2::bytea[]) AS moved (id, fingerprint) WHERE submission.id = moved.id
            """,
            list(fingerprints),
            list(fingerprints.values()),
        )
