"""The questions about the queue of intents to a service's database: from pending to outcome, one function each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import asyncpg
import orjson

from shared.chassis.database.lease import Lease
from shared.chassis.database.pool import Connection
from shared.chassis.work.intents import Intent, State


class Waits(StrEnum):
    """Why a pending intent is not sent yet, though its turn had come; a service has further reasons."""

    EARLIER = "earlier"
    HOURLY_LIMIT = "hourly-limit"


@dataclass(frozen=True, slots=True)
class Queued:
    """An intent whose turn has come.

    `position` orders all of them. `attempts` counts how often it was put off or given to the gateway. `held_back`: by
    the hourly limit. `followed`: a later one of the same line waits behind it.
    """

    intent: Intent
    position: int
    attempts: int
    mark: bytes | None
    held_back: bool
    followed: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What keeps an intent from its recipient now: earlier ones until then, the limit until then, a twin."""

    earlier: datetime | None
    limited: datetime | None
    told_already: bool


DIED: Final = "unknown: the sender ended between sending and record"
_INTENT: Final = "id, kind, key, about, line, body::text"


async def next_intents(db: Connection, kind: str, limit: int) -> list[Queued]:
    """Intents whose turn has come, oldest first; no later one of a line while an earlier one waits or is sent."""
    rows = await db.fetch(
        f"""
        SELECT {_INTENT}, position, attempts, recipient, waits = 'hourly-limit' AS held_back, EXISTS (
            SELECT FROM intent later WHERE (later.kind, later.line) = (i.kind, i.line)
            AND later.position > i.position AND later.state = 'pending'
        ) AS followed
        FROM intent i
        WHERE kind = $1 AND state = 'pending' AND due_at <= now() AND NOT EXISTS (
            SELECT FROM intent earlier WHERE (earlier.kind, earlier.line) = (i.kind, i.line)
            AND earlier.position < i.position AND earlier.state IN ('pending', 'sending')
            AND (earlier.state = 'sending' OR earlier.due_at > now())
        )
        ORDER BY position LIMIT $2
        """,  # noqa: S608 (a constant)
        kind,
        limit,
    )
    return [_queued(row) for row in rows]


def _queued(row: asyncpg.Record) -> Queued:
    return Queued(
        intent=_intent(row),
        position=row["position"],
        attempts=row["attempts"],
        mark=row["recipient"],
        held_back=bool(row["held_back"]),
        followed=row["followed"],
    )


def _intent(row: asyncpg.Record) -> Intent:
    return Intent(row["id"], row["kind"], row["key"], row["about"], row["line"], orjson.loads(row["body"]))


async def standing(db: Connection, queued: Queued, mark: bytes, per_hour: int) -> Standing:
    """What is known about the recipient that an intent is for."""
    row = await db.fetchrow(
        """
        SELECT
            (SELECT max(greatest(due_at, now() + interval '1 second')) FROM intent
                WHERE recipient = $1 AND position < $2 AND state IN ('pending', 'sending')) AS earlier,
            (SELECT at + interval '1 hour' FROM intent_reached
                WHERE recipient = $1 AND at > now() - interval '1 hour'
                ORDER BY at DESC OFFSET $3 - 1 LIMIT 1) AS limited,
            EXISTS (SELECT FROM intent_reached AS reached JOIN intent twin ON twin.id = reached.intent_id
                WHERE reached.recipient = $1 AND twin.about = $4 AND twin.id <> $5) AS told_already
        """,
        mark,
        queued.position,
        per_hour,
        queued.intent.about,
        queued.intent.id,
    )
    assert row, "an aggregate without FROM has one row"
    return Standing(row["earlier"], row["limited"], row["told_already"])


async def hold(db: Connection, queued: Queued, mark: bytes, until: datetime, waits: Waits) -> None:
    """Hold an intent back, whose recipient is known by its mark."""
    await db.execute(
        "UPDATE intent SET due_at = $2, waits = $3, recipient = $4 WHERE id = $1 AND state = 'pending'",
        queued.intent.id,
        until,
        waits,
        mark,
    )


