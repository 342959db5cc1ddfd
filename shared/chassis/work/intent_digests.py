"""Several intents to one recipient become one: the first of those that were gathered says what all of them say."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import orjson

from shared.chassis.database.pool import Connection
from shared.chassis.work.intent_queue import INTENT, Queued, intent_of
from shared.chassis.work.intents import Digest, Intent, IntentKind, State

TOGETHER: Final = "told in one message with others"


async def gathered(db: Connection, kind: IntentKind[Any], heads: Sequence[Queued]) -> tuple[list[Queued], int]:
    """The heads of lines, those that were gathered for one recipient as one; returns how many others ended with it.

    What waits in the lines of those that were gathered is told with them.
    """
    first: dict[bytes, Queued] = {}
    for queued in heads:
        if queued.gathers:
            first.setdefault(queued.gathers, queued)
    if not first:
        return list(heads), 0
    async with db.transaction():
        waiting = await _waiting(db, kind.name, list(first))
        digests = {mark: _digest(kind, first[mark], others) for mark, others in waiting.items()}
        chosen = [(first[mark].intent.id, digest) for mark, digest in digests.items() if digest]
        ended = await _join(db, chosen)
    bodies = {id: digest.body for id, digest in chosen}
    rest = [queued for queued in heads if queued.intent.id not in ended]
    return [_saying(queued, bodies.get(queued.intent.id)) for queued in rest], len(ended)


async def _waiting(db: Connection, kind: str, marks: Sequence[bytes]) -> Mapping[bytes, list[Intent]]:
    """By mark, in order: what was gathered, and what waits behind it in the same lines."""
    rows = await db.fetch(
        f"""
        WITH own AS (
            SELECT DISTINCT line, gathers AS mark FROM intent
            WHERE kind = $1 AND state = 'pending' AND gathers = ANY($2)
        )
        SELECT {INTENT}, mark FROM intent JOIN own USING (line) WHERE kind = $1 AND state = 'pending'
        ORDER BY position FOR UPDATE OF intent
        """,  # noqa: S608 (a constant)
        kind,
        list(marks),
    )
    waiting: dict[bytes, list[Intent]] = {}
    for row in rows:
        waiting.setdefault(row["mark"], []).append(intent_of(row))
    return waiting


def _digest(kind: IntentKind[Any], first: Queued, waiting: Sequence[Intent]) -> Digest | None:
    """The one that is sent stands first, whichever was written first."""
    others = [intent for intent in waiting if intent.id != first.intent.id]
    return kind.digest([first.intent, *others]) if others else None


async def _join(db: Connection, chosen: Sequence[tuple[UUID, Digest]]) -> set[UUID]:
    """Give the first of each its body, and end the others; returns those that ended."""
    if not chosen:
        return set()
    await db.execute(
        """
        UPDATE intent SET body = one.body::jsonb, gathers = NULL
        FROM unnest($1::uuid[], $2::text[]) AS one (id, body) WHERE intent.id = one.id
        """,
        [id for id, _ in chosen],
        [orjson.dumps(digest.body, default=str).decode() for _, digest in chosen],
    )
    others = [other for id, digest in chosen for other in digest.told if other != id]
    await db.execute(
        """
        UPDATE intent SET state = $2, cause = $3, finished_at = now(), waits = NULL, recipient = NULL, gathers = NULL
        WHERE id = ANY($1)
        """,
        others,
        State.MERGED,
        TOGETHER,
    )
    return set(others)


def _saying(queued: Queued, body: Mapping[str, Any] | None) -> Queued:
    return replace(queued, intent=replace(queued.intent, body=body)) if body else queued
