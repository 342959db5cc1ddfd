"""Intake's SQL about following demands: what was said, references, lists and wrong codes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import orjson

from shared.chassis.database.pool import Connection
from shared.contracts.demand.facts import (
    DemandSubmitted,
    DemandSupplemented,
    DemandSupported,
    DemandUrged,
    WithdrawalRequested,
)
from shared.contracts.demand.state import Demand

MOST: Final = 500
"""So many steps, and so many notes of the citizen, are shown of one demand: the latest ones."""


class CitizenStep(NamedTuple):
    """One thing that the citizen was told about the demand: `payload` is a JSON object."""

    type: str
    unit: str | None
    payload: str
    at: datetime


class CitizenNote(NamedTuple):
    """One note of the citizen; `payload` is a JSON object."""

    id: UUID
    type: str
    payload: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DemandDetails:
    """Everything that the citizen was told (`steps`) and said (`notes`) about one demand, the earliest first.
    `attachments` came with the submission."""

    text: str
    attachments: Sequence[str]
    steps: Sequence[CitizenStep]
    notes: Sequence[CitizenNote]
    supports: int


async def steps(db: Connection, demand: UUID) -> list[CitizenStep]:
    """What the citizen was told, the earliest first."""
    rows = await db.fetch(
        "SELECT type, unit, said, at FROM demand_told WHERE demand_id = $1 ORDER BY sequence DESC LIMIT $2",
        demand,
        MOST,
    )
    return [CitizenStep(*row) for row in reversed(rows)]


async def citizen_notes(db: Connection, demand: UUID) -> list[CitizenNote]:
    """What the citizen said after the submission, the earliest first."""
    rows = await db.fetch(
        """
        SELECT id, type, payload, time FROM journal
        WHERE aggregateid = $1 AND sequence IS NULL AND type = ANY($2::text[]) ORDER BY position DESC LIMIT $3
        """,
        demand,
        [kind.wire_type() for kind in (DemandSupplemented, DemandUrged, WithdrawalRequested)],
        MOST,
    )
    return [CitizenNote(*row) for row in reversed(rows)]


async def submitted_attachments(db: Connection, demand: UUID) -> list[str]:
    """References of the files that came with the submission."""
    payload: str | None = await db.fetchval(
        "SELECT payload FROM journal WHERE aggregateid = $1 AND sequence = 1 AND type = $2",
        demand,
        DemandSubmitted.wire_type(),
    )
    return list(orjson.loads(payload).get("attachments", ())) if payload else []


async def supports(db: Connection, demand: UUID) -> int:
    """How many others said that they have the same demand."""
    count: int = await db.fetchval(
        "SELECT count(*) FROM journal WHERE aggregateid = $1 AND sequence IS NULL AND type = $2",
        demand,
        DemandSupported.wire_type(),
    )
    return count


async def words(db: Connection, demand: UUID) -> str:
    """The masked text of a demand."""
    text: str | None = await db.fetchval("SELECT text FROM demand_listing WHERE id = $1", demand)
    return text or ""


_LAST: Final = UUID(int=2**128 - 1)


LISTED: Final = """
    SELECT demand.state::text, raised.channel = $1 AS own FROM (
        (SELECT id FROM submission WHERE channel = $1 AND id < $2 ORDER BY id DESC LIMIT $3)
        UNION
        (SELECT DISTINCT demand_id FROM sighting WHERE channel = $1 AND demand_id < $2
            ORDER BY demand_id DESC LIMIT $3)
        ORDER BY id DESC LIMIT $3
    ) AS theirs JOIN demand USING (id) JOIN submission AS raised USING (id) ORDER BY id DESC
"""


@dataclass(frozen=True, slots=True)
class Reference:
    """The demand that a channel's reference stands for. `submitted` is false if the channel only reported a
    sighting."""

    demand: UUID
    number: str
    submitted: bool


async def channel_of(db: Connection, demand: UUID) -> str | None:
    """The channel that took a demand in."""
    channel: str | None = await db.fetchval("SELECT channel FROM submission WHERE id = $1", demand)
    return channel


async def has_sighted(db: Connection, channel: str, demand: UUID) -> bool:
    """Whether this channel reported a sighting of the demand."""
    exists: bool = await db.fetchval(
        "SELECT EXISTS (SELECT FROM sighting WHERE demand_id = $2 AND channel = $1)", channel, demand
    )
    return exists


async def demands_of(db: Connection, channel: str, before: UUID | None, limit: int) -> list[tuple[Demand, bool]]:
    """The demands that a channel took in or reported a sighting of, newest first, each with whether the channel took it
    in. Only demands with an id before `before`, if that is given."""
    rows = await db.fetch(LISTED, channel, before or _LAST, limit)
    return [(Demand.model_validate_json(row["state"]), row["own"]) for row in rows]


async def changed_demands(
    db: Connection, channel: str, after: tuple[datetime, UUID], limit: int
) -> list[tuple[datetime, Demand, bool]]:
    """The demands that a channel took in or reported a sighting of, in the order of their last changes, beginning after
    a moment and an id. Each has the moment of its last change, and whether the channel took it in. A report (举报) is
    shown only to the channel that took it in."""
    rows = await db.fetch(
        """
        SELECT changed_at, state::text, own FROM (
            (SELECT demand_id, changed_at, true AS own FROM demand_change
            WHERE channel = $1 AND (changed_at, demand_id) > ($2, $3) ORDER BY changed_at, demand_id LIMIT $4)
            UNION ALL
            (SELECT change.demand_id, changed_at, false FROM demand_change AS change
            JOIN demand_listing AS listed ON listed.id = change.demand_id AND listed.kind <> 'report'
            WHERE change.demand_id = ANY(ARRAY(SELECT demand_id FROM sighting WHERE channel = $1))
                AND change.channel IS DISTINCT FROM $1 AND (changed_at, change.demand_id) > ($2, $3)
            ORDER BY changed_at, change.demand_id LIMIT $4)
        ) AS theirs JOIN demand ON demand.id = demand_id ORDER BY changed_at, demand_id LIMIT $4
        """,
        channel, *after, limit,
    )  # fmt: skip
    return [(row["changed_at"], Demand.model_validate_json(row["state"]), row["own"]) for row in rows]


async def count_wrong_code(db: Connection, demand: UUID, at: datetime, since: datetime) -> None:
    """Count a wrong code for a demand. If the current count began before `since`, a new count begins."""
    await db.execute(
        """
        INSERT INTO wrong_code AS known (demand_id, failures, since) VALUES ($1, 1, $2)
        ON CONFLICT (demand_id) DO UPDATE SET
            failures = CASE WHEN known.since < $3 THEN 1 ELSE known.failures + 1 END,
            since = CASE WHEN known.since < $3 THEN $2 ELSE known.since END
        """,
        demand,
        at,
        since,
    )


async def wrong_codes(db: Connection, demand: UUID, since: datetime) -> int:
    """How many wrong codes were counted for a demand; 0 if the count began before `since`."""
    failures = await db.fetchval("SELECT failures FROM wrong_code WHERE demand_id = $1 AND since >= $2", demand, since)
    return int(failures or 0)


async def reference(db: Connection, channel: str, external_id: str) -> Reference | None:
    """The demand that this reference of the channel stands for; None if it is not known."""
    row = await db.fetchrow(
        """
        SELECT id, number, true FROM submission WHERE channel = $1 AND external_id = $2
        UNION ALL
        SELECT id, number, false FROM sighting JOIN submission ON submission.id = demand_id
        WHERE sighting.channel = $1 AND sighting.external_id = $2
        """,
        channel,
        external_id,
    )
    return Reference(*row) if row else None
