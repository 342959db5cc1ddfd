"""Routing's SQL about versions of the catalogue, one function for each statement."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg

from services.routing.catalogue.domain import NOTICE, Action, CataloguePublication, DraftProgress
from shared.chassis.database.pool import Connection
from shared.identity.person import Person

_VERSION: Final = (
    "version, content, origin, note, made_by, made_at, findings::text AS findings, rehearsal::text AS rehearsal"
)


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A stored version; `findings` and `rehearsal` are the last results, None if there are none yet."""

    version: str
    content: str
    origin: str
    note: str
    made_by: str
    made_at: datetime
    findings: list[dict[str, Any]] | None
    rehearsal: dict[str, Any] | None

    @property
    def progress(self) -> DraftProgress:
        """The progress of the version towards its publication."""
        sound = self.findings is not None and all(finding["severity"] != "error" for finding in self.findings)
        return DraftProgress(self.origin, sound, self.rehearsal["base"] if self.rehearsal else None)


@dataclass(frozen=True, slots=True)
class StoredAction:
    """An action of a person on a version."""

    version: str
    action: Action
    unit: str
    name: str
    at: datetime
    reason: str
    in_force_from: datetime | None


async def lock(db: Connection, jurisdiction: str) -> None:
    """Lock this jurisdiction's catalogue against other changes until the transaction ends."""
    await db.execute("SELECT pg_advisory_xact_lock(hashtextextended('catalogue ' || $1, 0))", jurisdiction)


async def put(db: Connection, jurisdiction: str, stored: tuple[str, str, str, str, str]) -> bool:
    """Insert a version; returns whether it is new."""
    return bool(
        await db.fetchval(
            """
            INSERT INTO catalogue_version (jurisdiction, version, content, origin, note, made_by)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING true
            """,
            jurisdiction,
            *stored,
        )
    )


async def put_findings(db: Connection, jurisdiction: str, version: str, findings: str) -> None:
    """Store the findings of a check (JSON)."""
    await db.execute(
        "UPDATE catalogue_version SET findings = $3::text::jsonb WHERE (jurisdiction, version) = ($1, $2)",
        jurisdiction,
        version,
        findings,
    )


async def put_rehearsal(db: Connection, jurisdiction: str, version: str, rehearsal: str) -> None:
    """Store the result of a rehearsal (JSON)."""
    await db.execute(
        "UPDATE catalogue_version SET rehearsal = $3::text::jsonb WHERE (jurisdiction, version) = ($1, $2)",
        jurisdiction,
        version,
        rehearsal,
    )


async def put_action(
    db: Connection,
    jurisdiction: str,
    version: str,
    action: Action,
    by: Person,
    at: datetime,
    reason: str = "",
    in_force_from: datetime | None = None,
) -> None:
    """Insert an action."""
    await db.execute(
        """
        INSERT INTO catalogue_action (jurisdiction, version, action, unit, name, at, reason, in_force_from)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        jurisdiction, version, action.value, by.unit, by.name, at, reason, in_force_from,
    )  # fmt: skip


async def put_publication(
    db: Connection, jurisdiction: str, version: str, in_force_from: datetime, is_rollback: bool, at: datetime
) -> None:
    """Insert a publication, and cancel those that are not yet in force."""
    await cancel(db, jurisdiction, at + NOTICE, at)
    await db.execute(
        """
        INSERT INTO catalogue_publication (jurisdiction, version, in_force_from, is_rollback) VALUES ($1, $2, $3, $4)
        """,
        jurisdiction,
        version,
        in_force_from,
        is_rollback,
    )


async def cancel(db: Connection, jurisdiction: str, after: datetime, at: datetime) -> list[str]:
    """Cancel the publications that come into force after a moment; returns their versions."""
    rows = await db.fetch(
        """
        UPDATE catalogue_publication SET cancelled_at = $3
        WHERE jurisdiction = $1 AND in_force_from > $2 AND cancelled_at IS NULL RETURNING version
        """,
        jurisdiction,
        after,
        at,
    )
    return [row["version"] for row in rows]


async def publications(db: Connection, jurisdiction: str) -> list[CataloguePublication]:
    """The publications that were not cancelled, in the order in which they were written."""
    rows = await db.fetch(
        """
        SELECT position, version, in_force_from, is_rollback FROM catalogue_publication
        WHERE jurisdiction = $1 AND cancelled_at IS NULL ORDER BY position
        """,
        jurisdiction,
    )
    return [
        CataloguePublication(row["position"], row["version"], row["in_force_from"], row["is_rollback"]) for row in rows
    ]


async def mark(db: Connection) -> tuple[int, datetime | None]:
    """A value that changes with every publication and every cancellation."""
    row = await db.fetchrow("SELECT coalesce(max(position), 0), max(cancelled_at) FROM catalogue_publication")
    return (row[0], row[1]) if row else (0, None)


async def versions(db: Connection, jurisdiction: str, limit: int) -> list[StoredVersion]:
    """The newest versions."""
    rows = await db.fetch(
        f"SELECT {_VERSION} FROM catalogue_version WHERE jurisdiction = $1 ORDER BY made_at DESC, version LIMIT $2",  # noqa: S608 (a constant)
        jurisdiction,
        limit,
    )
    return [_stored(row) for row in rows]


async def version(db: Connection, jurisdiction: str, version: str) -> StoredVersion | None:
    """One version; None if there is none."""
    row = await db.fetchrow(
        f"SELECT {_VERSION} FROM catalogue_version WHERE (jurisdiction, version) = ($1, $2)",  # noqa: S608 (a constant)
        jurisdiction,
        version,
    )
    return _stored(row) if row else None


async def actions(db: Connection, jurisdiction: str, version: str | None, limit: int) -> list[StoredAction]:
    """The actions on one version, or on all, the latest first."""
    rows = await db.fetch(
        """
        SELECT version, action, unit, name, at, reason, in_force_from FROM catalogue_action
        WHERE jurisdiction = $1 AND ($2::text IS NULL OR version = $2) ORDER BY position DESC LIMIT $3
        """,
        jurisdiction,
        version,
        limit,
    )
    return [StoredAction(**dict(row) | {"action": Action(row["action"])}) for row in rows]


def _stored(row: asyncpg.Record) -> StoredVersion:
    cells = dict(row)
    for name in ("findings", "rehearsal"):
        cells[name] = json.loads(cells[name]) if cells[name] else None
    return StoredVersion(**cells)
