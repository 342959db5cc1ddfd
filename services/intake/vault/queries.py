"""The vault's SQL, one function for each statement."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from shared.chassis.database.pool import Connection
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand.state import Demand


class BoxKind(StrEnum):
    """The kinds of data in a box."""

    CONTACT = "contact"
    WORDING = "wording"
    VOICE = "voice"


class Box(NamedTuple):
    """Sealed data."""

    id: UUID
    holds: BoxKind
    sealed: bytes


class StoredData(NamedTuple):
    """What the vault stores about one demand; without `wrapped` its key was destroyed."""

    demand_id: UUID
    key_id: UUID
    wrapped: bytes | None
    boxes: tuple[Box, ...] = ()
    destroyed_at: datetime | None = None


def insert_box(writes: WriteBatch, stored_data: Sequence[StoredData], master: str) -> None:
    """Insert sealed data with its keys."""
    if stored_data:
        keys = [(one.key_id, one.demand_id, one.wrapped) for one in stored_data]
        boxes = [(box.id, one.demand_id, box.holds, box.sealed) for one in stored_data for box in one.boxes]
        writes.add(
            """
            INSERT INTO vault_key (id, demand_id, wrapped, master)
            SELECT *, $2::text FROM unnest($1::vault_key_row[])
            """,
            keys,
            master,
        )
        writes.add(
            """
            INSERT INTO vault (id, demand_id, holds, sealed)
            SELECT * FROM unnest($1::vault_row[])
            """,
            boxes,
        )


async def key_for_more(db: Connection, demand_id: UUID, fresh: bytes, master: str) -> tuple[UUID, bytes | None]:
    """The demand's wrapped key and its id, locked against erasure; if the demand has none, `fresh` is inserted."""
    await db.execute(
        "INSERT INTO vault_key (id, demand_id, wrapped, master) VALUES ($1, $1, $2, $3) ON CONFLICT DO NOTHING",
        demand_id,
        fresh,
        master,
    )
    ((id, wrapped),) = await db.fetch("SELECT id, wrapped FROM vault_key WHERE demand_id = $1 FOR SHARE", demand_id)
    return id, wrapped


async def keep_box(db: Connection, demand_id: UUID, box: Box) -> None:
    """Insert one more box."""
    await db.execute(
        "INSERT INTO vault (id, demand_id, holds, sealed) VALUES ($1, $2, $3, $4)",
        box.id,
        demand_id,
        box.holds,
        box.sealed,
    )


async def of_demand(db: Connection, demand_id: UUID, only: BoxKind | None = None) -> StoredData | None:
    """The sealed data of a demand, or one kind of it; None if it has no personal data."""
    key = await db.fetchrow("SELECT id, wrapped, destroyed_at FROM vault_key WHERE demand_id = $1 FOR SHARE", demand_id)
    if key is None:
        return None
    rows = await db.fetch(
        "SELECT id, holds, sealed FROM vault WHERE demand_id = $1 AND ($2::text IS NULL OR holds = $2) ORDER BY holds",
        demand_id,
        only,
    )
    boxes = tuple(Box(row["id"], BoxKind(row["holds"]), row["sealed"]) for row in rows)
    return StoredData(demand_id, key["id"], key["wrapped"], boxes, key["destroyed_at"])


async def of_demands(db: Connection, demand_ids: Sequence[UUID]) -> dict[UUID, StoredData]:
    """The sealed data of these demands, by their ids; the transaction must hold the demands. Demands without personal
    data are left out."""
    keys = await db.fetch(
        "SELECT demand_id, id, wrapped, destroyed_at FROM vault_key WHERE demand_id = ANY($1)", demand_ids
    )
    boxes: dict[UUID, list[Box]] = {}
    for row in await db.fetch("SELECT demand_id, id, holds, sealed FROM vault WHERE demand_id = ANY($1)", demand_ids):
        boxes.setdefault(row["demand_id"], []).append(Box(row["id"], BoxKind(row["holds"]), row["sealed"]))
    return {
        row["demand_id"]: StoredData(
            row["demand_id"], row["id"], row["wrapped"], tuple(boxes.get(row["demand_id"], ())), row["destroyed_at"]
        )
        for row in keys
    }


