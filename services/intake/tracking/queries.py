"""The story's questions to intake's database, one function each."""

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
"""Voices and steps of one demand that are shown, the latest."""


class Told(NamedTuple):
    """What was said to the citizen: `said` is a JSON object."""

    type: str
    unit: str | None
    said: str
    at: datetime


class Spoken(NamedTuple):
    """A note that the citizen told; `payload` is a JSON object."""

    id: UUID
    type: str
    payload: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Story:
    """What was said about one demand, both ways, the earliest first; `attachments` came with the submission."""

    text: str
    attachments: Sequence[str]
    told: Sequence[Told]
    spoken: Sequence[Spoken]
    supports: int


async def told(db: Connection, demand: UUID) -> list[Told]:
    """What was said to the citizen, the earliest first."""
    rows = await db.fetch(
        "SELECT type, unit, said, at FROM demand_told WHERE demand_id = $1 ORDER BY sequence DESC LIMIT $2",
        demand,
        MOST,
    )
    return [Told(*row) for row in reversed(rows)]


async def spoken(db: Connection, demand: UUID) -> list[Spoken]:
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
    return [Spoken(*row) for row in reversed(rows)]


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
    """What a channel's reference already stands for."""

    demand: UUID
    number: str
    submitted: bool


async def channel_of(db: Connection, demand: UUID) -> str | None:
    """The channel that took a demand in."""
    channel: str | None = await db.fetchval("SELECT channel FROM submission WHERE id = $1", demand)
    return channel


async def has_sighted(db: Connection, channel: str, demand: UUID) -> bool:
    """Whether this channel says that a demand reached it too."""
    exists: bool = await db.fetchval(
        "SELECT EXISTS (SELECT FROM sighting WHERE demand_id = $2 AND channel = $1)", channel, demand
    )
    return exists


async def demands_of(db: Connection, channel: str, before: UUID | None, limit: int) -> list[tuple[Demand, bool]]:
    """What a channel took in or saw again, newest first, from before a demand on; with whether it took it in."""
    rows = await db.fetch(LISTED, channel, before or _LAST, limit)
    return [(Demand.model_validate_json(row["state"]), row["own"]) for row in rows]


async def changed_demands(
    db: Connection, channel: str, after: tuple[datetime, UUID], limit: int
) -> list[tuple[datetime, Demand, bool]]:
    """What a channel took in or saw again, in the order in which it last changed, from behind a moment and an id on;
    with when that was, and whether it took it in. A report (举报) is told to the channel that took it in alone."""
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
    """One more wrong code; counting starts anew when the last count began before `since`."""
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
    """How many wrong codes there were in the count that is running."""
    failures = await db.fetchval("SELECT failures FROM wrong_code WHERE demand_id = $1 AND since >= $2", demand, since)
    return int(failures or 0)


async def reference(db: Connection, channel: str, external_id: str) -> Reference | None:
    """What this reference of the channel stands for."""
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
