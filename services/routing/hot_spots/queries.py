"""Routing's SQL about common demands, one function for each statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson

from services.routing.hot_spots.domain import HotSpot, Raised
from shared.chassis.database.pool import Connection
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand.facts import DemandMerged
from shared.contracts.demand.lifecycle import TRANSITIONS
from shared.contracts.demand.state import Demand

MERGEABLE: Final = TRANSITIONS[DemandMerged].after
"""The statuses in which a demand can be merged into another."""


@dataclass(frozen=True, slots=True)
class StoredHotSpot:
    """Stored common demands; `position` is the cursor of the list."""

    id: UUID
    position: int
    division: str
    category: str | None
    phrases: list[str]
    size: int
    first_at: datetime
    last_at: datetime
    found_at: datetime


@dataclass(frozen=True, slots=True)
class StoredRaised:
    """A compared demand, its hot spot, and the size at which that was last announced."""

    id: UUID
    number: str
    division: str
    category: str | None
    raised_at: datetime
    words: str
    hot_spot: UUID | None
    announced: int


def note_due(writes: WriteBatch, ids: Sequence[UUID]) -> None:
    """Insert demands that are to be compared with others."""
    writes.add("INSERT INTO hot_spot_due SELECT unnest($1::uuid[])", list(ids))


async def take(db: Connection, most: int) -> list[tuple[Demand, str]]:
    """Take (and delete) demands that are due, with the texts of their citizens, the oldest first."""
    rows = await db.fetch(
        """
        WITH due AS (
            DELETE FROM hot_spot_due
            WHERE ctid = ANY(ARRAY(SELECT ctid FROM hot_spot_due LIMIT $1 FOR UPDATE SKIP LOCKED)) RETURNING demand_id
        )
        SELECT state::text, coalesce(text, '') AS text
        FROM due JOIN demand ON demand.id = due.demand_id LEFT JOIN wording ON wording.demand_id = demand.id
        """,
        most,
    )
    rows_read = [(Demand.model_validate_json(row["state"]), row["text"]) for row in rows]
    return sorted(rows_read, key=lambda demand_and_text: (str(demand_and_text[0].submitted_at), demand_and_text[0].id))


async def recent_demands(db: Connection, jurisdiction: str, since: datetime) -> list[StoredRaised]:
    """The demands that were compared since a moment, and all demands of their hot spots; the oldest first."""
    rows = await db.fetch(
        """
        SELECT demand_id AS id, number, kept.division, kept.category, raised_at, words, hot_spot,
            coalesce(told, 0) AS announced
        FROM hot_spot_demand AS kept LEFT JOIN hot_spot ON hot_spot.id = kept.hot_spot
        WHERE kept.jurisdiction = $1 AND (raised_at >= $2 OR hot_spot IN (
            SELECT hot_spot FROM hot_spot_demand WHERE raised_at >= $2 AND hot_spot IS NOT NULL
        ))
        ORDER BY raised_at, demand_id
        """,
        jurisdiction,
        since,
    )
    return [StoredRaised(**dict(row)) for row in rows]


async def put_hot_spots(db: Connection, jurisdiction: str, spots: Sequence[HotSpot], at: datetime) -> None:
    """Insert or update hot spots."""
    rows = [
        {
            "id": str(spot.id), "division": spot.division, "category": spot.category, "phrases": spot.phrases,
            "size": len(spot.demands), "first_at": spot.first_at.isoformat(),
            "last_at": spot.last_at.isoformat(), "told": spot.announced,
        }
        for spot in spots
    ]  # fmt: skip
    await db.execute(
        """
        INSERT INTO hot_spot (id, jurisdiction, division, category, phrases, size, first_at, last_at, found_at, told)
        SELECT id, $1, division, category, phrases, size, first_at, last_at, $3, told
        FROM jsonb_to_recordset($2::text::jsonb) AS new (
            id uuid, division text, category text, phrases text[], size integer, first_at timestamptz,
            last_at timestamptz, told integer
        )
        ON CONFLICT (id) DO UPDATE SET
            division = excluded.division, category = excluded.category, phrases = excluded.phrases,
            size = excluded.size, first_at = excluded.first_at, last_at = excluded.last_at, told = excluded.told
        """,
        jurisdiction,
        orjson.dumps(rows).decode(),
        at,
    )


async def put_raised(db: Connection, jurisdiction: str, compared: Sequence[tuple[Raised, str, UUID | None]]) -> None:
    """Insert compared demands with their hot spots; for a demand that is stored already, update its hot spot."""
    await db.executemany(
        """
        INSERT INTO hot_spot_demand (demand_id, jurisdiction, number, division, category, raised_at, words, hot_spot)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (demand_id) DO UPDATE SET hot_spot = excluded.hot_spot
        """,
        [
            (
                demand.id, jurisdiction, demand.number, demand.within[0],
                demand.subject[0] if demand.subject else None, demand.at, words, spot,
            )
            for demand, words, spot in compared
        ],
    )  # fmt: skip


async def join(db: Connection, members: Sequence[tuple[UUID, UUID]]) -> None:
    """Assign earlier demands to hot spots."""
    await db.execute(
        """
        UPDATE hot_spot_demand SET hot_spot = joined.hot_spot
        FROM unnest($1::uuid[], $2::uuid[]) AS joined (demand_id, hot_spot)
        WHERE hot_spot_demand.demand_id = joined.demand_id
        """,
        [demand for demand, _ in members],
        [spot for _, spot in members],
    )


async def hot_spots(db: Connection, jurisdiction: str, before: int | None, limit: int) -> list[StoredHotSpot]:
    """The hot spots of a jurisdiction, the latest first."""
    rows = await db.fetch(
        """
        SELECT id, position, division, category, phrases, size, first_at, last_at, found_at FROM hot_spot
        WHERE jurisdiction = $1 AND ($2::bigint IS NULL OR position < $2) ORDER BY position DESC LIMIT $3
        """,
        jurisdiction,
        before,
        limit,
    )
    return [StoredHotSpot(**dict(row)) for row in rows]


async def hot_spot(db: Connection, jurisdiction: str, id: UUID) -> StoredHotSpot | None:
    """One hot spot of a jurisdiction; None if there is none."""
    row = await db.fetchrow(
        """
        SELECT id, position, division, category, phrases, size, first_at, last_at, found_at FROM hot_spot
        WHERE (jurisdiction, id) = ($1, $2)
        """,
        jurisdiction,
        id,
    )
    return StoredHotSpot(**dict(row)) if row else None


async def open_count(db: Connection, jurisdiction: str, latest: int) -> int:
    """How many of the latest hot spots have at least two demands that still wait for an answer and are not merged."""
    count: int = await db.fetchval(
        """
        SELECT count(*) FROM (
            SELECT id FROM hot_spot WHERE jurisdiction = $1 ORDER BY position DESC LIMIT $2
        ) AS spot WHERE EXISTS (
            SELECT FROM hot_spot_demand AS member JOIN demand ON demand.id = member.demand_id
            WHERE member.hot_spot = spot.id AND status = ANY($3::text[]) OFFSET 1
        )
        """,
        jurisdiction,
        latest,
        sorted(MERGEABLE),
    )
    return count


async def demands(db: Connection, spots: Sequence[UUID], most: int) -> dict[UUID, list[Demand]]:
    """The demands of each hot spot, the oldest first, at most `most` of each."""
    rows = await db.fetch(
        """
        SELECT hot_spot, state::text FROM unnest($1::uuid[]) AS asked (id), LATERAL (
            SELECT hot_spot, demand_id, raised_at FROM hot_spot_demand WHERE hot_spot = asked.id
            ORDER BY raised_at, demand_id LIMIT $2
        ) AS member JOIN demand ON demand.id = demand_id ORDER BY raised_at, demand_id
        """,
        list(spots),
        most,
    )
    demands_of: dict[UUID, list[Demand]] = {spot: [] for spot in spots}
    for row in rows:
        demands_of[row["hot_spot"]].append(Demand.model_validate_json(row["state"]))
    return demands_of
