"""The queue of intents in a service's database: its queries until an intent is handed to a gateway."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self
from uuid import UUID

import asyncpg
import orjson

from shared.chassis.database.lease import Lease
from shared.chassis.database.pool import Connection
from shared.chassis.work.intents import Intent, IntentState


class Waits(StrEnum):
    """Why a pending intent is not sent although its turn had come; services add further reasons.

    `earlier`: an earlier intent for the same recipient is not finished. `gateway`: the gateway's circuit is open, or it
    has no room. `retry`: the gateway did not take it last time.
    """

    EARLIER = "earlier"
    HOURLY_LIMIT = "hourly-limit"
    GATEWAY = "gateway"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Queued:
    """An intent whose turn has come: the first of its line.

    `position` is its place in the queue. `attempts` counts how often it was given to a gateway, `failures` how often
    the gateway did not take it or its recipient was not known. `mark` is the mark of its recipient, if known.
    `held_back`: the hourly limit delayed it. `followed`: a later intent of its line waits.
    """

    intent: Intent
    position: int
    attempts: int
    failures: int
    mark: bytes | None
    held_back: bool
    followed: bool
    gathers: bytes | None = None
    """The mark of its recipient, if it has waited in order to be merged with others for the same recipient."""

    @property
    def turn(self) -> tuple[bool, int]:
        """The sort key of due intents: mass messages go after the others."""
        return self.intent.is_mass, self.position

    @property
    def may_be_overtaken(self) -> bool:
        """Whether it may end unsent, because a later intent of its line covers it."""
        return self.held_back and self.followed and not self.intent.is_digest

    def with_body(self, body: Mapping[str, Any] | None) -> Self:
        """The same with another body; unchanged for None."""
        return replace(self, intent=replace(self.intent, body=body)) if body else self


@dataclass(frozen=True, slots=True)
class Obstacles:
    """What may keep an intent from being sent: an earlier intent for the same recipient that is not finished, the
    hourly limit (until `limited`), and another intent that has told the recipient the same fact."""

    earlier: bool
    limited: datetime | None
    already_informed: bool


@dataclass(frozen=True, slots=True)
class Hold:
    """An intent with a known recipient that must wait: the reason, its gateway, and until when."""

    id: UUID
    mark: bytes
    waits: Waits
    via: str
    until: datetime | None = None


OVERTAKEN: Final = "held back by the hourly limit, then included in a later message of the same line"
INTENT: Final = "id, kind, key, about, line, body::text, traceparent"


def intent_of(row: asyncpg.Record) -> Intent:
    """The intent from a row with the columns `INTENT`."""
    body = orjson.loads(row["body"])
    return Intent(row["id"], row["kind"], row["key"], row["about"], row["line"], body, None, row["traceparent"])


async def obstacles(
    db: Connection, marked: Sequence[tuple[Queued, bytes]], per_hour: Sequence[int]
) -> Mapping[UUID, Obstacles]:
    """The obstacles of each intent, by its id. `marked` holds the intents with their recipients' marks, `per_hour` the
    hourly limit of each."""
    rows = await db.fetch(
        """
        SELECT asked.id,
            EXISTS (SELECT FROM intent AS earlier WHERE earlier.recipient = asked.mark
                AND earlier.position < asked.position AND earlier.state IN ('pending', 'sending')) AS earlier,
            (SELECT at + interval '1 hour' FROM intent_reached
                WHERE recipient = asked.mark AND at > now() - interval '1 hour'
                ORDER BY at DESC OFFSET asked.per_hour - 1 LIMIT 1) AS limited,
            EXISTS (SELECT FROM intent_reached AS reached JOIN intent AS twin ON twin.id = reached.intent_id
                WHERE reached.recipient = asked.mark AND twin.about = asked.about AND twin.id <> asked.id) AS told
        FROM unnest($1::uuid[], $2::bytea[], $3::bigint[], $4::integer[], $5::uuid[])
            AS asked (id, mark, position, per_hour, about)
        """,
        [queued.intent.id for queued, _ in marked],
        [mark for _, mark in marked],
        [queued.position for queued, _ in marked],
        list(per_hour),
        [queued.intent.about for queued, _ in marked],
    )
    return {row["id"]: Obstacles(row["earlier"], row["limited"], row["told"]) for row in rows}


async def begin_sending(
    db: Connection, lease: Lease, chosen: Sequence[tuple[Queued, bytes, str]]
) -> Mapping[UUID, int]:
    """Mark intents as being sent: from now on they may have gone out. `chosen` holds each with the mark of its
    recipient and its gateway.

    Returns the number of the attempt by the id of each intent; empty if another process holds the lease.
    """
    rows = await db.fetch(
        """
        WITH begun AS (
            UPDATE intent SET state = 'sending', claimed_at = now(), attempts = attempts + 1, waits = NULL,
                recipient = chosen.mark, via = chosen.via
            FROM unnest($3::uuid[], $4::bytea[], $5::text[]) AS chosen (id, mark, via)
            WHERE intent.id = chosen.id AND state = 'pending'
                AND EXISTS (SELECT FROM lease WHERE (name, epoch) = ($1, $2) AND expires_at > clock_timestamp())
            RETURNING intent.id, attempts, recipient
        ), counted AS (
            INSERT INTO intent_reached (intent_id, recipient) SELECT id, recipient FROM begun
            ON CONFLICT (intent_id) DO UPDATE SET recipient = excluded.recipient, at = excluded.at
        )
        SELECT id, attempts FROM begun
        """,
        lease.name,
        lease.epoch,
        [queued.intent.id for queued, _, _ in chosen],
        [mark for _, mark, _ in chosen],
        [via for _, _, via in chosen],
    )
    return {row["id"]: row["attempts"] for row in rows}


async def hold(db: Connection, holds: Sequence[Hold]) -> None:
    """Store why intents wait. Intents that wait behind one which the hourly limit delays wait until the same time."""
    await db.execute(
        """
        UPDATE intent SET due_at = coalesce(held.until, due_at), waits = held.waits, recipient = held.mark,
            via = coalesce(nullif(held.via, ''), intent.via)
        FROM unnest($1::uuid[], $2::bytea[], $3::text[], $4::text[], $5::timestamptz[])
            AS held (id, mark, waits, via, until)
        WHERE intent.id = held.id AND state = 'pending'
        """,
        *map(list, zip(*((h.id, h.mark, h.waits, h.via, h.until) for h in holds), strict=True)),
    )
    if limited := {hold.mark: hold.until for hold in holds if hold.waits is Waits.HOURLY_LIMIT}:
        await db.execute(
            """
            UPDATE intent SET due_at = held.until, waits = 'hourly-limit'
            FROM unnest($1::bytea[], $2::timestamptz[]) AS held (mark, until)
            WHERE recipient = held.mark AND state = 'pending' AND waits = 'earlier'
            """,
            list(limited),
            list(limited.values()),
        )


async def merge_overtaken(db: Connection, kind: str, lines: Iterable[str]) -> int:
    """End all pending intents of these lines except the last of each, which covers them; returns how many."""
    result = await db.execute(
        """
        UPDATE intent SET state = $3, cause = $4, finished_at = now(), waits = NULL, recipient = NULL
        WHERE kind = $1 AND line = ANY($2) AND state = 'pending' AND position < (
            SELECT max(last.position) FROM intent AS last
            WHERE (last.kind, last.line) = (intent.kind, intent.line) AND last.state = 'pending'
        )
        """,
        kind,
        list(lines),
        IntentState.MERGED,
        OVERTAKEN,
    )
    return int(result.split()[-1])
