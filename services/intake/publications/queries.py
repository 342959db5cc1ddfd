"""Intake's SQL about publications: written by the projection, and read by the ids of demands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg

from shared.chassis.database.pool import Connection
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand.facts import UnpublishedFor
from shared.jurisdiction.publication import Release
from shared.jurisdiction.release import declines

MOST: Final = 50
"""So many editions of a demand are shown, the latest."""


@dataclass(frozen=True, slots=True)
class Published:
    """The state of a demand's publication. `released_at` is when it was first released, whether it is public now or
    not."""

    release: Release | None = None
    withheld: bool = False
    """Whether the citizen refused, or the publication was taken back."""
    released_at: datetime | None = None
    changed_at: datetime | None = None
    ground: UnpublishedFor | None = None
    reopenings: int = 0
    """How often the demand was reopened by now."""
    resolved_at: datetime | None = None
    allowed: bool = False
    """Whether the citizen agreed after the submission and did not refuse later."""


NOTHING: Final = Published()


class Edition(NamedTuple):
    """One release, correction or withdrawal, without its texts."""

    edition: int
    at: datetime
    correction: str | None
    ground: UnpublishedFor | None


def put(writes: WriteBatch, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert or update the publications of demands; the highest edition wins, in whatever order editions are read. A
    refusal counts until it is taken back. If the demand is not public, its texts are removed."""
    newest = ", ".join(f"{name} = {_NEWEST.format(name=name)}" for name in ("edition", "reopenings", "changed_at"))
    writes.add(
        f"""
        INSERT INTO publication AS known (
            demand_id, edition, title, text, answer, reopenings, pieces, released_at, changed_at, ground, is_refused,
            refusals, allowed
        )
        SELECT demand_id, edition, title, text, answer, reopenings,
            coalesce(string_to_array(nullif(pieces, ''), ' '), '{{}}'),
            released_at, changed_at, ground, is_refused, refusals, allowed
        FROM unnest($1::publication_stand_row[])
        ON CONFLICT (demand_id) DO UPDATE SET
            {newest},
            title = CASE WHEN {_REFUSED} THEN NULL ELSE {_NEWEST.format(name="title")} END,
            text = CASE WHEN {_REFUSED} THEN '' ELSE {_NEWEST.format(name="text")} END,
            answer = CASE WHEN {_REFUSED} THEN '' ELSE {_NEWEST.format(name="answer")} END,
            pieces = CASE WHEN {_REFUSED} THEN '{{}}' ELSE {_NEWEST.format(name="pieces")} END,
            ground = {_NEWEST.format(name="ground")},
            released_at = least(known.released_at, excluded.released_at),
            is_refused = {_REFUSED},
            refusals = {_REFUSALS},
            allowed = {_ALLOWED}
        """,  # noqa: S608 (names of this module)
        rows,
    )
    # After the row of the list, because another projection may insert it in the same batch, or update it right after.
    writes.after.after.add(
        """
        UPDATE demand_listing AS listed
        SET released_at = CASE WHEN known.title IS NULL THEN NULL ELSE known.released_at END
        FROM publication AS known WHERE known.demand_id = listed.id AND listed.id = ANY($1::uuid[])
        """,
        [row[0] for row in rows],
    )


_NEWEST: Final = "CASE WHEN excluded.edition > known.edition THEN excluded.{name} ELSE known.{name} END"
# An earlier version stores a refusal without a count.
_REFUSALS: Final = "greatest(known.refusals, known.is_refused::integer) + excluded.refusals"
_ALLOWED: Final = "greatest(known.allowed, excluded.allowed)"
_REFUSED: Final = f"({_REFUSALS} > coalesce({_ALLOWED}, 0))"


def put_editions(writes: WriteBatch, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert the editions of demands, without texts."""
    if rows:
        writes.add(
            """
            INSERT INTO publication_edition SELECT * FROM unnest($1::publication_edition_row[])
            ON CONFLICT DO NOTHING
            """,
            rows,
        )


async def published(db: Connection, ids: Sequence[UUID]) -> Mapping[UUID, Published]:
    """The state of these demands' publications, whether they have rows or not."""
    rows = await db.fetch(
        """
        SELECT demand.id AS demand_id, edition, title, text, answer, reopenings, released_at, changed_at, ground,
            is_refused, allowed,
            coalesce((state ->> 'reopenings')::int, 0) AS reopened,
            (state ->> 'resolved_at')::timestamptz AS resolved_at, (state ->> 'may_publish')::boolean AS may_publish
        FROM demand LEFT JOIN publication ON demand_id = demand.id WHERE demand.id = ANY($1::uuid[])
        """,
        list(ids),
    )
    return {row["demand_id"]: _published(row) for row in rows}


async def of_demand(db: Connection, id: UUID) -> Published:
    """The state of one demand's publication."""
    return (await published(db, [id])).get(id, NOTHING)


async def refusals(db: Connection, id: UUID) -> int:
    """How often the citizen refused publication."""
    sql = "SELECT greatest(refusals, is_refused::integer) FROM publication WHERE demand_id = $1"
    return await db.fetchval(sql, id) or 0


async def is_public(db: Connection, id: UUID) -> bool:
    """Whether texts of the demand are public now."""
    sql = "SELECT EXISTS (SELECT FROM publication WHERE demand_id = $1 AND title IS NOT NULL)"
    return bool(await db.fetchval(sql, id))


async def editions(db: Connection, id: UUID) -> list[Edition]:
    """The editions of a demand, the latest first."""
    rows = await db.fetch(
        "SELECT edition, at, correction, ground FROM publication_edition"
        " WHERE demand_id = $1 ORDER BY edition DESC LIMIT $2",
        id,
        MOST,
    )
    return [Edition(row["edition"], row["at"], row["correction"], _ground(row["ground"])) for row in rows]


def _published(row: asyncpg.Record) -> Published:
    release = None
    if row["title"] is not None:
        release = Release(row["edition"], row["title"], row["text"], row["answer"], row["reopenings"])
    is_refused = bool(row["is_refused"])
    allowed = row["allowed"] is not None and not is_refused
    return Published(
        release,
        row["ground"] is not None or declines(row["may_publish"], is_refused, allowed),
        row["released_at"],
        row["changed_at"],
        UnpublishedFor.CITIZEN if is_refused else _ground(row["ground"]),
        row["reopened"],
        row["resolved_at"],
        allowed,
    )


def _ground(value: str | None) -> UnpublishedFor | None:
    return UnpublishedFor(value) if value else None


async def stands(db: Connection, demands: Sequence[UUID]) -> Mapping[UUID, tuple[int, int | None]]:
    """For each of these demands that intake has: how often its citizen refused publication, and how many refusals the
    last agreement took back (None if there was none)."""
    rows = await db.fetch(
        """
        SELECT demand.id, coalesce(greatest(refusals, is_refused::integer), 0) AS refusals, allowed
        FROM demand LEFT JOIN publication ON demand_id = demand.id WHERE demand.id = ANY($1)
        """,
        demands,
    )
    return {row["id"]: (row["refusals"], row["allowed"]) for row in rows}