async def put_correspondents(db: Connection, correspondents: Sequence[tuple[bytes, UUID]], at: datetime) -> None:
    """Store who was sent a message about which demand: the keyed hash of the person, and the id of the demand."""
    if correspondents:
        # Each once, because a statement cannot update a row twice; in one order, so that two statements cannot
        # deadlock.
        persons, demand_ids = zip(*sorted(set(correspondents)), strict=True)
        await db.execute(
            """
            INSERT INTO correspondent (person, demand_id, told_at)
            SELECT person, demand_id, $3 FROM unnest($1::bytea[], $2::uuid[]) AS told (person, demand_id)
            ON CONFLICT (person, demand_id) DO UPDATE SET told_at = greatest(correspondent.told_at, excluded.told_at)
            """,
            persons,
            demand_ids,
            at,
        )


async def demands_with_messages(
    db: Connection, persons: Sequence[bytes], limit: int, besides: UUID | None = None
) -> list[Demand]:
    """The latest demands about which one of these was sent a message, but for `besides`."""
    rows = await db.fetch(
        """
        SELECT demand.state::text FROM (
            SELECT DISTINCT demand_id FROM correspondent
            WHERE person = ANY($1::bytea[]) AND demand_id IS DISTINCT FROM $2::uuid
        ) AS spoken_of JOIN demand ON demand.id = spoken_of.demand_id
        ORDER BY demand.id DESC LIMIT $3
        """,
        list(persons),
        besides,
        limit,
    )
    return [Demand.model_validate_json(row["state"]) for row in rows]


async def lock_key(db: Connection, demand_id: UUID) -> None:
    """Lock the demand's key until the transaction ends, so that nobody can refer to it meanwhile."""
    await db.execute("SELECT FROM demand WHERE id = $1 FOR UPDATE", demand_id)


async def is_erased(db: Connection, demand_id: UUID) -> bool:
    """Whether the key of the demand was destroyed."""
    return bool(
        await db.fetchval("SELECT true FROM vault_key WHERE demand_id = $1 AND destroyed_at IS NOT NULL", demand_id)
    )


async def destroy(db: Connection, demand_id: UUID, at: datetime, by: str, why: str) -> datetime:
    """Destroy the key and the boxes of a demand and the records of who spoke of it, once; returns when that was
    done."""
    await db.execute("DELETE FROM vault WHERE demand_id = $1", demand_id)
    await db.execute("DELETE FROM conversation WHERE demand_id = $1", demand_id)
    await db.execute("DELETE FROM correspondent WHERE demand_id = $1", demand_id)
    await db.execute("DELETE FROM supporter WHERE demand_id = $1", demand_id)
    await db.execute("UPDATE submission SET fingerprint = '' WHERE id = $1", demand_id)
    done: datetime = await db.fetchval(
        """
        INSERT INTO vault_key AS known (id, demand_id, destroyed_at, destroyed_by, destroyed_why)
        VALUES ($1, $1, $2, $3, $4)
        ON CONFLICT (demand_id) DO UPDATE SET wrapped = NULL,
            destroyed_at = coalesce(known.destroyed_at, excluded.destroyed_at),
            destroyed_by = coalesce(known.destroyed_by, excluded.destroyed_by),
            destroyed_why = coalesce(known.destroyed_why, excluded.destroyed_why)
        RETURNING destroyed_at
        """,
        demand_id,
        at,
        by,
        why,
    )
    return done


async def lock_wrapped_otherwise(db: Connection, master: str, after: UUID, limit: int) -> list[tuple[UUID, bytes]]:
    """Keys that another master key wraps, in the order of their ids, locked until the transaction ends."""
    rows = await db.fetch(
        """
        SELECT id, wrapped FROM vault_key
        WHERE wrapped IS NOT NULL AND master <> $1 AND id > $2 ORDER BY id LIMIT $3 FOR UPDATE
        """,
        master,
        after,
        limit,
    )
    return [(row["id"], row["wrapped"]) for row in rows]


async def rewrap(db: Connection, keys: Sequence[tuple[UUID, bytes]], master: str) -> None:
    """Replace wrapped keys."""
    await db.executemany(
        "UPDATE vault_key SET wrapped = $2, master = $3 WHERE id = $1", [(id, wrapped, master) for id, wrapped in keys]
    )
