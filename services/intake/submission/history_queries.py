"""The questions about recorded history to intake's database, one function each."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.chassis.database.pool import Connection
from shared.contracts.demand.facts import DemandSubmitted, HistoryContinued


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
    facts: dict[UUID, list[Told]] = {}
    for row in rows:
        facts.setdefault(row["aggregateid"], []).append(Told(row["type"], row["payload"], row["time"]))
    return facts


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
