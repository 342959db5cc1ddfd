"""Intake's SQL about similar demands, one function for each statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from services.intake.similar.rarity import UNKNOWN, Rarity, Search
from services.intake.similar.scoring import Candidate
from shared.chassis.database.pool import Connection
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand.facts import DemandSubmitted, Location
from shared.contracts.demand.state import OWED, Demand

_MOST: Final = 1000
_LATEST: Final = 60


def note(writes: WriteBatch, due: Sequence[Candidate]) -> None:
    """Insert submitted demands that are not indexed yet."""
    if due:
        rows = [
            (c.id, c.raised_at, " ".join(c.within), " ".join(c.bigrams),
             c.location and c.location.lat, c.location and c.location.lon)
            for c in due
        ]  # fmt: skip
        writes.add("INSERT INTO likeness_due SELECT * FROM unnest($1::likeness_due_row[])", rows)


async def index(db: Connection, most: int) -> int:
    """Index demands that are due, and lock their state until that is done; returns how many there were."""
    # FOR SHARE and LIMIT keep the planner from joining: a plan made on empty tables would read them whole (ADR 21).
    indexed: int = await db.fetchval(
        """
        WITH due AS (
            DELETE FROM likeness_due
            WHERE ctid = ANY(ARRAY(SELECT ctid FROM likeness_due LIMIT $1 FOR UPDATE SKIP LOCKED)) RETURNING *
        ), found AS (
            INSERT INTO likeness (id, open, raised_at, division, within, bigrams, lat, lon)
            SELECT id, status = ANY($2), raised_at, split_part(within, ' ', 1), string_to_array(within, ' '),
                string_to_array(bigrams, ' '), lat, lon
            FROM due,
                LATERAL (SELECT state ->> 'status' AS status FROM demand WHERE demand.id = due.id FOR SHARE) AS known
            ON CONFLICT (id) DO NOTHING
        )
        SELECT count(*) FROM due
        """,
        most,
        list(OWED),
    )
    return indexed


async def settle(db: Connection) -> None:
    """Empty the pending list of the index, because a search reads it from end to end."""
    await db.execute("SELECT gin_clean_pending_list('likeness_bigrams')")


def set_open(writes: WriteBatch, turned: Sequence[tuple[UUID, bool]]) -> None:
    """Open or close these demands in the index."""
    if turned:
        writes.add(
            "UPDATE likeness SET open = turned.open FROM unnest($1::uuid[], $2::bool[]) AS turned (id, open)"
            " WHERE likeness.id = turned.id",
            [id for id, _ in turned], [is_open for _, is_open in turned],
        )  # fmt: skip


async def candidates(db: Connection, search: Search, scope: str, division: str) -> list[Candidate]:
    """The open demands within `scope` that a search finds, and the latest ones of the division whatever they say: if a
    text has only common words, place and day tell demands apart."""
    both = [*map(list, search.both_of), *[None] * 6][:6]
    rows = await db.fetch(
        """
        WITH worded AS MATERIALIZED (
            SELECT * FROM likeness
            WHERE open AND within @> ARRAY[$2::text]
                AND (bigrams && $1::text[] OR bigrams @> $6::text[] OR bigrams @> $7::text[] OR bigrams @> $8::text[]
                    OR bigrams @> $9::text[] OR bigrams @> $10::text[] OR bigrams @> $11::text[])
            ORDER BY raised_at DESC LIMIT $4
        ), latest AS MATERIALIZED (
            SELECT * FROM likeness WHERE open AND division = $3 ORDER BY raised_at DESC LIMIT $5
        )
        SELECT id, array_to_string(bigrams, ' ') AS bigrams, array_to_string(within, ' ') AS within, lat, lon, raised_at
        FROM (SELECT * FROM worded UNION ALL SELECT * FROM latest WHERE id NOT IN (SELECT id FROM worded)) AS found
        """,
        list(search.any_of), scope, division, _MOST, _LATEST, *both,
    )  # fmt: skip
    return [_candidate(row) for row in rows]


async def latest_there(db: Connection, division: str, since: datetime) -> list[Candidate]:
    """The latest open demands of this division itself, whatever they say."""
    rows = await db.fetch(
        """
        SELECT id, array_to_string(bigrams, ' ') AS bigrams, array_to_string(within, ' ') AS within, lat, lon, raised_at
        FROM likeness WHERE open AND division = $1 AND raised_at > $2 ORDER BY raised_at DESC LIMIT $3
        """,
        division,
        since,
        _LATEST,
    )
    return [_candidate(row) for row in rows]


async def submitted(db: Connection, id: UUID) -> tuple[DemandSubmitted, datetime]:
    """The submission of a demand, and when it was."""
    row = await db.fetchrow("SELECT payload, time FROM journal WHERE aggregateid = $1 AND sequence = 1", id)
    assert row, "a demand that intake knows was submitted here"
    return DemandSubmitted.model_validate_json(row["payload"]), row["time"]


async def rarity(db: Connection) -> Rarity:
    """The statistics of ANALYZE about the table, so that no counter is needed for which submissions would wait."""
    rows = await db.fetch(
        """
        SELECT attname, reltuples, most_common_elems::text::text[] AS pieces, most_common_elem_freqs AS shares,
            most_common_vals::text::text[] AS values, most_common_freqs AS value_shares
        FROM pg_stats JOIN pg_class ON oid = 'likeness'::regclass
        WHERE schemaname = current_schema() AND tablename = 'likeness'
        """
    )
    columns = {row["attname"]: row for row in rows}
    if not columns:
        return UNKNOWN
    is_open = dict(zip(columns["open"]["values"] or (), columns["open"]["value_shares"] or (), strict=True))
    open_rows = columns["open"]["reltuples"] * is_open.get("t", 0.0)
    return Rarity(open_rows, _shares(columns["bigrams"]))


async def demands(db: Connection, ids: Sequence[UUID]) -> dict[UUID, Demand]:
    """The states of these demands."""
    rows = await db.fetch("SELECT state::text AS state FROM demand WHERE id = ANY($1::uuid[])", ids)
    demands = (Demand.model_validate_json(row["state"]) for row in rows)
    return {demand.id: demand for demand in demands}


def _candidate(row: asyncpg.Record) -> Candidate:
    # One text that is split in Python costs a quarter of an array that the driver decodes element by element.
    return Candidate(row["id"], row["bigrams"].split(" "), row["within"].split(" "), _location(row), row["raised_at"])


def _shares(row: asyncpg.Record) -> dict[str, float]:
    """The frequencies of elements. The last two values are the least and the greatest one, and have no element."""
    return dict(zip(row["pieces"] or (), row["shares"] or (), strict=False))


def _location(row: asyncpg.Record) -> Location | None:
    return None if row["lat"] is None else Location(lat=row["lat"], lon=row["lon"])