async def put_off(db: Connection, queued: Queued, seconds: float, waits: str, cause: str) -> None:
    """Let an intent wait, since nobody can say whom it is for."""
    await db.execute(
        """
        UPDATE intent SET due_at = now() + make_interval(secs => $2), waits = $3, cause = $4, attempts = attempts + 1
        WHERE id = $1 AND state = 'pending'
        """,
        queued.intent.id,
        seconds,
        waits,
        cause,
    )


async def begin_sending(db: Connection, queued: Queued, lease: Lease, mark: bytes) -> int | None:
    """From now on the intent may have gone out; returns which attempt it is, None when it is not ours to send."""
    attempt: int | None = await db.fetchval(
        """
        WITH begun AS (
            UPDATE intent SET state = 'sending', claimed_at = now(), attempts = attempts + 1, recipient = $4
            WHERE id = $1 AND state = 'pending'
                AND EXISTS (SELECT FROM lease WHERE (name, epoch) = ($2, $3) AND expires_at > clock_timestamp())
            RETURNING id, attempts
        ), counted AS (
            INSERT INTO intent_reached (intent_id, recipient) SELECT id, $4 FROM begun
            ON CONFLICT (intent_id) DO UPDATE SET recipient = excluded.recipient, at = excluded.at
        )
        SELECT attempts FROM begun
        """,
        queued.intent.id,
        lease.name,
        lease.epoch,
        mark,
    )
    return attempt


async def give_back(db: Connection, queued: Queued, attempt: int, cause: str) -> None:
    """The gateway takes nothing now, and this one certainly did not go out: it is the next again."""
    await db.execute(
        """
        WITH back AS (
            UPDATE intent SET state = 'pending', cause = $3, due_at = now()
            WHERE id = $1 AND attempts = $2 AND state = 'sending' RETURNING id
        )
        DELETE FROM intent_reached USING back WHERE intent_id = back.id
        """,
        queued.intent.id,
        attempt,
        cause,
    )


async def finish(db: Connection, intent: Intent, attempt: int, state: State, cause: str | None) -> bool:
    """Record what became of an intent at this attempt; False when it is no longer ours."""
    done = await db.execute(
        """
        UPDATE intent SET state = $3, cause = $4, finished_at = now(), waits = NULL, recipient = NULL
        WHERE id = $1 AND attempts = $2 AND state IN ('pending', 'sending', 'unknown')
        """,
        intent.id,
        attempt,
        state,
        cause,
    )
    return bool(done == "UPDATE 1")


async def abandon(db: Connection, kind: str, older_than_seconds: float, limit: int) -> list[Intent]:
    """Intents whose sender died between sending and record: nobody can know, so they are never sent blindly again."""
    rows = await db.fetch(
        f"""
        UPDATE intent SET state = 'unknown', cause = $4, finished_at = now(), recipient = NULL
        WHERE id IN (
            SELECT id FROM intent
            WHERE kind = $1 AND state = 'sending' AND claimed_at < now() - make_interval(secs => $2)
            ORDER BY claimed_at LIMIT $3 FOR UPDATE SKIP LOCKED
        )
        RETURNING {_INTENT}
        """,  # noqa: S608 (a constant)
        kind,
        older_than_seconds,
        limit,
        DIED,
    )
    return [_intent(row) for row in rows]


async def backlog(db: Connection, kind: str) -> tuple[Sequence[tuple[str, int]], float]:
    """How many intents wait, by why, and the age of the oldest in seconds."""
    rows = await db.fetch(
        """
        SELECT coalesce(waits, 'turn') AS why, count(*) AS intents, extract(epoch FROM now() - min(created_at)) AS age
        FROM intent WHERE kind = $1 AND state = 'pending' GROUP BY 1
        """,
        kind,
    )
    return [(row["why"], row["intents"]) for row in rows], max((float(row["age"]) for row in rows), default=0.0)
