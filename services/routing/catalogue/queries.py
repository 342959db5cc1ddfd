"""The questions about versions of the catalogue to routing's database, one function each."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg

from services.routing.catalogue.domain import NOTICE, Action, Progress, Publication
from shared.chassis.database.pool import Connection
from shared.identity.person import Person

_VERSION: Final = (
    "version, content, origin, note, made_by, made_at, findings::text AS findings, rehearsal::text AS rehearsal"
)


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version as it is kept; `findings` and `rehearsal` as they were answered last, None before."""

    version: str
    content: str
    origin: str
    note: str
    made_by: str
    made_at: datetime
    findings: list[dict[str, Any]] | None
    rehearsal: dict[str, Any] | None

    @property
    def progress(self) -> Progress:
        """How far it has come."""
        sound = self.findings is not None and all(finding["severity"] != "error" for finding in self.findings)
        return Progress(self.origin, sound, self.rehearsal["base"] if self.rehearsal else None)


@dataclass(frozen=True, slots=True)
class StoredAction:
    """Who did what with a version."""

    version: str
    action: Action
    unit: str
    name: str
    at: datetime
    reason: str
    in_force_from: datetime | None


async def lock(db: Connection, jurisdiction: str) -> None:
    """Let nobody else change this jurisdiction's catalogue until the transaction ends."""
    await db.execute("SELECT pg_advisory_xact_lock(hashtextextended('catalogue ' || $1, 0))", jurisdiction)


async def put(db: Connection, jurisdiction: str, stored: tuple[str, str, str, str, str]) -> bool:
    """Keep a version: its name, content, origin, note and maker; whether it is new."""
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
    """Keep what a check found (JSON)."""
    await db.execute(
        "UPDATE catalogue_version SET findings = $3::text::jsonb WHERE (jurisdiction, version) = ($1, $2)",
        jurisdiction,
        version,
        findings,
    )


async def put_rehearsal(db: Connection, jurisdiction: str, version: str, rehearsal: str) -> None:
    """Keep what a rehearsal found (JSON)."""
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
    """Keep who did what."""
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
    """Publish a version at a moment, instead of whatever was still to come."""
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
    """Cancel what comes into force after a moment; returns these versions."""
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


async def publications(db: Connection, jurisdiction: str) -> list[Publication]:
    """Every publication that was not cancelled, in the order in which they were told."""
    rows = await db.fetch(
        """
        SELECT position, version, in_force_from, is_rollback FROM catalogue_publication
        WHERE jurisdiction = $1 AND cancelled_at IS NULL ORDER BY position
        """,
        jurisdiction,
    )
    return [Publication(row["position"], row["version"], row["in_force_from"], row["is_rollback"]) for row in rows]


async def mark(db: Connection) -> tuple[int, datetime | None]:
    """What changes whenever a publication is told or cancelled."""
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
    """One version."""
    row = await db.fetchrow(
        f"SELECT {_VERSION} FROM catalogue_version WHERE (jurisdiction, version) = ($1, $2)",  # noqa: S608 (a constant)
        jurisdiction,
        version,
    )
    return _stored(row) if row else None


async def actions(db: Connection, jurisdiction: str, version: str | None, limit: int) -> list[StoredAction]:
    """The latest first, of one version or of all."""
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
